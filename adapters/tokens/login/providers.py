"""From the YAML file that SAATTAEN_IDENTIFICATION names to the providers: every fault told at once.

How a provider spells what we need (identity code, name, levels of assurance) is data in that file.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.directory.model import Directory
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml
from gateway.errors import SettingsError
from gateway.identification import ASSURANCES, Kind

ALGORITHMS = ("ES256", "ES384", "PS256", "RS256", "EdDSA", "Ed25519")
"""What a provider may sign with, where its row lists it; never `none`, and no shared secret."""
DEMO_KID = "saattaen-demo-"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CLIENT_CLAIMS = ("identity_code", "name", "non_disclosure")
_STAFF_CLAIMS = ("name", "organisation", "services", "roles", "officer")
_REQUIRED = {"identity_code", "name", "organisation", "services", "roles"}


class BrokenProviders(SettingsError):
    """The file has faults; `faults` lists each with file, line and key path."""

    def __init__(self, file: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"{file} has {len(faults)} fault(s):\n" + "\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider as the file has it. `claims` leads from our word to the provider's, `assurance` from its `acr`.

    `audience` of our assertion is the issuer (RFC 10070) unless the provider is older and wants its token endpoint.
    """

    name: str
    kind: Kind
    names: Mapping[str, str]
    issuer: str
    client_id: str
    key: ECKey = field(repr=False)
    scope: str
    claims: Mapping[str, str]
    assurance: Mapping[str, str]
    least: str
    algorithms: tuple[str, ...]
    organisation: str | None
    audience: str
    answers_with_issuer: bool
    max_age: int
    """How many seconds old the provider's own session may be, where the person need not identify anew."""


def load_providers(path: Path, directory: Directory, *, demo: bool = False) -> Mapping[str, ProviderRow]:
    """Return the providers by name, in the file's order. Raises BrokenProviders with all faults of the file.

    A provider marked as a demo's, or one whose key is a demo's, is taken in a *demo* alone.
    """
    if not path.is_file():
        raise SettingsError(f"SAATTAEN_IDENTIFICATION: there is no file at {path}.")
    content, faults = read_yaml(path)
    top = Row(content, (), faults)
    if top.flag("demo") and not demo:
        top.fault("demo", "these are a demo's providers, at which anyone may say to be anyone")
    rows: dict[str, ProviderRow] = {}
    for name, row in top.row("providers").each():
        if (made := _provider(name, row, path.parent, directory, demo)) is not None:
            rows[name] = made
        row.done()
    # The register of mandates is read by its own adapter.
    top.row("mandates", required=False)
    top.done()
    if len({one.issuer for one in rows.values()}) != len(rows):
        top.fault("providers", "each issuer once: answers of two providers must be told apart")
    if faults.found:
        raise BrokenProviders(faults.file, tuple(faults.found))
    return MappingProxyType(rows)


def _provider(name: str, row: Row, folder: Path, directory: Directory, demo: bool) -> ProviderRow | None:
    if not _NAME.fullmatch(name):
        row.fault(None, "a provider's name is made of small letters, digits and hyphens")
    kind = row.text("kind")
    if kind not in set(Kind):
        row.fault("kind", "client or staff is expected")
        return None
    organisation = row.text("organisation") if kind == Kind.STAFF else None
    if organisation is not None and organisation not in directory.organisations:
        row.fault("organisation", "is not an organisation of the directory")
    names = row.row("name")
    claims = _claims(row.row("claims"), _STAFF_CLAIMS if kind == Kind.STAFF else _CLIENT_CLAIMS)
    least = row.text("least")
    assurance = dict(_pairs(row.row("assurance")))
    if least not in ASSURANCES[1:] or not set(assurance.values()) <= set(ASSURANCES):
        row.fault("least", f"one of {', '.join(ASSURANCES[1:])} is expected, and in `assurance` also low")
    algorithms = row.texts("algorithms", required=False) or ("ES256",)
    if not set(algorithms) <= set(ALGORITHMS):
        row.fault("algorithms", f"some of {', '.join(ALGORITHMS)} are expected")
    key = _key(row, folder, demo)
    audience = row.optional_text("audience") or "issuer"
    if audience not in ("issuer", "token-endpoint"):
        row.fault("audience", "issuer or token-endpoint is expected")
    told = {language: names.text(language) for language in ("fi", "sv", "en")}
    names.done()
    made = dict(
        issuer=_issuer(row), client_id=row.text("client_id"), scope=row.optional_text("scope") or "openid profile",
        max_age=row.number("max_age") if row.has("max_age") else 1920,
        answers_with_issuer=not row.flag("answers_without_issuer"),
    )  # fmt: skip
    if key is None:
        return None
    return ProviderRow(
        name=name, kind=Kind(kind), names=MappingProxyType(told), key=key, claims=MappingProxyType(claims),
        assurance=MappingProxyType(assurance), least=least, algorithms=algorithms, organisation=organisation,
        audience=audience, **made,  # type: ignore[arg-type]
    )  # fmt: skip


def _claims(row: Row, known: tuple[str, ...]) -> dict[str, str]:
    claims = {one: row.text(one) for one in known if one in _REQUIRED or row.has(one)}
    row.done()
    return claims


def _pairs(row: Row) -> list[tuple[str, str]]:
    return [(key, row.text(key)) for key in row.content]


def _issuer(row: Row) -> str:
    """Return the issuer exactly as the provider writes it: it is compared character by character."""
    text = row.text("issuer")
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        row.fault("issuer", "is not an address")
        return text
    if not is_whole or parts.scheme not in ("http", "https"):
        row.fault("issuer", "an address without query is expected")
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        row.fault("issuer", "must be https, save on this machine itself")
    return text


def _key(row: Row, folder: Path, demo: bool) -> ECKey | None:
    path = folder / row.text("key")
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            row.fault("key", "the file is open to others (chmod go-rwx)")
        content = json.loads(path.read_text("ascii"))
        key = ECKey.import_key(content)
        fits = key.curve_name == "P-256" and key.is_private and isinstance(key.kid, str)
    except OSError:
        row.fault("key", "the file cannot be read")
        return None
    except (JoseError, ValueError, TypeError, KeyError):
        fits, key = False, None
    if not fits or key is None:
        row.fault("key", "a private P-256 key (JWK) with a kid is expected")
        return None
    if str(key.kid).startswith(DEMO_KID) and not demo:
        row.fault("key", "is a demo's, which anyone may hold")
    return key
