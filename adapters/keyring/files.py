"""The files of a ring: a folder of 0700, a file of 0400 for each kind, believed in nothing, replaced whole."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.keyring.making import ec_jwk, thumbprint, unb64
from adapters.keyring.values import SigningKeys
from gateway.errors import SettingsError

RotatingKind = Literal["tokens", "receipts", "keks", "log", "lookup"]
"""The kinds of which a newer key may take the place of the one in use."""
ROTATING: tuple[RotatingKind, ...] = ("tokens", "receipts", "keks", "log", "lookup")
SINGLE = ("derived",)
ELSEWHERE = "log-elsewhere"
"""The file that says that the log's keys are another process's."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one kind, as a file has them: by id, the newest last, and which of them is in use."""

    kind: str
    demo: bool
    current: str
    keys: Mapping[str, Mapping[str, str]] = field(repr=False)

    def secret(self, key: str | None = None) -> bytes:
        """Return the secret of a key, the current one's unless one is named. Raises SettingsError for a weak one."""
        try:
            secret = unb64(self.keys[key or self.current]["secret"])
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
        """Replace the file by one of the same kind with these keys."""
        write_kind(folder, self.kind, {"v": VERSION, "demo": self.demo, "current": current, "keys": list(keys)})

    def signing(self) -> SigningKeys:
        """Return the keys as ES256 keys. Raises SettingsError for one that is none."""
        return SigningKeys(self.current, {kid: self._jwk(kid, row) for kid, row in self.keys.items()})

    def _jwk(self, kid: str, row: Mapping[str, str]) -> Mapping[str, str]:
        try:
            number = int.from_bytes(unb64(row["d"]))
            key = ec.derive_private_key(number, ec.SECP256R1())
        except (KeyError, ValueError):
            raise self.fault("holds a key that is no P-256 key") from None
        jwk = ec_jwk(key)
        if number.bit_length() < 128 or (jwk["x"], jwk["y"]) != (row.get("x"), row.get("y")) or kid != thumbprint(jwk):
            raise self.fault("holds a key whose parts do not fit each other")
        return jwk

    def fault(self, say: str) -> SettingsError:
        """Return the error that says what is wrong with this file; it quotes nothing of it."""
        return SettingsError(f"The file {self.kind}.json among the keys {say}.")


def kinds_in(folder: Path) -> tuple[str, ...]:
    """Return the kinds of keys that lie there: all, or all but the log's where those were given away."""
    given_away = (folder / f"{ELSEWHERE}.json").exists() and not (folder / "log.json").exists()
    return tuple(kind for kind in (*ROTATING, *SINGLE) if not (given_away and kind == "log"))


def read_kind(folder: Path, kind: str) -> KeyFile:
    """Return the keys of one kind. Raises SettingsError where anything about the file is not as it must be."""
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
        file = KeyFile(kind, whole["demo"], whole["current"], keys)
        rows = len(whole["keys"])
    except FileNotFoundError:
        raise SettingsError(
            f"The file {kind}.json is missing among the keys. Put the folder of keys back; a new "
            "installation's is made by `saattaen migrate`."
        ) from None
    except OSError:
        raise SettingsError(f"The file {kind}.json among the keys cannot be read.") from None
    except (ValueError, KeyError, TypeError):
        raise SettingsError(f"The file {kind}.json among the keys is not a file of keys.") from None
    if whole.get("v") != VERSION or not isinstance(file.demo, bool):
        raise file.fault("is of a version that this gateway does not know")
    if file.current not in keys or rows != len(keys) or (kind in SINGLE and rows != 1):
        raise file.fault("names a current key that it does not hold, or holds one twice")
    return file


def write_kind(folder: Path, kind: str, content: Mapping[str, object]) -> None:
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


def name_of(files: Iterable[KeyFile]) -> str:
    """Name a ring by the ids of its keys and their standing, not by a secret: the name is for others to see."""
    told = [[file.kind, file.current, [[one, "retired" in key] for one, key in file.keys.items()]] for file in files]
    return sha256(json.dumps(told).encode()).hexdigest()[:16]
