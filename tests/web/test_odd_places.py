"""Pages asked for at places that no page told of, and of days that are none: answered as such, and no fault of ours."""

from __future__ import annotations

import logging
import re

import pytest

from tests.web.desk_visits import found, place_of
from tests.web.people import People

PLACES = (
    "9" * 30, "9" * 30 + ".1", "1." + "9" * 30, "1795330800000000." + "9" * 19, "1" + "0" * 18 + ".1",
    "1." + "9" * 5000, "1.", ".1", "1.1.1", "-1.1", "1.-1", "٣.1", "a.b",
)  # fmt: skip
FITS = ("1.1", "999999999999999999.999999999999999999", "0.0")
DAYS = ("1.1.999999999999999", "99999999999999999.1.2026", "1.1." + "9" * 5000, "9" * 30, "1.1.1", "31.12.9999")


async def test_place_that_no_page_told_of_is_no_page_of_any_log(people: People) -> None:
    client = await people.client("suvi")
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    for web, path in ((client.web, "/portal/log"), (desk.web, "/desk/log")):
        for place in PLACES:
            answer = await web.get(path, params={"after": place})
            assert answer.status_code == 404, (path, place[:40], answer.status_code)
        for place in FITS:
            assert (await web.get(path, params={"after": place})).status_code == 200, (path, place)


async def test_officer_who_asks_for_an_odd_day_or_place_is_told_so(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    officer = await people.officer("tyopaja")
    with caplog.at_level(logging.ERROR):
        for name, values in (("since", DAYS), ("until", DAYS), ("after", PLACES)):
            for value in values:
                answer = await officer.web.get("/oversight/search", params={name: value})
                assert answer.status_code < 500, (name, value[:40])
    assert not caplog.records


async def test_last_day_that_no_calendar_has_is_a_fault_of_the_form(people: People) -> None:
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    page = await found(people, desk, "suvi", "employment-support")
    situations = re.findall(r'name="situation"[^>]*value="([^"]+)"', (await desk.get(f"{page}/consent")).text)
    begun = place_of(await desk.post(f"{page}/consent", {"situation": situations[0], "decides": "client"}))
    draft = begun.removesuffix("/rows")
    row = re.findall(r'name="row"[^>]*value="([^"]+)"', (await desk.get(begun)).text)[:1]
    assert place_of(await desk.post(begun, {"row": row})) == f"{draft}/details"
    for day in DAYS:
        answer = await desk.post(f"{draft}/details", {"period": "day", "last_day": day})
        # What is longer than any day is not read at all.
        assert answer.status_code == (422 if len(day) <= 20 else 400), day[:40]
