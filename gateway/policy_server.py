"""The OPA server that the settings name, as the policy engine."""

from __future__ import annotations

from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from gateway.secret_files import read_secret
from gateway.settings import Settings


def policy_server(settings: Settings) -> ServerEngine:
    """Return the engine on the server, to be used inside `async with`. Raises SettingsError for an unreadable token."""
    if settings.opa_url is None:
        raise ValueError("read_settings has checked that the OPA server's address is there")
    token = None
    if settings.opa_token_file is not None:
        token = read_secret(settings.opa_token_file, "SAATTAEN_OPA_TOKEN_FILE").get_secret_value()
    return ServerEngine(settings.opa_url, read_bundle().revision, token=token)
