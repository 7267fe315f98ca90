"""Reading the demo world: its directory, its invented clients and the instant at which it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from gateway.directory.identity_code import IdentityCodeError, PersonalIdentityCode
from gateway.directory.instants import parse_instant
from gateway.directory.load import BrokenDirectory, load_directory
from gateway.directory.model import Directory
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml

WORLD = Path(__file__).with_name("world.yaml")


@dataclass(frozen=True, slots=True)
class DemoClient:
    """An invented person, with the channel on which givings and withdrawals are told."""

    key: str
    name: str
    code: PersonalIdentityCode
    language: str
    register: str
    non_disclosure: bool
    phone: str
    email: str | None


@dataclass(frozen=True, slots=True)
class World:
    """The demo world: when it starts, what exists in it and who lives in it."""

    now: datetime
    directory: Directory
    clients: Mapping[str, DemoClient]


def load_world(path: Path = WORLD) -> World:
    """Return the demo world. Raises BrokenDirectory with every fault of its directory, or of its people."""
    directory = load_directory(path)
    content, faults = read_yaml(path)
    world = Row(content, (), faults)
    channels = world.row("channels")
    clients: dict[str, DemoClient] = {}
    for key, row in world.row("clients").each():
        if (client := _client(key, row, channels.row(key))) is not None:
            clients[key] = client
    channels.done()
    now = world.text("now")
    try:
        start = parse_instant(now)
    except ValueError as error:
        world.fault("now", str(error))
        start = datetime.min.replace(tzinfo=UTC)
    if faults.found:
        raise BrokenDirectory(faults.file, tuple(faults.found))
    return World(start, directory, MappingProxyType(clients))


def _client(key: str, row: Row, channel: Row) -> DemoClient | None:
    text = row.text("identity_code")
    try:
        code = PersonalIdentityCode.parse(text)
    except IdentityCodeError as error:
        row.fault("identity_code", error.detail)
        return None
    if not code.is_temporary:
        row.fault("identity_code", "the demo's people have codes of the artificial 900 series")
    client = DemoClient(
        key,
        row.text("name"),
        code,
        row.text("language"),
        row.optional_text("register") or "plain",
        row.flag("non_disclosure"),
        channel.text("phone"),
        channel.optional_text("email"),
    )
    if client.language not in ("fi", "sv", "en") or client.register not in ("plain", "easy"):
        row.fault("language", "fi, sv or en is expected, and plain or easy as register")
    row.done()
    channel.done()
    return client
