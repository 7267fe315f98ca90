"""How a form is read: as our pages send one, never in a charset, a kind or a size that its sender chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.http.problems import EdgeError
from gateway.web.fields import read_fields
from tests.laws.gateway_world import BASE
from tests.web.desk_visits import answer, found, prepare
from tests.web.people import People
from tests.web.sign_in_world import SignInWorld, open_sign_in

PLAIN = "application/x-www-form-urlencoded"
ODD = (
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=x; charset=punycode", "multipart/form-data; charset=idna; boundary=x",
    'multipart/form-data; boundary=x; charset="utf-7"', "multipart/form-data; boundary=x; charset=utf-8; charset=utf-7",
    "multipart/form-data; boundary=x; CHARSET=unicode_escape", f"{PLAIN}; charset=punycode",
    "text/plain", "application/json", f"{PLAIN}, text/plain", f"{PLAIN}; boundary=x; charset=utf-16",
)  # fmt: skip
ROW = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"
CONFIRM = f"{BASE}/portal/confirm/{'0' * 32}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SignInWorld]:
    async with open_sign_in(tmp_path) as opened:
        yield opened


def parts(**fields: str) -> bytes:
    """Return a multipart body with the boundary `x`."""
    said = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n' for name, one in fields.items()]
    return "".join([*said, "--x--\r\n"]).encode()


async def reading(body: bytes, kind: str, **asked: bool | int) -> dict[str, str]:
    """Return the fields that are read of a body, sent with these words for its kind."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", kind.encode())]}
    fields = await read_fields(Request(scope, receive), **asked)  # type: ignore[arg-type]
    return {name: str(value) for name, value in fields.multi_items()}


async def test_stranger_sends_a_code_as_our_page_does_or_is_not_listened_to(people: People) -> None:
    web = (await people.visitor()).web
    for kind in ODD:
        refused = await web.post(CONFIRM, content=parts(code="bbb-aaa"), headers={"content-type": kind})
        assert refused.status_code == 415 and refused.headers["content-type"].startswith("text/html"), kind
    taken = await web.post(CONFIRM, content=b"code=ABCD-EFGH", headers={"content-type": f"{PLAIN}; charset=UTF-8"})
    assert taken.status_code == 422


async def test_provider_tells_the_end_of_a_session_in_a_plain_form_alone(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    (presence,) = world.providers.clients.present
    token = world.providers.clients.logout_token(presence)
    path = f"{BASE}/sign-in/suomifi/backchannel-logout"
    for kind in ODD:
        told = await browser.web.post(path, content=parts(logout_token=token), headers={"content-type": kind})
        assert (told.status_code, told.json()) == (400, {"error": "invalid_request"}), kind
    assert await browser.is_in()
    assert (await browser.web.post(path, data={"logout_token": token})).status_code == 200
    assert not await browser.is_in()


async def test_bytes_that_no_charset_has_are_no_fault_of_ours(people: People) -> None:
    web = (await people.visitor()).web
    for charset in ("utf-7", "idna", "punycode", "utf-16", "rot13", "hex", "undefined"):
        said = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
        for value in ("+\udc80", "xn--\udcff-", "\ud800"):
            body = parts(code="-").replace(b"-\r\n--x--", value.encode("utf-8", "surrogatepass") + b"\r\n--x--")
            assert (await web.post(CONFIRM, content=body, headers=said)).status_code == 415


async def test_stranger_has_sixteen_kilobytes_and_a_client_has_room_to_write(people: People) -> None:
    said = {"content-type": PLAIN}
    stranger = (await people.visitor()).web
    assert (await stranger.post(CONFIRM, content=b"code=" + b"a" * 16_000, headers=said)).status_code == 400
    assert (await stranger.post(CONFIRM, content=b"code=" + b"a" * 17_000, headers=said)).status_code == 413
    client = await people.client("suvi")
    assert client.session is not None
    body = f"csrf={client.session.csrf}&text={'a' * 100_000}".encode()
    assert (await client.web.post("/portal/resume", content=body, headers=said)).status_code == 303


async def test_what_no_browser_writes_is_refused_before_it_is_read_slowly(people: People) -> None:
    web = (await people.visitor()).web
    for body in (b"code=" + b"%" * 9, b"&&", b"code=%4", b"code=%zz", "code=ä".encode(), b"code=a b", b"code=a\n"):
        assert (await web.post(CONFIRM, content=body, headers={"content-type": PLAIN})).status_code == 400, body


async def test_form_without_a_file_is_never_multipart_whoever_sends_it(people: People) -> None:
    client = await people.client("suvi")
    assert client.session is not None
    body, said = parts(csrf=client.session.csrf), {"content-type": "multipart/form-data; boundary=x"}
    assert (await client.web.post("/portal/resume", content=body, headers=said)).status_code == 415


async def test_scan_comes_in_our_charset_alone(people: People) -> None:
    doctor = await people.professional("sote-keskus", "laakari")
    await doctor.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    draft = await prepare(doctor, await found(people, doctor, "suvi", "care"), "work-ability", [ROW], "paper-scan")
    await answer(doctor, draft, "yes")
    assert doctor.session is not None
    request = httpx.Request(
        "POST", BASE, data={"csrf": doctor.session.csrf}, files={"scan": ("a.pdf", b"%PDF-1.7 a", "application/pdf")}
    )
    body, kind = request.read(), request.headers["content-type"]
    for more in ("; charset=punycode", "; charset=latin-1", '; charset="utf-16"'):
        refused = await doctor.web.post(f"{draft}/proof", content=body, headers={"content-type": kind + more})
        assert refused.status_code == 415
        assert (await doctor.get(f"{draft}/scan")).status_code == 404
    taken = await doctor.web.post(f"{draft}/proof", content=body, headers={"content-type": kind + "; charset=utf-8"})
    assert taken.status_code == 303 and (await doctor.get(f"{draft}/scan")).status_code == 200


async def test_what_a_part_says_of_its_charset_is_not_heeded() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\npunycode\r\n'
        b'--x\r\nContent-Disposition: form-data; name="note"\r\nContent-Type: text/plain; charset=punycode\r\n\r\n'
        + "ä-b".encode()
        + b"\r\n--x--\r\n"
    )
    read = await reading(body, "multipart/form-data; boundary=x", has_file=True)
    assert read == {"_charset_": "punycode", "note": "ä-b"}


async def test_few_fields_stand_beside_a_file() -> None:
    many = parts(**{f"f{number}": "a" for number in range(9)})
    with pytest.raises(Exception, match="Too many fields"):
        await reading(many, "multipart/form-data; boundary=x", has_file=True)


async def test_browsers_own_ways_to_say_it_are_understood() -> None:
    for kind in (
        "multipart/form-data; boundary=----WebKitFormBoundaryAbCdEf0123456789",
        "multipart/form-data; boundary=----geckoformboundary6a1f5e0c9b8d7f6e5d4c3b2a19080706",
        "multipart/form-data; boundary=---------------------------974767299852498929531610575",
    ):
        mark = kind.partition("boundary=")[2].encode()
        body = parts(note="ä").replace(b"--x", b"--" + mark)
        assert await reading(body, kind, has_file=True) == {"note": "ä"}
    with pytest.raises(EdgeError):
        await reading(parts(note="a"), "multipart/form-data", has_file=True)
    assert await reading(b"a=%C3%A4+b&c=", PLAIN) == {"a": "ä b", "c": ""}
