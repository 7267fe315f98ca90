"""The gateway's keys on disk: one folder, one JSON file a kind, each key for one purpose alone.

The folder is 0700 and the files 0400. `create` makes a whole ring, `load` believes nothing of what it finds, `rotate`
adds a key and makes it the current one; the older keys stay for what they signed or wrapped. While a gateway serves it
is done in two steps, `add` and `promote`, so that every process knows a key before the first one uses it.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.errors import SettingsError

RotatingKind = Literal["tokens", "receipts", "keks", "log", "lookup"]
_ROTATING: tuple[RotatingKind, ...] = ("tokens", "receipts", "keks", "log", "lookup")
_SINGLE = ("derived",)
_ELSEWHERE = "log-elsewhere"
"""The file that says that the log's keys are another process's."""
_VERSION = 1
_OLD_TOKEN_KEYS = 1
"""How many former keys for access tokens stay trusted; tokens live five minutes, so one is plenty."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """ES256 keys by kid, as private JWKs. `current` signs, the others are kept to verify by."""

    current: str
    private: Mapping[str, Mapping[str, str]] = field(repr=False)

    def public_jwks(self) -> dict[str, object]:
        """Return the public halves as a JWK Set."""
        public = [{name: row[name] for name in ("kty", "crv", "x", "y")} for row in self.private.values()]
        return {
            "keys": [
                {**row, "kid": kid, "use": "sig", "alg": "ES256"} for kid, row in zip(self.private, public, strict=True)
            ]
        }


@dataclass(frozen=True, slots=True)
class WrappingKeys:
    """AES-256 keys that wrap data keys, by id. `current` wraps, the others still unwrap."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key, for a list: which, how old, whether it is the one in use. No secret."""

    kind: str
    id: str
    created: str
    current: bool


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key of a gateway. It prints without secrets.

    `code_key` is for one-time codes, `etag_key` for the ETags of projected bytes, `pairwise_key` for ids that
    differ by recipient, `owner_key` hides whose data keys are, `safe_key` seals what is kept on the second volume,
    `session_key` takes part in sealing the sessions of people: all six are derived from one secret. `log_seeds` are
    the Ed25519 seeds that checkpoints are signed with, the current one first; `log_former` signed once and sign no
    more; both are empty where the log's key was given to another process. Identifiers are found by the first of
    `lookup_keys` and stored under all. `name` is another one for every other ring: which keys there are, and which of
    them are in use.
    """

    name: str
    demo: bool
    tokens: SigningKeys
    receipts: SigningKeys
    keks: WrappingKeys
    log_seeds: tuple[bytes, ...] = field(repr=False)
    log_former: tuple[bytes, ...] = field(repr=False)
    lookup_keys: tuple[bytes, ...] = field(repr=False)
    code_key: bytes = field(repr=False)
    etag_key: bytes = field(repr=False)
    pairwise_key: bytes = field(repr=False)
    owner_key: bytes = field(repr=False)
    safe_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)

    @classmethod
    def create(cls, folder: Path, *, demo: bool, at: datetime) -> KeyRing:
        """Make new keys in *folder*, which must be missing or empty, and return them."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SettingsError("The folder for keys is not empty; new keys are made in a new folder.")
        folder.chmod(0o700)
        for kind in (*_ROTATING, *_SINGLE):
            key = _new_key(kind, at)
            _write(folder, kind, {"v": _VERSION, "demo": demo, "current": key["id"], "keys": [key]})
        return cls.load(folder, demo=demo)

    @classmethod
    def load(cls, folder: Path, *, demo: bool) -> KeyRing:
        """Return the keys in *folder*; raises SettingsError. *demo* tells whether this start may use a demo's keys."""
        files = {kind: _read(folder, kind) for kind in _kinds(folder)}
        marks = {file.demo for file in files.values()}
        if len(marks) != 1:
            raise SettingsError("Some keys are a demo's and some are not; they cannot serve together.")
        is_demo = marks.pop()
        if is_demo and not demo:
            raise SettingsError(
                "These keys were made for a demo and must not protect real data; make keys of your own."
            )
        derived = DerivedKeys(files["derived"].secret())
        ring = cls(
            name=_name_of(files.values()),
            demo=is_demo,
            tokens=files["tokens"].signing(),
            receipts=files["receipts"].signing(),
            keks=WrappingKeys(files["keks"].current, {one: files["keks"].secret(one) for one in files["keks"].keys}),
            log_seeds=files["log"].in_order(retired=False) if "log" in files else (),
            log_former=files["log"].in_order(retired=True) if "log" in files else (),
            lookup_keys=files["lookup"].in_order(retired=False),
            code_key=derived.key("one-time code"),
            etag_key=derived.key("etag"),
            pairwise_key=derived.key("pairwise id"),
            owner_key=derived.key("key owner"),
            safe_key=derived.key("second volume"),
            session_key=derived.key("session"),
        )
        ring._check_apart(files["derived"].secret())
        return ring

    @staticmethod
    def status(folder: Path) -> tuple[KeyStatus, ...]:
        """Return what keys there are, without a secret."""
        files = [(kind, _read(folder, kind)) for kind in _kinds(folder)]
        return tuple(
            KeyStatus(kind, one, str(key["created"]), one == file.current)
            for kind, file in files
            for one, key in file.keys.items()
        )

    @property
    def log_seed(self) -> bytes:
        """The seed that stands first in a checkpoint's signatures."""
        return self.log_seeds[0]

    @property
    def lookup_key(self) -> bytes:
        """The key that identifiers are found by."""
        return self.lookup_keys[0]

    @classmethod
    def rotate(cls, folder: Path, kind: RotatingKind, *, at: datetime) -> KeyRing:
        """Add a new current key of *kind* at once and return the ring; for a gateway that is stopped.

        Raises SettingsError for a kind that does not rotate.
        """
        cls.promote(folder, kind, cls.add(folder, kind, at=at))
        return cls.load(folder, demo=_read(folder, kind).demo)

    @staticmethod
    def add(folder: Path, kind: RotatingKind, *, at: datetime) -> str:
        """Add a key of *kind* that is not the current one yet, and return its id. A log's new key signs at once."""
        if kind not in _ROTATING:
            raise SettingsError("Keys of these kinds rotate: " + ", ".join(_ROTATING) + ".")
        file, key = _read(folder, kind), _new_key(kind, at)
        file.write(folder, file.current, [*file.keys.values(), key])
        return key["id"]

    @staticmethod
    def added(folder: Path, kind: RotatingKind) -> str | None:
        """Return the id of a key that was added and not promoted since; None where no rotation was left off there."""
        file = _read(folder, kind)
        newest = list(file.keys)[-1]
        return None if newest == file.current else newest

    @staticmethod
    def give_log(folder: Path, target: Path) -> None:
        """Move the log's keys into a folder of their own, for a process of another user. *target* must be new."""
        file = _read(folder, "log")
        target.mkdir(mode=0o700, parents=True)
        file.write(target, file.current, list(file.keys.values()))
        _write(folder, _ELSEWHERE, {"v": _VERSION, "demo": file.demo})
        (folder / "log.json").unlink()

    @staticmethod
    def log_keys(folder: Path, *, demo: bool) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the seeds that sign and those that signed once, of a folder that may hold nothing else."""
        file = _read(folder, "log")
        if file.demo and not demo:
            raise SettingsError("The log's key was made for a demo and must not protect real data.")
        return file.in_order(retired=False), file.in_order(retired=True)

    @staticmethod
    def lookup_secret(folder: Path, key: str) -> bytes:
        """Return one look-up key by its id."""
        return _read(folder, "lookup").secret(key)

    @staticmethod
    def promote(folder: Path, kind: RotatingKind, key: str) -> None:
        """Make a key that is there the current one."""
        file = _read(folder, kind)
        if key not in file.keys:
            raise SettingsError(f"There is no key {key} among those for {kind}.")
        kept = [row for id_, row in file.keys.items() if id_ != key]
        if kind == "tokens":
            kept = kept[-_OLD_TOKEN_KEYS:]
        file.write(folder, key, [*kept, file.keys[key]])

    @staticmethod
    def retire(folder: Path, kind: RotatingKind, key: str, *, at: datetime) -> None:
        """Let a former key go: one of a log signs no more and still verifies; of the other kinds it is deleted."""
        file = _read(folder, kind)
        if key not in file.keys or key == file.current:
            raise SettingsError(f"The key {key} is not a former one of those for {kind}.")
        rows = [row for id_, row in file.keys.items() if id_ != key or kind == "log"]
        file.write(
            folder, file.current,
            [{**row, "retired": at.isoformat()} if row["id"] == key and kind == "log" else row for row in rows],
        )  # fmt: skip

    def _check_apart(self, derived: bytes) -> None:
        """A secret that serves two purposes is refused: what breaks one would break the other."""
        everything = [
            *self.log_seeds, *self.log_former, *self.lookup_keys, derived, *self.keks.secrets.values(),
            *(row["d"].encode() for ring in (self.tokens, self.receipts) for row in ring.private.values()),
        ]  # fmt: skip
        if len(set(everything)) != len(everything):
            raise SettingsError("A secret stands in two places; each key serves one purpose. Make new keys.")


class LiveKeys:
    """The keys of a gateway that serves: the files are looked at again, and read again when one has changed."""

    def __init__(self, folder: Path, *, demo: bool) -> None:
        """Load the ring. Raises SettingsError as `KeyRing.load` does."""
        self._folder, self._demo = folder, demo
        # Before the files are read: what is replaced meanwhile is seen at the next look.
        self._stamp = self._now()
        self.ring = KeyRing.load(folder, demo=demo)

    def renewed(self) -> KeyRing | None:
        """Return the ring when a file has changed since, else None. Raises SettingsError, and the old ring stands."""
        now = self._now()
        if now == self._stamp:
            return None
        ring = KeyRing.load(self._folder, demo=self._demo)
        self._stamp, self.ring = now, ring
        return ring

    def _now(self) -> tuple[tuple[int, int], ...]:
        # Each writing of a file makes a new one: its number changes even where the time does not.
        found = (self._folder / f"{kind}.json" for kind in (*_ROTATING, *_SINGLE))
        return tuple((one.stat().st_ino, one.stat().st_mtime_ns) if one.exists() else (0, 0) for one in found)


@dataclass(frozen=True, slots=True)
class DerivedKeys:
    """Keys of 32 bytes derived from one secret, each by its purpose (RFC 5869; a uniform secret needs expand alone)."""

    secret: bytes = field(repr=False)

    def key(self, purpose: str) -> bytes:
        """Return the key for *purpose*."""
        return HKDFExpand(hashes.SHA256(), 32, f"saattaen/{purpose}/v1".encode()).derive(self.secret)


@dataclass(frozen=True, slots=True)
class _KeyFile:
    kind: str
    demo: bool
    current: str
    keys: Mapping[str, Mapping[str, str]] = field(repr=False)

    def secret(self, key: str | None = None) -> bytes:
        try:
            secret = _unb64(self.keys[key or self.current]["secret"])
        except (KeyError, ValueError):
            raise self.fault("holds no secret") from None
        if len(secret) != 32 or len(set(secret)) < 8:
            raise self.fault("holds a weak secret: 32 random bytes are needed")
        return secret

    def in_order(self, *, retired: bool) -> tuple[bytes, ...]:
        """Return the secrets that are retired or not, the current one first."""
        ids = [self.current, *(one for one in self.keys if one != self.current)]
        return tuple(self.secret(one) for one in ids if ("retired" in self.keys[one]) == retired)

    def write(self, folder: Path, current: str, keys: Sequence[Mapping[str, str]]) -> None:
        _write(folder, self.kind, {"v": _VERSION, "demo": self.demo, "current": current, "keys": list(keys)})

    def signing(self) -> SigningKeys:
        return SigningKeys(self.current, {kid: self._jwk(kid, row) for kid, row in self.keys.items()})

    def _jwk(self, kid: str, row: Mapping[str, str]) -> Mapping[str, str]:
        try:
            number = int.from_bytes(_unb64(row["d"]))
            key = ec.derive_private_key(number, ec.SECP256R1())
        except (KeyError, ValueError):
            raise self.fault("holds a key that is no P-256 key") from None
        jwk = _ec_jwk(key)
        if number.bit_length() < 128 or (jwk["x"], jwk["y"]) != (row.get("x"), row.get("y")) or kid != _thumbprint(jwk):
            raise self.fault("holds a key whose parts do not fit each other")
        return jwk

    def fault(self, say: str) -> SettingsError:
        return SettingsError(f"The file {self.kind}.json among the keys {say}.")


def _new_key(kind: str, at: datetime) -> dict[str, str]:
    created = at.isoformat()
    if kind in ("tokens", "receipts"):
        jwk = _ec_jwk(ec.generate_private_key(ec.SECP256R1()))
        return {"id": _thumbprint(jwk), "created": created, **jwk}
    return {
        "id": f"{kind}-{at:%Y%m%d}-{secrets.token_hex(4)}",
        "created": created,
        "secret": _b64(secrets.token_bytes(32)),
    }


def _ec_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.private_numbers()
    parts = {"x": numbers.public_numbers.x, "y": numbers.public_numbers.y, "d": numbers.private_value}
    return {"kty": "EC", "crv": "P-256"} | {name: _b64(value.to_bytes(32)) for name, value in parts.items()}


def _thumbprint(jwk: Mapping[str, str]) -> str:
    # RFC 7638: the required members, sorted, no whitespace.
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return _b64(sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest())


def _name_of(files: Iterable[_KeyFile]) -> str:
    """Name a ring by the ids of its keys and their standing, not by a secret: the name is for others to see."""
    told = [[file.kind, file.current, [[one, "retired" in key] for one, key in file.keys.items()]] for file in files]
    return sha256(json.dumps(told).encode()).hexdigest()[:16]


def _kinds(folder: Path) -> tuple[str, ...]:
    kinds = (*_ROTATING, *_SINGLE)
    given_away = (folder / f"{_ELSEWHERE}.json").exists() and not (folder / "log.json").exists()
    return tuple(kind for kind in kinds if not (given_away and kind == "log"))


def _read(folder: Path, kind: str) -> _KeyFile:
    path = folder / f"{kind}.json"
    try:
        for one, what in ((folder, "The folder of the keys"), (path, f"The file {kind}.json among the keys")):
            found = one.stat()
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise SettingsError(f"{what} is open to others; make it the gateway's alone (chmod go-rwx).")
            if found.st_uid != os.geteuid():
                raise SettingsError(f"{what} belongs to another user; the gateway must own it.")
        whole = json.loads(path.read_bytes())
        keys = {str(row["id"]): {str(name): str(value) for name, value in row.items()} for row in whole["keys"]}
        file = _KeyFile(kind, whole["demo"], whole["current"], keys)
        rows = len(whole["keys"])
    except FileNotFoundError:
        raise SettingsError(f"The file {kind}.json is missing among the keys; run `saattaen keys create`.") from None
    except OSError:
        raise SettingsError(f"The file {kind}.json among the keys cannot be read.") from None
    except (ValueError, KeyError, TypeError):
        raise SettingsError(f"The file {kind}.json among the keys is not a file of keys.") from None
    if whole.get("v") != _VERSION or not isinstance(file.demo, bool):
        raise file.fault("is of a version that this gateway does not know")
    if file.current not in keys or rows != len(keys) or (kind in _SINGLE and rows != 1):
        raise file.fault("names a current key that it does not hold, or holds one twice")
    return file


def _write(folder: Path, kind: str, content: Mapping[str, object]) -> None:
    """Replace a file so that a crash leaves the old one or the new one, whole."""
    new = folder / f".{kind}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(content, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    new.rename(folder / f"{kind}.json")
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
