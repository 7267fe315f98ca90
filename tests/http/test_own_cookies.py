"""The cookies that come in: ours as we write them, and nothing whose reading takes long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.requests import Request

from gateway.http.own_cookies import with_own_cookies
from tests.laws.gateway_world import BASE
from tests.web.people import open_people

SLOW = '"' + "\\\\" * 8000 + '"'
"""A value in quotes that Python before 3.11.10 takes seconds to unquote."""


def read(*sent: str) -> dict[str, str]:
    """Return the cookies that Starlette reads of these headers, once they went through."""
    headers = with_own_cookies([(b"host", b"a"), *((b"cookie", one.encode("latin-1")) for one in sent)])
    assert (b"host", b"a") in headers
    return dict(Request({"type": "http", "headers": headers}).cookies)


def test_our_own_cookies_come_through_and_nobody_elses() -> None:
    assert read("a=b; __Host-saattaen-session=Ab_-9;saattaen-work=sote-keskus.laakari.care ;other=1") == {
        "__Host-saattaen-session": "Ab_-9", "saattaen-work": "sote-keskus.laakari.care",
    }  # fmt: skip
    assert read("saattaen-language=fi-x-selko", "saattaen-text-size=large") == {
        "saattaen-language": "fi-x-selko", "saattaen-text-size": "large",
    }  # fmt: skip
    assert read("saattaen-language=sv; saattaen-language=en") == {"saattaen-language": "en"}
    assert read() == {}


@pytest.mark.parametrize(
    "sent",
    [
        'saattaen-session="abc"', f"saattaen-session={SLOW}", f"saattaen-a={SLOW}", 'saattaen-a=b\\"', "saattaen-a=b c",
        "saattaen-a=b,c", "saattaen-a=ä", f"saattaen-a={'b' * 513}", "__host-saattaen-a=b", "xsaattaen-a=b",
        "saattaen-A=b", "saattaen-a", "saattaen-=a", "__Secure-saattaen-a=b", "saattaen-a=\x0b", 'a="; saattaen-a="',
    ],
)  # fmt: skip
def test_cookie_that_we_never_wrote_is_no_cookie(sent: str) -> None:
    assert read(sent) == {}


def test_what_stands_beside_an_odd_cookie_is_read_all_the_same() -> None:
    assert read(f'a={SLOW}; saattaen-work=a.b.c; b="x;y"') == {"saattaen-work": "a.b.c"}


def test_no_number_of_cookies_is_read_without_end() -> None:
    assert len(read("; ".join(f"saattaen-a{number}=1" for number in range(5000)))) == 32
    assert len(read(*(f"saattaen-a{number}=1" for number in range(5000)))) == 32


@pytest.mark.parametrize("sent", [";" * 32_000, " " * 32_000, "; " * 16_000, "saattaen-" * 3500, "\t;" * 16_000])
def test_whatever_is_sent_is_read_in_time_by_its_length(sent: str) -> None:
    began = time.thread_time()
    read(sent)
    short = time.thread_time() - began
    began = time.thread_time()
    read(sent * 8)
    assert time.thread_time() - began < 40 * max(short, 0.001)


async def test_no_address_of_pages_or_of_partners_is_stopped_by_a_cookie(tmp_path: Path) -> None:
    async with open_people(tmp_path) as people:
        web = (await people.visitor()).web
        await web.get("/help")
        for name in ("a", "saattaen-session", "saattaen-language"):
            for method, path in (
                ("GET", "/help"), ("GET", "/nowhere"), ("GET", "/portal"), ("POST", "/api/v1/relations"),
                ("GET", "/fhir/metadata"), ("GET", "/api/v1/nowhere"),
            ):  # fmt: skip
                began = time.thread_time()
                await web.request(method, f"{BASE}{path}", headers={"cookie": f"{name}={SLOW}"})
                # What it takes by the square of the length is far more than a second.
                assert time.thread_time() - began < 0.8, path


async def test_who_is_signed_in_stays_so_beside_anybody_elses_cookies(tmp_path: Path) -> None:
    async with open_people(tmp_path) as people:
        client = await people.client("suvi")
        mine = "; ".join(f"{name}={value}" for name, value in client.web.cookies.items())
        for beside in (f"a={SLOW}; {mine}", f'{mine}; b="c"', f"{';' * 9000}{mine}", mine.replace("; ", ";")):
            client.web.cookies.clear()
            assert (await client.web.get("/portal", headers={"cookie": beside})).status_code == 200
