"""Every channel to clients: what it hands over, and how it answers where it cannot. The mail server is a real one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import orjson
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.notices.notice_drop import NoticeDrop
from adapters.notices.sms_gateway import SmsChannel, SmsGateway
from adapters.notices.smtp import MailServer, SmtpChannel
from adapters.suomifi.messages import SimulatedMessages
from gateway.consent.ports import Notice, NoticePutOff, NoticeRefused
from tests.simulators.sms_gateway import SimulatedSmsGateway
from tests.unit.consent.consent_room import Room
from tests.unit.consent.test_telling_clients import Telling

AT = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
NOTICE = Notice(
    "n" * 32, "suvi@example.fi", "fi", "Uutta suostumuspalvelussa", "Sinulle on uutta: äö https://gw.example", AT
)
SENDER = "viesti@palvelu.example"


@dataclass
class Mailbox:
    """What the mail server does with a mail; the fields are what it answers, where not 250."""

    mails: list[Envelope] = field(default_factory=list)
    to_recipient: str = ""
    to_mail: str = ""
    held: asyncio.Event | None = None
    """A mail waits for it."""
    cut: str = ""
    """Where the connection is cut: `data` before the mail is taken, `taken` after it."""
    script: list[str] = field(default_factory=list)
    """What becomes of the next mails, one after another: `cut`, or an answer. Then all are taken."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.held is not None:
            await self.held.wait()
        if self.to_mail:
            return self.to_mail
        step = self.script.pop(0) if self.script else ""
        if step not in ("", "cut"):
            return step
        cut = self.cut or ("data" if step == "cut" else "")
        if cut != "data":
            self.mails.append(envelope)
        if cut:
            assert server.transport is not None
            server.transport.abort()
        return "250 taken"

    def last_mail(self) -> EmailMessage:
        """The last mail, as its reader's program reads it."""
        content = self.mails[-1].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


@dataclass(frozen=True)
class Certificate:
    context: ssl.SSLContext
    authorities: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost that is its own authority."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    chain, private = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, private)
    return Certificate(context, chain)


def sign_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"gateway", b"secret"), handled=False)


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, certificate: Certificate | None = None, tls: str = "none", *, secret: bool = False
) -> AsyncIterator[MailServer]:
    """Serve on a free port of this machine; yield how it is reached."""
    running = asyncio.get_running_loop()
    context = certificate.context if certificate is not None else None

    def protocol() -> SMTP:
        return SMTP(
            mailbox, hostname="localhost", loop=running, tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls", authenticator=sign_in if secret else None, auth_required=secret,
            auth_require_tls=secret,
        )  # fmt: skip

    server = await running.create_server(protocol, "127.0.0.1", 0, ssl=context if tls == "implicit" else None)
    port = server.sockets[0].getsockname()[1]
    authorities = certificate.authorities if certificate is not None else None
    try:
        yield MailServer("localhost", port, tls, SENDER, authorities=authorities, timeout=30.0)  # type: ignore[arg-type]
    finally:
        server.close()


async def refusal(server: MailServer, notice: Notice = NOTICE) -> Exception:
    """What the channel answers where it does not hand over."""
    with pytest.raises((NoticeRefused, NoticePutOff)) as caught:
        await SmtpChannel(server).send(notice)
    assert "suvi" not in repr(caught.value)
    return caught.value


# The mail.


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_mail_holds_the_words_and_nothing_else_of_anybody(certificate: Certificate, tls: str) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, certificate, tls) as server:
        await SmtpChannel(server).send(NOTICE)
    assert len(mailbox.mails) == 1
    assert (mailbox.mails[0].mail_from, mailbox.mails[0].rcpt_tos) == (SENDER, ["suvi@example.fi"])
    mail = mailbox.last_mail()
    assert mail["Subject"] == NOTICE.subject
    assert mail.get_content().strip() == NOTICE.text
    assert parsedate_to_datetime(str(mail["Date"])) == AT
    assert mail["Message-ID"] == f"<{NOTICE.id}@palvelu.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert sorted(mail.keys()) == [
        "Auto-Submitted", "Content-Language", "Content-Transfer-Encoding", "Content-Type", "Date", "From",
        "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip


async def test_a_server_that_asks_for_a_sign_in_gets_it_over_tls(certificate: Certificate) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox, certificate, "starttls", secret=True) as server:
        await SmtpChannel(replace(server, user="gateway", password="secret")).send(NOTICE)
        wrong = await refusal(replace(server, user="gateway", password="wrong"))
        none = await refusal(server)
    assert len(mailbox.mails) == 1
    assert isinstance(wrong, NoticePutOff) and wrong.code == "smtp-535"
    assert isinstance(none, NoticePutOff) and none.code == "smtp-530"


async def test_nothing_is_said_to_a_server_that_is_not_the_one(certificate: Certificate) -> None:
    mailbox = Mailbox()
    for tls in ("starttls", "implicit"):
        async with mail_server(mailbox, certificate, tls) as server:
            stranger = await refusal(replace(server, authorities=None))
        assert isinstance(stranger, NoticePutOff) and stranger.code == "smtp-tls"
    async with mail_server(mailbox) as plain:
        bare = await refusal(replace(plain, tls="starttls"))
    assert isinstance(bare, NoticePutOff) and bare.code == "smtp-unsupported"
    assert mailbox.mails == []


# Answers.


@pytest.mark.parametrize("where", ["to_recipient", "to_mail"])
@pytest.mark.parametrize(
    "answer, refused", [("550 unknown", True), ("552 full", True), ("451 later", False), ("421 bye", False)]
)
async def test_a_refusal_for_good_is_told_apart_from_one_for_now(where: str, answer: str, refused: bool) -> None:
    mailbox = Mailbox()
    setattr(mailbox, where, answer)
    async with mail_server(mailbox) as server:
        answered = await refusal(server)
    assert isinstance(answered, NoticeRefused if refused else NoticePutOff)
    assert answered.code == f"smtp-{answer[:3]}"  # type: ignore[attr-defined]
    assert mailbox.mails == []


async def test_a_server_that_cuts_the_connection_before_it_took_the_mail_gets_it_again() -> None:
    mailbox = Mailbox(cut="data")
    async with mail_server(mailbox) as server:
        assert isinstance(await refusal(server), NoticePutOff)
        mailbox.cut = ""
        await SmtpChannel(server).send(NOTICE)
    assert len(mailbox.mails) == 1


async def test_one_that_took_the_mail_and_did_not_say_so_gets_it_under_the_same_id() -> None:
    mailbox = Mailbox(cut="taken")
    async with mail_server(mailbox) as server:
        assert isinstance(await refusal(server), NoticePutOff)
        mailbox.cut = ""
        await SmtpChannel(server).send(NOTICE)
    contents = [message_from_bytes(one.content or b"")["Message-ID"] for one in mailbox.mails]  # type: ignore[arg-type]
    assert len(contents) == 2
    assert len(set(contents)) == 1


async def test_a_slow_server_is_left_after_the_time_out() -> None:
    held = asyncio.Event()
    async with mail_server(Mailbox(held=held)) as server:
        # It is left while it says nothing: this is not a mail that it took or refused in the end.
        answered = await asyncio.wait_for(refusal(replace(server, timeout=0.3)), server.timeout)
        held.set()
    assert isinstance(answered, NoticePutOff) and answered.code == "smtp-unreachable"


async def test_where_nobody_listens_it_is_tried_again() -> None:
    async with mail_server(Mailbox()) as server:
        pass
    answered = await refusal(server)
    assert isinstance(answered, NoticePutOff) and answered.code == "smtp-unreachable"


@pytest.mark.parametrize("address", ["suvi@example.fi\r\nBcc: all@example.fi", "süvi@example.fi", ""])
async def test_an_address_that_is_none_is_refused_before_anything_is_said(address: str) -> None:
    mailbox = Mailbox()
    async with mail_server(mailbox) as server:
        answered = await refusal(server, replace(NOTICE, address=address))
    assert isinstance(answered, NoticeRefused)
    assert mailbox.mails == []


async def test_every_notice_arrives_once_through_a_server_that_fails_half_of_the_time(tmp_path: Path) -> None:
    mailbox = Mailbox(script=["451 later", "cut", "cut", "452 full", "451 later", "cut"])
    room = Room.open(tmp_path)
    async with mail_server(mailbox) as server:
        telling = Telling(room, mail=SmtpChannel(server))
        for code in ("140395-9022", "211170-903L", "150390-999J"):
            await telling.disclosed(await telling.client(code), "e1")
        for _ in range(400):
            if not await telling.counts() and not mailbox.script and len(mailbox.mails) == 3:
                break
            room.clock.at += timedelta(seconds=30)
    ids = [message_from_bytes(one.content or b"")["Message-ID"] for one in mailbox.mails]  # type: ignore[arg-type]
    assert len(ids) == len(set(ids)) == 3
    assert await telling.counts() == {}
    room.close()


# SMS.


@pytest.fixture
def sms() -> SimulatedSmsGateway:
    return SimulatedSmsGateway("token")


def channel(sms: SimulatedSmsGateway, token: str = "token") -> SmsChannel:
    return SmsChannel(SmsGateway("https://sms.example/messages", "Viesti", token), sms.transport())


async def test_an_sms_holds_the_words_and_is_sent_once(sms: SimulatedSmsGateway) -> None:
    notice = replace(NOTICE, address="+358401234567")
    for _ in range(2):
        await channel(sms).send(notice)
    assert sms.sent == {NOTICE.id: {"to": "+358401234567", "from": "Viesti", "text": NOTICE.text}}


@pytest.mark.parametrize(
    "token, address, down, refused",
    [("token", "no number", False, True), ("wrong", "+358401234567", False, False), ("token", "+358401", True, False)],
)
async def test_an_sms_gateway_refuses_a_number_for_good_and_everything_else_for_now(
    sms: SimulatedSmsGateway, token: str, address: str, down: bool, refused: bool
) -> None:
    sms.down = down
    with pytest.raises(NoticeRefused if refused else NoticePutOff):
        await channel(sms, token).send(replace(NOTICE, address=address))
    assert sms.sent == {}


async def test_a_gateway_that_cannot_be_reached_is_tried_again() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("slow")

    one = SmsChannel(SmsGateway("https://sms.example", "Viesti", "token"), httpx.MockTransport(fail))
    with pytest.raises(NoticePutOff, match="sms-unreachable"):
        await one.send(NOTICE)


# Suomi.fi messages, and files.


async def test_a_letter_reaches_who_has_a_mailbox_and_once() -> None:
    messages, notice = SimulatedMessages(), replace(NOTICE, address="140395-9022")
    with pytest.raises(NoticeRefused, match="no-mailbox"):
        await messages.send(notice)
    messages.activate("140395-9022")
    for _ in range(2):
        await messages.send(notice)
    assert [(one.title, one.body) for one in messages.letters("140395-9022")] == [(NOTICE.subject, NOTICE.text)]
    messages.down = True
    with pytest.raises(NoticePutOff):
        await messages.send(notice)


async def test_a_dropped_notice_is_one_file_without_the_address(tmp_path: Path) -> None:
    for _ in range(2):
        await NoticeDrop(tmp_path, "email").send(NOTICE)
    (file,) = tmp_path.rglob("*.json")
    assert orjson.loads(file.read_bytes())["text"] == NOTICE.text
    assert b"suvi" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(OSError, match="plain"):
        await NoticeDrop(tmp_path, "email").send(replace(NOTICE, id="../n"))
