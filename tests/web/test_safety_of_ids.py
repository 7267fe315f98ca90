"""Others' ids, what somebody wrote, and what somebody sends: held against every page of every reader."""

from __future__ import annotations

import io
import re
import zipfile

import httpx
import pytest

from gateway.disclosure.concern import Answer
from gateway.disclosure.log_query import Officer
from gateway.web.session import Kind, SignedIn
from tests.laws.gateway_world import STRANGER
from tests.web.crawl import routes_of
from tests.web.desk_visits import answer, find, found, place_of, prepare
from tests.web.furnished import furnish
from tests.web.people import People, Visitor, words
from tests.web.readers import READERS, visit
from tests.web.test_safety import come_to, standing, steps_of

_ID = re.compile(r"(?<=/)(?:[0-9a-f]{32}|\d{4}[./]\d+)(?=/|$)")
_REQUEST = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
EVIL = '"><script>alert(1)</script>'
LINK = "javascript:alert(1)//"
SAID = f"{LINK} {EVIL} '><img src=x onerror=alert(1)>"
ROW = "sote-keskus:kuntakokeilu:work-ability-plan:employment-support"


def nobodys(id_: str) -> str:
    """Return an id like *id_* that nothing bears."""
    return id_[:5] + "9999999" if id_[4] in "./" else "0" * 32


def alike(answer: httpx.Response, id_: str) -> tuple[int, str]:
    """Return an answer without what differs between any two: the id that was asked for and the request's own."""
    return answer.status_code, _REQUEST.sub("-", re.sub(rf"{re.escape(id_)}(?![0-9a-f])", "-", answer.text))


async def others(people: People, who: str) -> list[Visitor]:
    """Return browsers of those whose affair a reader's pages are not."""
    match who:
        case "client":
            return [await people.client("sirpa")]
        case "professional":
            coach = await people.professional("kuntakokeilu", "omavalmentaja", worker="w-3")
            social = await people.professional("sosiaalityo", "omatyontekija", worker="w-1")
            await social.post("/desk/work", {"work": "sosiaalityo.omatyontekija.care-coordination"})
            return [coach, social]
        case _:
            return [await people.officer("tyonantaja"), await people.officer("tyopaja")]


@pytest.mark.parametrize(("who", "room"), [("client", "portal"), ("professional", "desk"), ("officer", "oversight")])
async def test_every_id_of_a_reader_answers_others_as_an_unknown_one_does(people: People, who: str, room: str) -> None:
    await furnish(people)
    owner, starts = await visit(people, who, "en")
    opened = await come_to(people, owner, starts, each=True)
    with_ids = {address: match[0] for address in opened if (match := _ID.search(address.partition("?")[0]))}
    assert len(with_ids) > 8
    before = await standing(people)
    for other in await others(people, who):
        nowhere: dict[str, httpx.Response] = {}
        for address, id_ in with_ids.items():
            unknown = address.replace(id_, nobodys(id_))
            if unknown not in nowhere:
                nowhere[unknown] = await other.get(unknown)
            theirs = await other.get(address)
            assert alike(theirs, id_) == alike(nowhere[unknown], nobodys(id_)), address
            assert theirs.status_code != 200 or "Why you look" in words(theirs), address
        for template in routes_of(people.app, room, "POST"):
            path = steps_of(template, list(opened))
            if (match := _ID.search(path)) is None or "{handle}" in template:
                continue
            fields = {"answer": "yes", "what": "all", "says": "in-vain", "told": "1", "reason": "curiosity"}
            theirs = await other.post(path, fields)
            none = await other.post(path.replace(match[0], nobodys(match[0])), fields)
            assert alike(theirs, match[0]) == alike(none, nobodys(match[0])), path
            assert theirs.status_code == 404 or path.endswith(("/why", "/verify")), path
    assert await standing(people) == before


async def somebody(people: People, subject: str, **more: object) -> Visitor:
    """Return the browser of a member of staff whose name is an attack."""
    person = SignedIn(Kind.STAFF, subject, EVIL, "substantial", people.laws.clock.now(), **more)  # type: ignore[arg-type]
    return await people.visitor(person)


async def write_everywhere(people: People) -> None:
    """Put markup into whatever is stored and shown."""
    laws = people.laws
    doctor = await somebody(
        people, "w-1", organisation="hyvinvointialue", services=("sote-keskus",), roles=("laakari",)
    )  # fmt: skip
    await doctor.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    page = place_of(await doctor.post("/desk/find", {"code": laws.code("suvi"), "purpose": "care", "reason": SAID}))
    sections = laws.world.directory.categories["work-ability-plan"].sections
    written = {f"text-{section}": SAID for section in sections if section != "schedule"}
    written |= {"text-schedule": SAID}
    place_of(await doctor.post(f"{page}/deposit/work-ability-plan", written))
    draft = await prepare(doctor, page, "work-ability", [ROW], "with-professional", {"ticks-0": ["health"]})
    await answer(doctor, draft, "yes")
    place_of(await doctor.post(f"{draft}/understood", {"told": "1"}))
    spoken = await prepare(doctor, page, "work-ability", [ROW], "verbal")
    await answer(doctor, spoken, "yes")
    place_of(await doctor.post(f"{spoken}/proof", {"note": SAID}))
    people.places["professional"] += [f"{spoken}/proof", f"{spoken}/understood", f"{draft}/receipt"]
    unknown = await find(doctor, STRANGER, "care", SAID)
    new = await prepare(doctor, unknown, "work-ability", [ROW], "with-professional", name=SAID)
    await answer(doctor, new, "yes")
    place_of(await doctor.post(f"{new}/understood", {"told": "1"}))
    place_of(await doctor.post(f"{unknown}/deposit/work-ability-plan", written))
    coach = await somebody(
        people, "w-2", organisation="tyollisyysalue", services=("kuntakokeilu",), roles=("omavalmentaja",)
    )  # fmt: skip
    theirs = await find(coach, laws.code("suvi"), "employment-support", SAID)
    read = await coach.post(f"{theirs}/open", {"category": "work-ability-plan"})
    assert EVIL not in read.text and "&lt;script&gt;" in read.text

    suvi, client = await people.client("suvi"), await people.client_id("suvi")
    seen = [one for one in laws.entries() if (one.kind, one.client, one.outcome) == ("search", client, "permit")]
    seen += [one for one in laws.entries() if (one.kind, one.client, one.outcome) == ("disclosure", client, "permit")]
    raised = await laws.gateway.concerns.raise_concern(client, seen[-1].origin, seen[-1].index, said=SAID)
    await laws.gateway.concerns.answer(raised.id, Officer("o-1", EVIL, "hyvinvointialue"), Answer.MISTAKE, SAID)
    people.places["client"].append(f"/portal/log/{raised.origin.rpartition('/')[2]}.{raised.index}")
    for fields in ({"rhythm": "each", "channel": "email", "address": SAID}, {"rhythm": SAID, "channel": SAID}):
        refused = await suvi.post("/portal/settings", fields)
        assert refused.status_code in (400, 422) and EVIL not in refused.text
    officer = await somebody(people, "o-2", organisation="hyvinvointialue", is_officer=True)
    odd = await officer.post("/oversight/search", {"reason": SAID, "requester": SAID, "since": SAID, "kind": SAID})
    assert odd.status_code == 422 and "&lt;script&gt;" in odd.text and EVIL not in odd.text
    place_of(await officer.post("/oversight/search", {"reason": SAID, "person": SAID}))
    asked = {"package": "703-2023-11", "reason": SAID[:300], "special": SAID[:300], "language": "en"}
    place_of(await officer.post("/oversight/clients", asked | {"client": laws.code("suvi")}))


@pytest.mark.parametrize("who", READERS)
async def test_what_somebody_wrote_is_text_on_every_page_of_every_reader(people: People, who: str) -> None:
    await furnish(people)
    await write_everywhere(people)
    visitor, starts = await visit(people, who, "en")
    if who == "officer":
        named = await visitor.post("/oversight/search", {"reason": SAID})
        starts = [*starts, named.headers["location"]]
    shown = 0
    for address, one in (await come_to(people, visitor, starts, each=True)).items():
        kind = one.headers.get("content-type", "")
        if not kind.startswith("text/html"):
            assert one.headers["x-content-type-options"] == "nosniff", address
            continue
        assert "<script" not in one.text and "<img src=x" not in one.text, address
        assert not re.search(r"""(?:href|src|action)=["']?\s*javascript:""", one.text, re.IGNORECASE), address
        assert not re.search(r"<[a-z]+\b[^<>]*\son[a-z]+=", one.text), address
        shown += "&lt;script&gt;alert(1)" in one.text
    assert shown >= {"stranger": 0, "client": 2, "representative": 0, "professional": 2, "officer": 2}[who]


def packed() -> bytes:
    """Return a ZIP file."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("scan.png", b"\x89PNG")
    return kept.getvalue()


SENT = {
    "html": (b"<!doctype html><script>alert(1)</script>", "image/png"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/svg+xml"),
    "svg as png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/png"),
    "zip": (packed(), "application/pdf"),
    "gif": (b"GIF89a" + b"\0" * 50, "image/gif"),
    "nothing": (b"", "application/pdf"),
    "pdf further in": (b"\n%PDF-1.7", "application/pdf"),
    "large": (b"%PDF-1.7" + b"0" * 1_900_000, "application/pdf"),
}


@pytest.mark.parametrize("what", SENT)
async def test_file_that_is_no_scan_is_refused_with_a_clear_word_and_not_kept(people: People, what: str) -> None:
    doctor = await people.professional("sote-keskus", "laakari")
    await doctor.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    page = await found(people, doctor, "suvi", "care")
    draft = await prepare(doctor, page, "work-ability", [ROW], "paper-scan")
    await answer(doctor, draft, "yes")
    content, said = SENT[what]
    assert doctor.session is not None
    refused = await doctor.web.post(
        f"{draft}/proof", data={"csrf": doctor.session.csrf}, files={"scan": ("../../scan.pdf", content, said)}
    )
    assert refused.status_code == 422 and "at most 1.9 megabytes" in words(refused)
    assert "<script>alert" not in refused.text and 'href="#proof"' in refused.text
    assert (await doctor.get(f"{draft}/scan")).status_code == 404


async def test_file_larger_than_any_form_is_refused_before_it_is_read(people: People) -> None:
    doctor = await people.professional("sote-keskus", "laakari")
    await doctor.post("/desk/work", {"work": "sote-keskus.laakari.care"})
    page = await found(people, doctor, "suvi", "care")
    draft = await prepare(doctor, page, "work-ability", [ROW], "paper-scan")
    await answer(doctor, draft, "yes")
    assert doctor.session is not None
    refused = await doctor.web.post(
        f"{draft}/proof", data={"csrf": doctor.session.csrf},
        files={"scan": ("scan.pdf", b"%PDF-1.7" + b"0" * 5_000_000, "application/pdf")},
    )  # fmt: skip
    assert refused.status_code == 413 and "Choose a file of at most 2 megabytes." in words(refused)
    assert (await doctor.get(f"{draft}/scan")).status_code == 404
