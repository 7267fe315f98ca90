"""A client's report: one officer makes it, another decides about others' data, and only then it goes out."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zlib
from datetime import timedelta

import orjson
import pytest

from gateway.directory.names import LANGUAGES
from gateway.disclosure.client_report import Package
from gateway.web.breaking import SOFT
from gateway.web.language import translations
from gateway.web.oversight.report_files import OFFICERS_TITLES, TITLES
from gateway.web.session import Kind, SignedIn
from tests.web.people import People, Visitor, words
from tests.web.test_oversight_search import read_plan

PATH = "/oversight/clients"
ASKED = {"package": "703-2023-11", "reason": "the client asked", "language": "en"}


async def officer_named(people: People, subject: str, organisation: str = "tyollisyysalue") -> Visitor:
    """Return the browser of one of several officers."""
    person = SignedIn(
        Kind.STAFF, subject, f"Officer {subject}", "substantial", people.laws.clock.now(), organisation=organisation,
        is_officer=True,
    )  # fmt: skip
    return await people.visitor(person)


async def made(people: People, officer: Visitor, **more: str) -> str:
    """Make a report of Suvi; return its address."""
    answer = await officer.post(PATH, ASKED | {"client": people.laws.code("suvi")} | more)
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"]


async def released(people: People, choice: str = "include", **more: str) -> tuple[Visitor, str]:
    """Make a report and release it with one choice for everything."""
    first, second = await officer_named(people, "o-1"), await officer_named(people, "o-2")
    address = await made(people, first, **more)
    keys = set(re.findall(r'name="((?:worker|line)-[^"]+)"', (await second.get(address)).text))
    answer = await second.post(f"{address}/check", dict.fromkeys(keys, choice))
    assert answer.status_code == 303, words(answer)
    return second, address


def inflated(stream: bytes) -> bytes:
    """Return a stream of a PDF, taken apart where it is packed."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


async def test_a_report_waits_for_another_officer_and_its_maker_cannot_release_it(people: People) -> None:
    await read_plan(people.laws)
    officer = await officer_named(people, "o-1")
    address = await made(people, officer)
    page = words(await officer.get(address))
    assert "waits for another officer" in page and "Olli" not in page
    answer = await officer.post(f"{address}/check", {"worker-1": "include"})
    assert answer.status_code == 422 and "Another officer" in words(answer)
    assert (await officer.get(f"{address}/files/report.pdf")).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_report_is_named_to_the_officer_and_to_the_client_each_in_their_own_words(
    people: People, language: str
) -> None:
    await read_plan(people.laws)
    maker, second = await officer_named(people, "o-1"), await officer_named(people, "o-2")
    say = translations(language).gettext

    def titled(text: str) -> str:
        # `words` tells a space that does not break as any other, and no soft hyphen.
        return " ".join(say(text).replace(SOFT, "").split())

    for package in Package:
        address = await made(people, maker, package=package.value)
        for officer, path in ((maker, PATH), (maker, address), (second, address)):
            officer.web.cookies.set("saattaen-language", language)
            page = words(await officer.get(path))
            assert titled(OFFICERS_TITLES[package]) in page and titled(TITLES[package]) not in page, path


async def test_the_second_officer_sees_the_lines_and_nothing_is_chosen_beforehand(people: People) -> None:
    await read_plan(people.laws)
    address = await made(people, await officer_named(people, "o-1"))
    second = await officer_named(people, "o-2")
    page = await second.get(address)
    assert "Olli (worker-1)" in words(page) and "checked" not in page.text.split("<main")[1]
    undecided = await second.post(f"{address}/check", {})
    assert undecided.status_code == 422 and "nothing goes out undecided" in words(undecided)
    odd = await second.post(f"{address}/check", {"worker-1": "everything"})
    assert odd.status_code == 422


@pytest.mark.parametrize(
    "choice, named, lines", [("include", True, 1), ("without-name", False, 1), ("withhold", False, 0)]
)
async def test_what_was_decided_about_a_worker_is_what_every_file_says(
    people: People, choice: str, named: bool, lines: int
) -> None:
    await read_plan(people.laws)
    officer, address = await released(people, choice)
    content = orjson.loads((await officer.get(f"{address}/files/report.json")).content)
    rows = list(csv.reader(io.StringIO((await officer.get(f"{address}/files/report.csv")).text)))
    assert len(content["lines"]) == len(rows) - 1 == lines
    assert content["withheld"] == 1 - lines
    for text in (str(content), str(rows)):
        assert ("Olli" in text and "worker-1" in text) is named
        assert ("personal job coach" in text) is bool(lines)
    pdf = await officer.get(f"{address}/files/report.pdf")
    assert pdf.content.startswith(b"%PDF") and pdf.headers["content-type"] == "application/pdf"
    parts = b"".join(map(inflated, re.findall(rb"stream\n(.*?)\nendstream", pdf.content, re.DOTALL)))
    assert b"/StructTreeRoot" in parts and b"pdfuaid" in pdf.content + parts


async def test_the_package_of_article_15_names_no_worker_at_all(people: People) -> None:
    await read_plan(people.laws)
    officer, address = await released(people, package="gdpr-15")
    page = words(await officer.get(address))
    for name in ("report.csv", "report.json"):
        text = (await officer.get(f"{address}/files/{name}")).text
        assert "Olli" not in text + page and "worker-1" not in text + page
        assert "supporting you into work" in text and "work-ability plan" in text and "municipal trial" in text


async def test_digests_of_what_went_out_stand_in_the_log_and_each_step_is_an_entry(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    before = laws.size()
    officer, address = await released(people)
    files = {name: (await officer.get(f"{address}/files/{name}")).content for name in ("report.pdf", "report.csv")}
    looks = [one for one in laws.entries()[before:] if one.kind == "audit.read"]
    assert [one.b["view"] for one in looks if one.b] == [
        "report", "report.second-look", "report.released", "report.file report.pdf", "report.file report.csv",
    ]  # fmt: skip
    suvi = await people.client_id("suvi")
    assert {one.client for one in looks} == {suvi}
    digests = (looks[2].b or {})["sha256"]
    assert isinstance(digests, dict)
    assert {name: digests[name] for name in files} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert [one.a["person"] for one in looks[:3] if one.a] == ["o-1", "o-2", "o-2"]
    assert laws.verify() == []


async def test_a_report_goes_out_once(people: People) -> None:
    await read_plan(people.laws)
    officer, address = await released(people)
    again = await officer.post(f"{address}/check", {"worker-1": "withhold"})
    assert again.status_code == 422 and "went out already" in words(again)


async def test_another_organisations_report_is_like_one_that_is_not_there(people: People) -> None:
    await read_plan(people.laws)
    _, address = await released(people)
    for other in ("hyvinvointialue", "kela"):
        officer = await officer_named(people, "o-9", other)
        missing = f"{PATH}/reports/{'f' * 32}"
        for path in ("", "/files/report.pdf", "/files/report.json"):
            theirs, none = await officer.get(address + path), await officer.get(missing + path)
            assert theirs.status_code == none.status_code == 404 and words(theirs) == words(none)
        assert (await officer.post(f"{address}/check", {})).status_code == 404
        assert address not in (await officer.get(PATH)).text


async def test_a_report_tells_only_what_the_organisation_had_a_part_in(people: People) -> None:
    laws = people.laws
    await read_plan(laws)
    officer = await officer_named(people, "o-1", "kela")
    answer = await officer.post(PATH, ASKED | {"client": laws.code("suvi")})
    unknown = await officer.post(PATH, ASKED | {"client": "150390-999J"})
    for one in (answer, unknown):
        assert one.status_code == 422 and "There is nothing to report" in words(one)
    assert words(answer) == words(unknown)
    looks = [one for one in laws.entries() if one.kind == "audit.read"]
    assert [one.client for one in looks] == [await people.client_id("suvi"), None]


async def test_going_back_further_than_two_years_needs_a_special_reason(people: People) -> None:
    await read_plan(people.laws)
    officer = await officer_named(people, "o-1")
    answer = await officer.post(PATH, ASKED | {"client": people.laws.code("suvi"), "since": "2020-01-01"})
    assert answer.status_code == 422 and "special reason" in words(answer)
    assert people.laws.code("suvi") not in answer.text
    await made(people, officer, since="2020-01-01", special="a court asks")
    reason = (people.laws.entries()[-1].a or {})["reason"]
    assert reason == "the client asked\na court asks"


@pytest.mark.parametrize("field", ["package", "client", "reason", "language"])
async def test_a_missing_field_is_told_at_its_place(people: People, field: str) -> None:
    officer = await officer_named(people, "o-1")
    answer = await officer.post(PATH, ASKED | {"client": people.laws.code("suvi"), field: ""})
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text


async def test_a_table_says_that_it_is_utf_8_so_that_a_spreadsheet_reads_every_letter(people: People) -> None:
    await read_plan(people.laws)
    officer, address = await released(people)
    content = (await officer.get(f"{address}/files/report.csv")).content
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\xef\xbb\xbf") == 1
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert header[0] == "When" and all(len(row) == len(header) for row in rows)


async def test_no_cell_is_a_formula_and_no_name_is_markup(people: People) -> None:
    evil = "=1+1<script>alert(1)</script>"
    await read_plan(people.laws, person="w", name=evil)
    second = await officer_named(people, "o-2")
    address = await made(people, await officer_named(people, "o-1"))
    page = (await second.get(address)).text
    assert "<script" not in page and "&lt;script" in page
    await second.post(f"{address}/check", {"worker-1": "include"})
    rows = list(csv.reader(io.StringIO((await second.get(f"{address}/files/report.csv")).text)))
    assert any(evil in cell for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert (await second.get(f"{address}/files/report.pdf")).content.startswith(b"%PDF")


async def test_a_report_ends_after_a_while(people: People) -> None:
    await read_plan(people.laws)
    officer, address = await released(people)
    people.laws.clock.advance(timedelta(days=31))
    assert (await officer.get(address)).status_code == 404


async def test_making_and_releasing_need_a_form_of_ours(people: People) -> None:
    await read_plan(people.laws)
    officer = await officer_named(people, "o-1")
    address = await made(people, officer)
    for path in (PATH, f"{address}/check"):
        fields = ASKED | {"client": people.laws.code("suvi")}
        assert (await officer.web.post(path, data=fields)).status_code == 403
