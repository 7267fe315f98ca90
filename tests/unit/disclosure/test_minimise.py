"""A new resource from what the permit names: each projection of the demo, and what must never come through."""

from __future__ import annotations

import copy
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from adapters.fhir.sample_texts import TEXTS
from adapters.fhir.samples import make_sample, sections_in
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.layout import Projection
from gateway.directory.load import load_directory
from gateway.disclosure.minimise import minimise
from gateway.disclosure.places import mask_places

DIRECTORY = load_directory(Path(__file__).parents[3] / "gateway" / "demo" / "world.yaml")
CLIENT = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
PROJECTIONS = {projection.id: projection for projection in DIRECTORY.projections}
SHOWN_BY_VALUE = {("activation-plan", "period"), ("self-assessment", "score"), ("medical-statement-b", "document")}


def sample(category: str, **more):
    return make_sample(category, DIRECTORY, CLIENT, AT, custodian="sote-keskus", **more)


def minimised(projection: Projection, document, released, strip_location: bool = False):
    return minimise(document, DIRECTORY.layouts[projection.category], projection, frozenset(released), strip_location)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_each_section_is_there_exactly_when_it_is_released(name: str) -> None:
    projection = PROJECTIONS[name]
    category = DIRECTORY.categories[projection.category]
    layout = DIRECTORY.layouts[category.code]
    document = sample(category.code)
    for released in [set(category.sections), set(), *({section} for section in category.sections)]:
        left = minimised(projection, document, released)
        assert sections_in(left, layout) == released
        text = orjson.dumps(left).decode()
        for section in category.sections:
            if (category.code, section) not in SHOWN_BY_VALUE:
                assert (TEXTS[category.code][section] in text) is (section in released), section


@pytest.mark.parametrize("name", PROJECTIONS)
def test_no_identifier_of_the_client_and_no_label_comes_through(name: str) -> None:
    projection = PROJECTIONS[name]
    category = DIRECTORY.categories[projection.category]
    document = sample(
        category.code, labels=["mental-health"], sections={category.sections[0]: ["substance-use"]}, referrer="kela"
    )
    before = copy.deepcopy(document)
    text = orjson.dumps(minimised(projection, document, category.sections)).decode()
    assert document == before
    for hidden in ("140395", "PSY", "ETH", "section-label", "referrer", '"meta"'):
        assert hidden not in text


def work_plan(**changes):
    return sample("work-ability-plan") | changes


def test_narrative_ids_extensions_and_companions_are_dropped() -> None:
    document = work_plan(
        id="abc",
        text={"status": "generated", "div": "<div>secret</div>"},
        implicitRules="http://x.example",
        _title={"extension": [{"url": "http://x.example", "valueString": "secret"}]},
        identifier=[{"system": "http://x.example", "value": "secret"}],
        note=[{"text": "secret"}],
        addresses=[{"display": "secret"}],
        basedOn=[{"reference": "CarePlan/secret"}],
        author={"reference": "Practitioner/secret", "identifier": {"value": "secret"}, "display": "Terttu"},
        contributor=[{"reference": "Patient/secret"}],
    )
    document["contained"][0]["text"] = {"status": "generated", "div": "<div>secret</div>"}
    document["contained"][0]["extension"] = [{"url": "http://x.example", "valueString": "secret"}]
    document["activity"][0]["detail"]["code"]["id"] = "secret"
    document["activity"][0]["detail"]["code"]["extension"] = [{"url": "secret"}]
    left = minimised(PROJECTIONS["work-ability-plan-health"], document, {"goals", "services"})
    assert b"secret" not in orjson.dumps(left)
    assert left["author"] == {"display": "Terttu"}
    assert "contributor" not in left
    assert "id" not in left


def test_contained_resources_are_numbered_anew_so_that_no_gap_tells() -> None:
    left = minimised(PROJECTIONS["work-ability-plan-work"], work_plan(), {"own-words", "responsibilities"})
    assert [(one["resourceType"], one["id"]) for one in left["contained"]] == [
        ("CareTeam", "careteam-1"),
        ("Goal", "goal-1"),
    ]
    assert left["goal"] == [{"reference": "#goal-1"}]
    assert left["careTeam"] == [{"reference": "#careteam-1"}]


def test_a_reference_to_a_dropped_resource_goes_with_all_that_it_says() -> None:
    document = work_plan(author={"reference": "#goal-goals", "display": "secret"})
    left = minimised(PROJECTIONS["work-ability-plan-work"], document, {"own-words"})
    assert "author" not in left
    assert left["goal"] == [{"reference": "#goal-1"}]


def test_an_item_that_names_a_dropped_section_beside_a_released_one_is_dropped() -> None:
    document = work_plan()
    document["activity"][0]["detail"]["code"]["coding"] += document["activity"][2]["detail"]["code"]["coding"]
    left = minimised(PROJECTIONS["work-ability-plan-work"], document, {"services", "schedule"})
    assert sections_in(left, DIRECTORY.layouts["work-ability-plan"]) == {"schedule"}


def test_an_item_without_section_or_of_a_section_that_lies_elsewhere_is_dropped() -> None:
    document = work_plan()
    del document["activity"][0]["detail"]["code"]
    document["activity"][1]["detail"]["code"]["coding"][0]["code"] = "goals"
    left = minimised(
        PROJECTIONS["work-ability-plan-work"], document, DIRECTORY.categories["work-ability-plan"].sections
    )
    assert sections_in(left, DIRECTORY.layouts["work-ability-plan"]) == {
        "goals", "own-words", "responsibilities", "health", "mental-health", "substance-use",
    }  # fmt: skip


def test_a_field_that_the_projection_does_not_name_is_dropped() -> None:
    left = minimised(PROJECTIONS["work-ability-plan-work"], work_plan(), {"responsibilities"})
    member = left["contained"][0]["participant"][0]["member"]
    assert member == {"display": "Vastuutyöntekijä Olli Esimerkki"}


def test_sections_within_sections_do_not_come_through() -> None:
    document = sample("health-check-feedback")
    section = document["entry"][0]["resource"]["section"]
    section[0]["section"] = [section[1]]
    left = minimised(PROJECTIONS["health-check-feedback-work"], document, {"work-ability"})
    assert TEXTS["health-check-feedback"]["strengths"] not in orjson.dumps(left).decode()


def test_a_service_keeps_its_code_in_a_reference() -> None:
    left = minimised(PROJECTIONS["referral-summary-work"], sample("referral-summary"), {"request"})
    assert left["requester"]["identifier"] == {
        "system": "https://saattaen.example/fhir/sid/service",
        "value": "sote-keskus",
    }


def test_strip_location_drops_contact_and_cleans_places_elsewhere() -> None:
    document = sample("referral-summary")
    document["reasonCode"] = [{"text": "Asuu os. Koivukatu 3 B 12, 99999 Esimerkkilä; puh. 040 555 0123."}]
    document["requester"] = {"display": "Palvelu", "address": "Koivukatu 3", "telecom": [{"value": "0405550123"}]}
    document["performer"] = [{"type": "Location", "display": "Koivulan toimipiste"}, {"display": "Terveystarkastus"}]
    released = DIRECTORY.categories["referral-summary"].sections
    left = minimised(PROJECTIONS["referral-summary-health"], document, released, strip_location=True)
    assert sections_in(left, DIRECTORY.layouts["referral-summary"]) == set(released) - {"contact"}
    text = orjson.dumps(left).decode()
    for place in ("Koivu", "99999", "040", "Esimerkkilä", "telecom", "address"):
        assert place not in text
    assert left["performer"] == [{"display": "Terveystarkastus"}]
    assert left["authoredOn"] == document["authoredOn"]


def test_strip_location_cleans_text_attachments_and_drops_what_it_cannot_read() -> None:
    document = sample("medical-statement-b")
    left = minimised(PROJECTIONS["medical-statement-b-decision"], document, {"document"}, strip_location=True)
    assert left["content"][0]["attachment"]["data"] == document["content"][0]["attachment"]["data"]
    document["content"][0]["attachment"]["contentType"] = "application/pdf"
    left = minimised(PROJECTIONS["medical-statement-b-decision"], document, {"document"}, strip_location=True)
    assert "content" not in left


@pytest.mark.parametrize(
    "text",
    [
        "Koivukatu 3 B 12",
        "Vanha Turuntie 112-114 A",
        "Björklundagatan 5",
        "00100 Helsinki",
        "FI-00100",
        "PL 45",
        "+358 40 555 0123",
        "040-5550123",
        "etu.suku@esimerkki.example",
    ],
)
def test_marks_of_places_are_masked(text: str) -> None:
    assert mask_places(f"Tavattiin: {text}.") == "Tavattiin: […]."


@pytest.mark.parametrize(
    "text", ["2026-11-22", "2026-11-22T09:00:00.123456+02:00", "4 tuntia, 2 päivää viikossa", "16.11.2026"]
)
def test_dates_and_plain_numbers_are_not_masked(text: str) -> None:
    assert mask_places(text) == text


@pytest.mark.parametrize("unit", ["a", "a-", "A ", "0", "0 ", "a.", "katu ", "1@", "PL", "00100 "])
def test_a_long_text_costs_time_in_proportion_to_its_length(unit: str) -> None:
    # In seconds of work: a machine that does something else meanwhile is not the fault.
    started = time.process_time()
    mask_places("1" + unit * 100_000)
    assert time.process_time() - started < 5
