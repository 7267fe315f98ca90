"""The gateway's keys: made as a whole ring, loaded, and rotated one kind at a time.

`create` makes a whole ring, `load` believes nothing of what it finds, `rotate` adds a key and makes it the current one;
the older keys stay for what they signed or wrapped. While a gateway serves it is done in two steps, `add` and
`promote`, so that every process knows a key before the first one uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapters.keyring.files import (
    ELSEWHERE,
    ROTATING,
    SINGLE,
    VERSION,
    RotatingKind,
    kinds_in,
    name_of,
    read_kind,
    write_kind,
)
from adapters.keyring.making import new_key
from adapters.keyring.values import DerivedKeys, KeyStatus, SigningKeys, WrappingKeys
from gateway.errors import SettingsError

_OLD_TOKEN_KEYS = 1
"""How many former keys for access tokens stay trusted; tokens live five minutes, so one is plenty."""


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
        for kind in (*ROTATING, *SINGLE):
            key = new_key(kind, at)
            write_kind(folder, kind, {"v": VERSION, "demo": demo, "current": key["id"], "keys": [key]})
        return cls.load(folder, demo=demo)

    @classmethod
    def load(cls, folder: Path, *, demo: bool) -> KeyRing:
        """Return the keys in *folder*; raises SettingsError. *demo* tells whether this start may use a demo's keys."""
        files = {kind: read_kind(folder, kind) for kind in kinds_in(folder)}
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
            name=name_of(files.values()),
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
        files = [(kind, read_kind(folder, kind)) for kind in kinds_in(folder)]
        return tuple(
            KeyStatus(kind, one, str(key["created"]), one == file.current)
            for kind, file in files
            for one, key in file.keys.items()
        )

    @classmethod
    def rotate(cls, folder: Path, kind: RotatingKind, *, at: datetime) -> KeyRing:
        """Add a new current key of *kind* at once and return the ring; for a gateway that is stopped.

        Raises SettingsError for a kind that does not rotate.
        """
        cls.promote(folder, kind, cls.add(folder, kind, at=at))
        return cls.load(folder, demo=read_kind(folder, kind).demo)

    @staticmethod
    def add(folder: Path, kind: RotatingKind, *, at: datetime) -> str:
        """Add a key of *kind* that is not the current one yet, and return its id. A log's new key signs at once."""
        if kind not in ROTATING:
            raise SettingsError("Keys of these kinds rotate: " + ", ".join(ROTATING) + ".")
        file, key = read_kind(folder, kind), new_key(kind, at)
        file.write(folder, file.current, [*file.keys.values(), key])
        return key["id"]

    @staticmethod
    def added(folder: Path, kind: RotatingKind) -> str | None:
        """Return the id of a key that was added and not promoted since; None where no rotation was left off there."""
        file = read_kind(folder, kind)
        newest = list(file.keys)[-1]
        return None if newest == file.current else newest

    @staticmethod
    def give_log(folder: Path, target: Path) -> None:
        """Move the log's keys into a folder of their own, for a process of another user. *target* must be new."""
        file = read_kind(folder, "log")
        target.mkdir(mode=0o700, parents=True)
        file.write(target, file.current, list(file.keys.values()))
        write_kind(folder, ELSEWHERE, {"v": VERSION, "demo": file.demo})
        (folder / "log.json").unlink()

    @staticmethod
    def log_keys(folder: Path, *, demo: bool) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the seeds that sign and those that signed once, of a folder that may hold nothing else."""
        file = read_kind(folder, "log")
        if file.demo and not demo:
            raise SettingsError("The log's key was made for a demo and must not protect real data.")
        return file.in_order(retired=False), file.in_order(retired=True)

    @staticmethod
    def log_seeds_without(folder: Path, key: str) -> tuple[bytes, ...]:
        """Return the seeds that sign once the key of this id is retired."""
        file = read_kind(folder, "log")
        left = {id_: row for id_, row in file.keys.items() if id_ != key and "retired" not in row}
        return tuple(file.secret(one) for one in left)

    @staticmethod
    def lookup_secret(folder: Path, key: str) -> bytes:
        """Return one look-up key by its id."""
        return read_kind(folder, "lookup").secret(key)

    @staticmethod
    def promote(folder: Path, kind: RotatingKind, key: str) -> None:
        """Make a key that is there the current one."""
        file = read_kind(folder, kind)
        if key not in file.keys:
            raise SettingsError(f"There is no key {key} among those for {kind}.")
        kept = [row for id_, row in file.keys.items() if id_ != key]
        if kind == "tokens":
            kept = kept[-_OLD_TOKEN_KEYS:]
        file.write(folder, key, [*kept, file.keys[key]])

    @staticmethod
    def retire(folder: Path, kind: RotatingKind, key: str, *, at: datetime) -> None:
        """Let a former key go: one of a log signs no more and still verifies; of the other kinds it is deleted."""
        file = read_kind(folder, kind)
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
