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

    Its secrets lie in a file beside it (JSON: api_key, oauth_secret) that nobody else can read. `topics` names which
    topics of the register let somebody `manage` here, and which let them only `see`.
    """
    content, faults = read_yaml(path)
    if "mandates" not in content:
        return None
    row = Row(content, (), faults).row("mandates")
    base, client_id, file = row.text("base").rstrip("/"), row.text("client_id"), path.parent / row.text("secrets")
    topics = _topics(row)
    row.done()
    parts = urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        row.fault("base", "must be https, save on this machine itself")
    api_key = oauth_secret = ""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            row.fault("secrets", "the file is open to others (chmod go-rwx)")
        told = json.loads(file.read_text("utf-8"))
        api_key, oauth_secret = str(told["api_key"]), str(told["oauth_secret"])
    except (OSError, ValueError, KeyError, TypeError):
        row.fault("secrets", "a file with api_key and oauth_secret is expected")
    if min(len(api_key), len(oauth_secret)) < 16:
        row.fault("secrets", "both secrets have at least 16 characters")
    if faults.found:
        raise SettingsError("\n".join(faults.found))
    return RegisterAccount(base, client_id, api_key, oauth_secret, topics)


def _topics(row: Row) -> Mapping[MandateScope, tuple[str, ...]]:
    """Return which topics of the register let somebody decide here, and which only look."""
    if not row.has("topics"):
        return {}
    named = row.row("topics")
    found = {scope: named.texts(scope, required=scope is MandateScope.MANAGE) for scope in MandateScope}
    for topic in set(found[MandateScope.MANAGE]) & set(found[MandateScope.SEE]):
        named.fault("see", f"{topic!r} lets somebody decide already")
    named.done()
    return found
