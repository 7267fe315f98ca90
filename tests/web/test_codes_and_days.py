"""What people write by hand where it goes into an entry or a period: no identity code is kept, no day fails."""

from __future__ import annotations

import pytest

from gateway.web.desk.draft import end_of
from gateway.web.review.days import parse_day
from tests.laws.gateway_world import STRANGER, demo_world
from tests.web.desk_visits import answer, found, prepare
from tests.web.people import People, words
from tests.web.test_desk_consents import FEEDBACK, nurse

SAID = "Write it without a personal identity code."
TYPED = f"a question about {STRANGER}, who called"
FAR_DAYS = ("31.12.9999", "9999-12-31", "1.1.1", "0001-01-01")


async def test_no_reason_of_a_look_up_keeps_a_persons_code(people: People) -> None:
    desk = await people.professional("kuntakokeilu", "omavalmentaja")
    size = people.laws.size()
    asked = {"code": people.laws.code("suvi"), "purpose": "employment-support", "reason": TYPED}
    refused = await desk.post("/desk/find", asked)
    assert refused.status_code == 422 and SAID in words(refused)
    # Nothing typed is lost but the code of whom is asked after, which no page is to keep.
    assert TYPED in refused.text and asked["code"] not in refused.text
    assert people.laws.size() == size


async def test_no_words_of_a_spoken_consent_keep_a_persons_code(people: People) -> None:
    desk = await nurse(people)
    draft = await prepare(desk, await found(people, desk, "suvi", "care"), "work-ability", [FEEDBACK], "verbal")
    await answer(desk, draft, "yes")
    refused = await desk.post(f"{draft}/proof", {"note": TYPED})
    assert refused.status_code == 422 and SAID in words(refused) and TYPED in refused.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/oversight/search", {"reason": TYPED}), ("/oversight/search", {"reason": "a question", "person": STRANGER}),
        ("/oversight/entries/2026/0/why", {"reason": TYPED}),
        ("/oversight/clients", {"reason": TYPED, "package": "access", "language": "fi"}),
        ("/oversight/clients", {"reason": "a question", "special": TYPED, "package": "use", "language": "fi"}),
    ],
)  # fmt: skip
async def test_no_officers_words_keep_a_persons_code(people: People, path: str, fields: dict[str, str]) -> None:
    officer = await people.officer("tyollisyysalue")
    size = people.laws.size()
    about = {} if path.endswith("/why") else {"client": people.laws.code("suvi")}
    refused = await officer.post(path, fields | about)
    assert refused.status_code == 422 and SAID in words(refused)
    assert all(value in refused.text for name, value in fields.items() if name in ("reason", "special", "person"))
    assert people.laws.size() == size


@pytest.mark.parametrize("day", FAR_DAYS)
def test_a_day_without_end_or_beginning_in_every_zone_is_no_day(day: str) -> None:
    assert parse_day(day) is None
    assert end_of("day", day, demo_world().now) is None


@pytest.mark.parametrize("day", FAR_DAYS)
async def test_a_day_that_no_log_has_is_answered_as_a_bad_one(people: People, day: str) -> None:
    officer, client = await people.officer("tyollisyysalue"), await people.client("suvi")
    for name in ("since", "until"):
        refused = await officer.post("/oversight/search", {"reason": "a question", name: day})
        assert refused.status_code == 422 and "Write the day as 31.5.2026." in words(refused)
        assert (await client.get(f"/portal/log?{name}={day}")).status_code < 500
    asked = {"reason": "a question", "package": "use", "special": "x", "since": day, "language": "fi"}
    asked["client"] = people.laws.code("suvi")
    refused = await officer.post("/oversight/clients", asked)
    assert refused.status_code == 422 and "Write the day as 31.5.2026." in words(refused)
