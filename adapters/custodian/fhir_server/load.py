"""From the YAML file that SAATTAEN_CUSTODIANS names to `Custodians`: every fault told at once, and one stops the
start."""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from adapters.custodian.fhir_server.mapping import (
    ClientCertificate,
    ClientCredentials,
    Credentials,
    Custodians,
    Limits,
    NoCredentials,
    Patience,
    Server,
    Shelf,
)
from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.model import Directory
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml
from gateway.errors import SettingsError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")
_OURS = frozenset({"_count", "_id", "_format", "_summary", "_elements"})
"""Parameters that are set here, or that would cut documents to pieces."""


class BrokenCustodians(SettingsError):
    """The file has faults; `faults` lists each with file, line and key path."""

    def __init__(self, file: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"{file} has {len(faults)} fault(s):\n" + "\n".join(faults))
        self.faults = faults


def load_custodians(path: Path, directory: Directory, *, demo: bool = False) -> Custodians:
    """Return what the file says. Raises BrokenCustodians with all of its faults.

    A server without credentials is taken on this machine alone, or in a *demo*; keys and certificates are named by
    paths from the file's own folder.
    """
    if not path.is_file():
        raise SettingsError(f"SAATTAEN_CUSTODIANS: there is no file at {path}.")
    content, faults = read_yaml(path)
    top = Row(content, (), faults)
    servers = {name: _server(name, row, path.parent, directory, demo) for name, row in top.row("servers").each()}
    shelves = [_shelf(row, servers, directory) for row in top.rows("documents")]
    top.done()
    _no_two_alike(shelves, top)
    if faults.found:
        raise BrokenCustodians(faults.file, tuple(faults.found))
    return Custodians(MappingProxyType(servers), tuple(shelves))


def _server(name: str, row: Row, folder: Path, directory: Directory, demo: bool) -> Server:
    base = _address(row, "base")
    times = row.row("milliseconds", required=False)
    usual, bounds = Patience(), Limits()
    patience = Patience(
        _seconds(times, "connect", usual.connect), _seconds(times, "read", usual.read),
        _seconds(times, "whole", usual.whole),
    )  # fmt: skip
    if patience.whole < patience.connect:
        times.fault("whole", "must not be shorter than `connect`")
    most = row.row("limits", required=False)
    limits = Limits(
        _number(most, "answer_bytes", bounds.answer_bytes), _number(most, "documents", bounds.documents),
        _number(most, "connections", bounds.connections), _number(most, "failures", bounds.failures),
        _seconds(most, "pause", bounds.pause),
    )  # fmt: skip
    credentials = _credentials(row.row("credentials"), folder, base, demo)
    authorities = _file(row, "authorities", folder) if row.has("authorities") else None
    labels: dict[tuple[str, str], str] = {}
    for label in row.rows("labels", required=False):
        means = label.text("means")
        if means != "none" and means not in directory.sensitivities:
            label.fault("means", f"one of {', '.join(directory.sensitivities)} is expected, or none")
        key = (label.text("system"), label.text("code"))
        if key in labels:
            label.fault("code", "this label has a meaning already")
        labels[key] = "" if means == "none" else means
        label.done()
    for one in (times, most, row):
        one.done()
    return Server(name, base, credentials, authorities, patience, limits, MappingProxyType(labels))


def _address(row: Row, key: str) -> str:
    """Return an address that may be asked at: https, or http on this machine; no secret, query or fragment in it."""
    text = row.text(key).rstrip("/")
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username or parts.password)
        _ = parts.port
    except ValueError:
        row.fault(key, "is not an address")
        return text
    if not is_whole or parts.scheme not in ("http", "https"):
        row.fault(key, "an address as in https://fhir.example.fi/r4 is expected, without query or password")
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        row.fault(key, "must be https, save on this machine itself")
    return text


def _credentials(row: Row, folder: Path, base: str, demo: bool) -> Credentials:
    kind = row.text("kind")
    found: Credentials = NoCredentials()
    match kind:
        case "none":
            if not demo and urlsplit(base).hostname not in LOOPBACK:
                row.fault("kind", "a server beyond this machine needs client-credentials or mtls")
        case "client-credentials":
            found = ClientCredentials(
                _address(row, "token_endpoint"), row.text("client_id"), _secret(row, "key", folder), row.text("scope")
            )
        case "mtls":
            found = ClientCertificate(_file(row, "certificate", folder), _secret(row, "key", folder))
            if urlsplit(base).scheme != "https":
                row.fault("kind", "mtls needs an https address")
        case _:
            row.fault("kind", "none, client-credentials or mtls is expected")
    row.done()
    return found


def _shelf(row: Row, servers: dict[str, Server], directory: Directory) -> Shelf:
    custodian, category, server = row.text("custodian"), row.text("category"), row.text("server")
    resource = row.text("type")
    if directory.service(custodian) is None:
        row.fault("custodian", "is not a service of the directory")
    known = directory.category(category)
    if known is None:
        row.fault("category", "is not a category of the directory")
    elif known.resource != resource:
        row.fault("type", f"documents of this category are of the type {known.resource}")
    if server not in servers:
        row.fault("server", "is not one of the servers above")
    given = row.row("search")
    search = {name: given.text(name) for name in given.content}
    _check_search(search, given)
    row.done()
    return Shelf(custodian, category, server, resource, MappingProxyType(search))


def _check_search(search: dict[str, str], row: Row) -> None:
    names: list[str] = []
    for name, value in search.items():
        if name in _OURS:
            row.fault(name, "is not to be set here")
        if holds_identity_code(value):
            row.fault(name, "holds what looks like a personal identity code; write {client}")
        names += _PLACEHOLDER.findall(value)
    if names.count("client") != 1:
        row.fault(None, "{client} must stand in exactly one parameter: the search is for one client")
    if unknown := set(names) - {"client", "category"}:
        row.fault(None, f"{{{sorted(unknown)[0]}}} is not filled in here; {{client}} and {{category}} are")


def _no_two_alike(shelves: list[Shelf], top: Row) -> None:
    places: set[tuple[str, str]] = set()
    searches: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}
    for index, shelf in enumerate(shelves):
        place = (shelf.custodian, shelf.category)
        if place in places:
            top.faults.add(("documents", index), "this custodian's documents of this category have a row already")
        places.add(place)
        search = (shelf.server, shelf.category, tuple(sorted(shelf.search.items())))
        if searches.setdefault(search, shelf.custodian) != shelf.custodian:
            # The same documents would be believed to be of two custodians.
            says = "finds the same documents as another custodian's row; add what tells them apart"
            top.faults.add(("documents", index, "search"), says)


def _file(row: Row, key: str, folder: Path) -> Path:
    path = folder / row.text(key)
    if not path.is_file():
        row.fault(key, "there is no such file")
    return path


def _secret(row: Row, key: str, folder: Path) -> Path:
    path = _file(row, key, folder)
    if path.is_file() and path.stat().st_mode & 0o077:
        row.fault(key, "others may read this key; chmod 600")
    return path


def _number(row: Row, key: str, usual: int) -> int:
    return row.number(key) if row.has(key) else usual


def _seconds(row: Row, key: str, usual: float) -> float:
    return row.number(key) / 1000 if row.has(key) else usual
