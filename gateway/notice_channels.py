"""Which channels lead from this installation to its clients, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from adapters.notices.notice_drop import NoticeDrop
from adapters.notices.sms_gateway import SmsChannel, SmsGateway
from adapters.notices.smtp import MailServer, SmtpChannel
from gateway.consent.notice_choice import ChannelKind
from gateway.consent.ports import NoticeChannel
from gateway.secret_files import read_secret
from gateway.settings import Settings

NO_PAGES = "There are no pages for people: set SAATTAEN_IDENTIFICATION. Until then /, /portal and /desk answer 404."
"""What the start and the doctor say of an installation that serves machines alone."""


def untold(settings: Settings) -> str | None:
    """Return what the start and the doctor say where no channel leads to clients; None where one does."""
    if settings.tells_clients:
        return None
    has_pages = settings.identification is not None
    read = "and read it on their own page alone" if has_pages else "and have no page to read it on"
    return (
        "No channel leads to clients: set SAATTAEN_SMTP or SAATTAEN_SMS. Until then they are not told what is new, "
        f"{read}, and no confirmation code reaches them."
    )


_TLS: Mapping[str, tuple[Literal["implicit", "starttls", "none"], int]] = {
    "smtps": ("implicit", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25),
}  # fmt: skip


def notice_channels(settings: Settings) -> Mapping[ChannelKind, NoticeChannel]:
    """Return the channels by kind; in a demo files stand for those that are not connected. Raises SettingsError."""
    channels: dict[ChannelKind, NoticeChannel] = {}
    if settings.demo:
        channels |= {kind: NoticeDrop(settings.outbox, kind) for kind in ChannelKind}
    if settings.smtp is not None:
        channels[ChannelKind.EMAIL] = SmtpChannel(mail_server(settings))
    if settings.sms is not None and settings.sms_token_file is not None:
        token = read_secret(settings.sms_token_file, "SAATTAEN_SMS_TOKEN_FILE").get_secret_value()
        channels[ChannelKind.SMS] = SmsChannel(SmsGateway(settings.sms, settings.sms_from, token))
    return channels


def mail_server(settings: Settings) -> MailServer:
    """Return the mail server that the settings name. Raises SettingsError for a secret that cannot be read."""
    parts = urlsplit(settings.smtp or "")
    tls, port = _TLS[parts.scheme]
    password = None
    if settings.smtp_password_file is not None:
        password = read_secret(settings.smtp_password_file, "SAATTAEN_SMTP_PASSWORD_FILE").get_secret_value()
    return MailServer(
        parts.hostname or "", parts.port or port, tls, settings.smtp_from or "", settings.smtp_user, password,
        settings.smtp_authorities,
    )  # fmt: skip
