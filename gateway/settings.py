"""Settings, read once at the start from the environment (prefix `SAATTAEN_`). A missing or weak value stops the
start."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.errors import SettingsError

_HERE = ("127.0.0.1", "localhost", "::1")
NO_SAFE = "none"
"""What `SAATTAEN_SAFE` says where there is no second volume, knowingly."""


class Settings(BaseSettings):
    """What an installation decides. Nothing secret has a default; keys lie in the folder `keys`, not in the
    environment."""

    model_config = SettingsConfigDict(env_prefix="SAATTAEN_", frozen=True, extra="ignore")

    database: str
    """The main database: consents, relations, documents and the log. `sqlite:////path/to/saattaen.db`, or
    `postgresql+psycopg://user@host/saattaen` on PostgreSQL 15 or newer."""
    key_database: str
    """The wrapped data keys, apart from the main database so that backups of the two can live differently long."""
    keys: Path
    """The folder of the gateway's own keys (`saattaen keys create`), mode 0700."""
    base_url: str
    """The public address, without a slash at its end; it is the issuer of tokens too."""
    directory: Path
    """The code lists (YAML)."""
    log_name: str = "gw.saattaen.example"
    """The log's name; its origin is `<log_name>/audit/<year>`."""
    outbox: Path
    """Where messages to services are dropped for those that poll; in a demo those to clients too."""
    smtp: str | None = None
    """The mail server by which clients are told: `smtps://host`, `smtp://host` (STARTTLS, always), or
    `smtp+plain://127.0.0.1` for one on this machine; with a port where it is not the usual one."""
    smtp_from: str | None = None
    """The address that mail to clients comes from; it should tell nothing of what we are."""
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    smtp_authorities: Path | None = None
    """Certificates (PEM) that the mail server's is checked against, instead of the system's own."""
    sms: str | None = None
    """The address of an SMS gateway, to which messages are posted."""
    sms_from: str = "Viesti"
    """The sender that an SMS shows."""
    sms_token_file: Path | None = None
    safe: str | None = None
    """A folder on another volume than the main database's, for the log's last head and what must not be lost with the
    database; or `none`, which a demo alone may leave unsaid."""
    safe_patience: float = Field(default=10.0, ge=0.1, le=120)
    """Seconds that whoever takes something back waits for that folder, before they are told that it was not kept there
    too."""
    signer: Path | None = None
    """The socket of the process that signs the log (`saattaen sign`), where its key is not among this gateway's."""
    engine: Literal["embedded", "opa"] = "embedded"
    """Which policy engine judges: OPA's WebAssembly in process, or an OPA server."""
    opa_url: str | None = None
    """The OPA server's address, when `engine` is `opa`: https, save on this machine."""
    opa_plain: bool = False
    """Whether the OPA server may be asked in clear on another host, knowingly: over a network that is the two's alone.
    Whoever else is on it could read what is judged, and answer yes."""
    opa_token_file: Path | None = None
    """The bearer token that the OPA server asks for, in a file that nobody else reads."""
    custodians: Path | None = None
    """Which custodians' documents lie on FHIR servers of their own (YAML); without it all lie with the gateway."""
    identification: Path | None = None
    """The identity providers of clients and staff (YAML); without it there are no pages for people."""
    demo: bool = False
    """A demo says so in each answer, takes 900-series codes without issuer and uses marked keys."""
    patience: float = Field(default=20.0, ge=0.1, le=120)
    """How many seconds a request waits for a database that says nothing, before it is answered 503."""
    host: str = "127.0.0.1"
    port: int = Field(default=8440, ge=1, le=65535)
    trusted_proxies: str = ""
    """The addresses or networks of the reverse proxies in front, as in `127.0.0.1,10.2.0.0/16`: from them alone it is
    believed for whom they ask (`X-Forwarded-For`), and so whom a request is paced with."""
    workers: int = Field(default=1, ge=1, le=64)
    """How many processes serve on the one socket; one for each core is plenty."""
    read_only: bool = False
    """A start for inspection: nothing is written to any database, and so no data is released."""
    places: int = Field(default=32, ge=1, le=1024)
    """How many requests one process works on at once for a partner that is alone."""
    shared_places: int = Field(default=4, ge=1, le=1024)
    """The same for all partners together while several are about: fewer wait less, more fill the log's batches."""
    stranger_places: int = Field(default=4, ge=1, le=1024)
    """The same for requests whose token was not seen before, and for those without one."""
    tokens_per_second: float = Field(default=20.0, ge=0.1, le=10_000)
    """How many tokens one process gives to one partner in a second, and takes back for it; ten times that at once."""
    connections: int = Field(default=1000, ge=1, le=100_000)
    """How many connections one process serves."""
    logs: Literal["text", "json"] = "text"
    """How the process log is written, to standard error."""
    log_level: Literal["warning", "info"] = "warning"
    """With `info` each request leaves a line: method, route, status, time and request id."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where Prometheus reads `/metrics`; nothing is counted where it is not set."""
    metrics_host: str = "127.0.0.1"
    otlp: str | None = None
    """The OpenTelemetry collector that spans go to by OTLP over HTTP; nothing is traced where it is not set."""

    @field_validator("otlp")
    @classmethod
    def _collector(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://localhost")
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.username:
            raise ValueError("give the collector's address, as in http://127.0.0.1:4318")
        return value

    @field_validator("smtp")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "smtps://localhost")
        if parts.scheme not in ("smtps", "smtp", "smtp+plain") or not parts.hostname or parts.path or parts.username:
            raise ValueError("give the mail server, as in smtps://mail.example.fi or smtp://mail.example.fi:587")
        if parts.scheme == "smtp+plain" and parts.hostname not in _HERE:
            raise ValueError("mail leaves this machine encrypted: smtps:// or smtp://, save to a server on it")
        return value

    @field_validator("sms")
    @classmethod
    def _sms_gateway(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://localhost")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
            raise ValueError("the SMS gateway's address must be https, save on this machine itself")
        if not parts.hostname or parts.query or parts.username:
            raise ValueError("give the SMS gateway's address alone, as in https://sms.example.fi/messages")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        try:
            networks = [ip_network(one.strip()) for one in value.split(",") if one.strip()]
        except ValueError:
            raise ValueError("give addresses or networks, as in 127.0.0.1,10.2.0.0/16") from None
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("name the proxies: whoever believes everybody can be told anything")
        return ",".join(map(str, networks))

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of the proxies in front, each as the system tells of it: on an IPv6 socket IPv4 looks mapped."""
        networks = [ip_network(one) for one in self.trusted_proxies.split(",") if one]
        mapped = [
            f"::ffff:{network.network_address}/{96 + network.prefixlen}" for network in networks if network.version == 4
        ]
        return (*map(str, networks), *mapped)

    @property
    def tells_clients(self) -> bool:
        """Whether a channel leads to clients: a demo's folder, a mail server or an SMS gateway."""
        return self.demo or self.smtp is not None or self.sms is not None

    @property
    def safe_folder(self) -> Path | None:
        """The folder of the second volume, None where there is none."""
        return None if self.safe in (None, NO_SAFE) else Path(self.safe)

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("give the public address, as in https://gateway.example.fi")
        if parts.scheme == "http" and parts.hostname not in _HERE:
            raise ValueError("the public address must be https, save on this machine itself")
        return value.rstrip("/")


def read_settings(**given: object) -> Settings:
    """Return the settings, from *given* first and the environment then. Raises SettingsError naming each variable."""
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(
            f"SAATTAEN_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"The settings are not complete. {faults}.") from None
    if settings.database == settings.key_database:
        # Keys are made while the log is locked; in one database the two would wait for each other.
        raise SettingsError("SAATTAEN_KEY_DATABASE is the main database: keys need a database of their own.")
    if settings.safe is None and not settings.demo:
        raise SettingsError(
            "SAATTAEN_SAFE is missing: a folder on another volume than the database's, that keeps a restored backup "
            "from raising withdrawn consents. Say `none` where you take that risk."
        )
    if settings.safe_folder is not None and not settings.safe_folder.is_absolute():
        raise SettingsError("SAATTAEN_SAFE must be an absolute path, or `none`.")
    if settings.smtp is not None and settings.smtp_from is None:
        raise SettingsError("SAATTAEN_SMTP_FROM is missing: mail to clients needs an address that it comes from.")
    if settings.sms is not None and settings.sms_token_file is None:
        raise SettingsError("SAATTAEN_SMS_TOKEN_FILE is missing: the SMS gateway must know who sends.")
    if settings.engine == "opa" and settings.opa_url is None:
        raise SettingsError("SAATTAEN_OPA_URL is missing: the engine `opa` needs the server's address.")
    address = urlsplit(settings.opa_url or "")
    is_plain = address.scheme == "http" and address.hostname not in _HERE
    if settings.engine == "opa" and is_plain and not settings.opa_plain:
        raise SettingsError(
            "SAATTAEN_OPA_URL: the OPA server's address must be https, save on this machine itself: who can answer in "
            "its place decides what is released. Set SAATTAEN_OPA_PLAIN=true where a network of its own leads there."
        )
    return settings
