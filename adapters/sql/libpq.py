"""Telling PostgreSQL's own programs where a database is, without a secret in the list of processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import URL, make_url

_SECRETS = ("sslpassword", "scram_client_key", "scram_server_key")
"""What libpq takes from no variable of the environment: it reads them from a file of services."""
_SERVICE = "saattaen"
_HERE = ("localhost", "127.0.0.1", "::1")


def unverified_host(url: str) -> str | None:
    """Return the host of a PostgreSQL server on another machine whose certificate the URL lets go unchecked, else None.

    A host that libpq finds elsewhere (its environment, a file of services) is not looked for.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql" or _last(parsed.query.get("sslmode", "")) == "verify-full":
        return None
    named = [parsed.host or "", _last(parsed.query.get("host", "")), _last(parsed.query.get("hostaddr", ""))]
    hosts = [one for several in named for one in several.split(",") if one and not one.startswith(("/", "@"))]
    return next((one for one in hosts if one not in _HERE), None)


def unverified(what: str, host: str) -> str:
    """Say of a database what `unverified_host` found of it."""
    return (
        f"The {what} on {host} may be reached in clear, or another server in its place: add sslmode=verify-full (and "
        "sslrootcert) to its URL."
    )


@contextmanager
def told_in_private(url: URL) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield what `--dbname` may say of a database, and the environment that holds its secrets, for one program.

    A password stands in the environment of that program alone, the secrets that have no variable in a file of ours that
    goes with the block. Raises ValueError where a service of one's own is named beside such a secret.
    """
    query, environment = {name: _last(value) for name, value in url.query.items()}, dict(os.environ)
    password = query.pop("password", url.password)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    secrets = {name: query.pop(name) for name in _SECRETS if name in query}
    with TemporaryDirectory(prefix="saattaen-") as folder:  # Nobody else may enter it.
        if secrets:
            if "service" in query or "PGSERVICE" in environment or any("\n" in one for one in secrets.values()):
                raise ValueError(f"{', '.join(secrets)} belongs into the service's own file")
            file = Path(folder) / "services"
            file.touch(mode=0o600)
            lines = [f"[{_SERVICE}]", *(f"{name}={value}" for name, value in secrets.items())]
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            environment["PGSERVICEFILE"], query["service"] = str(file), _SERVICE
        # `URL.set` takes None for "as it was", and would leave the password in.
        named = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
        yield named.render_as_string(hide_password=False), environment


def _last(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]
