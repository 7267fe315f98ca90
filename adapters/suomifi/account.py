"""The gateway's account at the register of mandates: `mandates` in the file that SAATTAEN_IDENTIFICATION names."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from adapters.suomifi.valtuudet import RegisterAccount
from gateway.consent.checks import MandateScope
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml
from gateway.errors import SettingsError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def load_register(path: Path) -> RegisterAccount | None:
    """Return the account, None where the file names no register. Raises SettingsError with the faults.

    Its secrets lie in a file beside it (JSON: api_key, oauth_secret, and rest_api_key where desks ask the register)
    that nobody else can read. `topics` names which topics of the register let somebody `manage` here, which
    let them only `see`, and which tell of an appointed guardian (`trustee`).
    """
    content, faults = read_yaml(path)
    if "mandates" not in content:
        return None
    row = Row(content, (), faults).row("mandates")
    base, client_id, file = row.text("base").rstrip("/"), row.text("client_id"), path.parent / row.text("secrets")
    topics, trustee_topics = _topics(row)
    row.done()
    parts = urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        row.fault("base", "must be https, save on this machine itself")
    api_key = oauth_secret = ""
    rest_api_key: str | None = None
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            row.fault("secrets", "the file is open to others (chmod go-rwx)")
        told = json.loads(file.read_text("utf-8"))
        api_key, oauth_secret = str(told["api_key"]), str(told["oauth_secret"])
        rest_api_key = str(told["rest_api_key"]) if "rest_api_key" in told else None
    except (OSError, ValueError, KeyError, TypeError):
        row.fault("secrets", "a file with api_key and oauth_secret is expected")
    if min(len(api_key), len(oauth_secret), 16 if rest_api_key is None else len(rest_api_key)) < 16:
        row.fault("secrets", "each secret has at least 16 characters")
    if faults.found:
        raise SettingsError("\n".join(faults.found))
    return RegisterAccount(base, client_id, api_key, oauth_secret, topics, trustee_topics, rest_api_key)


def _topics(row: Row) -> tuple[Mapping[MandateScope, tuple[str, ...]], tuple[str, ...]]:
    """Return which topics of the register let somebody decide here, and which only look; and those of a trustee."""
    if not row.has("topics"):
        return {}, ()
    named = row.row("topics")
    found = {scope: named.texts(scope, required=scope is MandateScope.MANAGE) for scope in MandateScope}
    for topic in set(found[MandateScope.MANAGE]) & set(found[MandateScope.SEE]):
        named.fault("see", f"{topic!r} lets somebody decide already")
    trustee = named.texts("trustee", required=False)
    named.done()
    return found, trustee
