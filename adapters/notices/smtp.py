"""Notices by e-mail, to the mail server of the installation. Nothing personal stands in subject, text or headers beside
the address itself.

The same notice has the same Message-ID at every attempt: where a connection is cut after the server took the mail and
before it said so, it is sent again, and a mailbox may know it. SMTP allows no more.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from gateway.consent.ports import Notice, NoticePutOff, NoticeRefused

_OURS_TO_MEND = frozenset({530, 534, 535, 538})
"""The server wants another sign-in or TLS, which no address can help: RFC 4954, 3207."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over and as whom. *tls* `none` is for a server on this machine alone."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    """Certificates of authorities to trust instead of the system's own."""
    timeout: float = 10.0
    """Seconds that each step may take."""


class SmtpChannel:
    """Hands each notice over in a connection of its own: they are few, and a broken one spoils no other."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._domain = server.sender.rpartition("@")[2]
        self._context = ssl.create_default_context(cafile=server.authorities) if server.tls != "none" else None

    async def send(self, notice: Notice) -> None:
        """Hand it over. Raises NoticeRefused where the server refuses this address or mail for good, NoticePutOff else.

        A refusal of our own sign-in or sender is not the address's fault, and is tried again.
        """
        await asyncio.to_thread(self._send, notice)

    def _send(self, notice: Notice) -> None:
        try:
            mail = self._mail(notice)
        except ValueError:
            raise NoticeRefused("smtp-address") from None  # A line break or another sign that no address has.
        try:
            link = self._connect()
            try:
                link.send_message(mail, self._server.sender, [notice.address])
                # The mail is handed over now, whatever becomes of the farewell.
                with suppress(OSError):
                    link.quit()
            finally:
                link.close()
        except smtplib.SMTPRecipientsRefused as refused:
            raise _answer(refused.recipients[notice.address][0]) from None
        except smtplib.SMTPDataError as refused:
            raise _answer(refused.smtp_code) from None
        except smtplib.SMTPResponseException as refused:
            raise NoticePutOff(f"smtp-{refused.smtp_code}", down=True) from None
        except smtplib.SMTPNotSupportedError:
            raise NoticePutOff("smtp-unsupported", down=True) from None
        except ssl.SSLError:
            raise NoticePutOff("smtp-tls", down=True) from None
        except OSError:  # Every other fault of smtplib is one too.
            raise NoticePutOff("smtp-unreachable", down=True) from None

    def _connect(self) -> smtplib.SMTP:
        """Open a connection that is encrypted, if it must be, before anything is said on it."""
        server = self._server
        link: smtplib.SMTP
        if server.tls == "implicit":
            link = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=self._domain, timeout=server.timeout, context=self._context
            )
        else:
            link = smtplib.SMTP(server.host, server.port, local_hostname=self._domain, timeout=server.timeout)
        try:
            if server.tls == "starttls":
                link.starttls(context=self._context)
            if server.user is not None:
                link.login(server.user, server.password or "")
        except BaseException:
            link.close()
            raise
        return link

    def _mail(self, notice: Notice) -> EmailMessage:
        if not notice.address.isascii() or "@" not in notice.address:
            raise ValueError("no address")
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._server.sender
        mail["To"] = notice.address
        mail["Subject"] = notice.subject
        mail["Date"] = format_datetime(notice.at)
        mail["Message-ID"] = f"<{notice.id}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is to be told to us.
        mail.set_content(notice.text)
        mail["Content-Language"] = "fi" if notice.language.startswith("fi") else notice.language
        return mail


def _answer(code: int) -> NoticeRefused | NoticePutOff:
    if 500 <= code < 600 and code not in _OURS_TO_MEND:
        return NoticeRefused(f"smtp-{code}")
    return NoticePutOff(f"smtp-{code}")
