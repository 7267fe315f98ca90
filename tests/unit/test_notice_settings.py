"""Which settings make which channel to clients, and which stop the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.notices.notice_drop import NoticeDrop
from adapters.notices.sms_gateway import SmsChannel
from adapters.notices.smtp import SmtpChannel
from gateway.consent.notice_choice import ChannelKind
from gateway.errors import SettingsError
from gateway.notice_channels import mail_server, notice_channels
from gateway.settings import Settings, read_settings


def settings(folder: Path, **more: object) -> Settings:
    """Settings that are whole, and *more*."""
    given: dict[str, object] = {
        "database": f"sqlite:///{folder}/a.db", "key_database": f"sqlite:///{folder}/b.db", "keys": folder / "keys",
        "base_url": "https://gw.example", "directory": folder / "d.yaml", "outbox": folder / "outbox", "safe": "none",
    }  # fmt: skip
    return read_settings(**(given | more))


def secret(folder: Path, content: str = "secret\n", mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_text(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "address, tls, port",
    [
        ("smtps://mail.example.fi", "implicit", 465), ("smtp://mail.example.fi", "starttls", 587),
        ("smtp://mail.example.fi:25", "starttls", 25), ("smtp+plain://127.0.0.1:1025", "none", 1025),
    ],
)  # fmt: skip
def test_a_mail_server_is_named_by_an_address(tmp_path: Path, address: str, tls: str, port: int) -> None:
    made = settings(
        tmp_path, smtp=address, smtp_from="viesti@palvelu.example", smtp_user="gw", smtp_password_file=secret(tmp_path)
    )
    server = mail_server(made)
    assert (server.tls, server.port, server.sender, server.user) == (tls, port, "viesti@palvelu.example", "gw")
    assert server.password == "secret"
    assert "secret" not in repr(server)
    assert {kind: type(one) for kind, one in notice_channels(made).items()} == {ChannelKind.EMAIL: SmtpChannel}


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"smtp": "smtp+plain://mail.example.fi", "smtp_from": "a@b.fi"}, "encrypted"),
        ({"smtp": "mail.example.fi", "smtp_from": "a@b.fi"}, "SAATTAEN_SMTP"),
        ({"smtp": "smtps://user:password@mail.example.fi", "smtp_from": "a@b.fi"}, "SAATTAEN_SMTP"),
        ({"smtp": "smtps://mail.example.fi"}, "SAATTAEN_SMTP_FROM"),
        ({"sms": "http://sms.example.fi"}, "https"),
        ({"sms": "https://sms.example.fi/?key=1"}, "SAATTAEN_SMS"),
        ({"sms": "https://sms.example.fi"}, "SAATTAEN_SMS_TOKEN_FILE"),
    ],
)
def test_a_channel_that_is_not_whole_stops_the_start(tmp_path: Path, wrong: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as stopped:
        settings(tmp_path, **wrong)
    assert "password@" not in str(stopped.value)


@pytest.mark.parametrize("content, mode, says", [("secret", 0o644, "open to other users"), (" \n", 0o600, "empty")])
def test_a_secret_is_in_a_file_of_its_owner_alone(tmp_path: Path, content: str, mode: int, says: str) -> None:
    made = settings(tmp_path, sms="https://sms.example.fi", sms_token_file=secret(tmp_path, content, mode))
    with pytest.raises(SettingsError, match=says):
        notice_channels(made)
    gone = settings(tmp_path, sms="https://sms.example.fi", sms_token_file=tmp_path / "none")
    with pytest.raises(SettingsError, match="cannot be read"):
        notice_channels(gone)


def test_an_installation_has_the_channels_that_are_set_and_a_demo_drops_files(tmp_path: Path) -> None:
    assert notice_channels(settings(tmp_path)) == {}
    assert not settings(tmp_path).tells_clients
    both = settings(tmp_path, sms="https://sms.example.fi", sms_token_file=secret(tmp_path))
    assert {kind: type(one) for kind, one in notice_channels(both).items()} == {ChannelKind.SMS: SmsChannel}
    assert both.tells_clients
    demo = notice_channels(settings(tmp_path, demo=True))
    assert {type(one) for one in demo.values()} == {NoticeDrop}
    assert set(demo) == set(ChannelKind)
