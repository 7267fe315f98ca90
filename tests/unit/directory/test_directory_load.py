"""Loading the code lists: every fault is told with file, line and key path, all at once, and stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gateway.demo.world import WORLD, load_world
from gateway.directory.load import BrokenDirectory, load_directory
from gateway.errors import DirectoryError

TEXT = WORLD.read_text(encoding="utf-8")
GIVEN = Path(__file__).parents[4] / "shared" / "cases" / "world.yaml"


def _faults(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    text = TEXT
    for before, after in edits:
        assert text.count(before) >= 1, before
        text = text.replace(before, after, 1)
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenDirectory) as caught:
        load_directory(path)
    assert isinstance(caught.value, DirectoryError)
    assert caught.value.code == "directory-invalid"
    return list(caught.value.faults)


BREAKS = [
    (
        "kind: wellbeing-county}",
        "kind: wellbeing-county, colour: red}",
        "organisations.hyvinvointialue.colour",
        "not a key",
    ),
    ("business_id: 9900001-8", "business_id: 9900001-7", "organisations.hyvinvointialue.business_id", "check digit"),
    (
        "tyollisyysalue, kind: employment-service",
        "kunta, kind: employment-service",
        "services.kuntakokeilu.organisation",
        "'kunta'",
    ),
    (
        "from: 2013-01-01, until: 2025-01-01",
        "from: 2025-01-01, until: 2025-01-01",
        "services.te-toimisto.until",
        "later",
    ),
    ("from: 2021-03-01}", "from: 2021-13-01}", "services.kuntakokeilu.from", "not an instant"),
    ("from: 2021-03-01}", "from: 1809-03-29}", "services.kuntakokeilu.from", "1900 to 2200"),
    (
        "from: 2021-03-01}",
        "until: 2030-01-01, succeeded_by: te-toimisto}",
        "services.kuntakokeilu.succeeded_by",
        "ring",
    ),
    ("succeeded_by: kuntakokeilu", "succeeded_by: nobody", "services.te-toimisto.succeeded_by", "'nobody'"),
    (
        "from: 2021-03-01}",
        "from: 2021-03-01, succeeded_by: kela}",
        "services.kuntakokeilu.succeeded_by",
        "needs `until`",
    ),
    ("kind: employer,", "kind: client,", "services.tyonantaja.kind", "own page"),
    ("{in: [employment-service], purposes", "{in: [bank], purposes", "roles.omavalmentaja.in", "'bank'"),
    ("purposes: [employment-support]}", "purposes: [profit]}", "roles.omavalmentaja.purposes", "'profit'"),
    ("  care: TREAT", "  care: 5", "purposes.care", "a text"),
    (
        "sensitive: {health: [health]",
        "sensitive: {wealth: [health]",
        "categories.work-ability-plan.sensitive.wealth",
        "section",
    ),
    (
        "sensitive: {health: [health]",
        "sensitive: {health: [wealth]",
        "categories.work-ability-plan.sensitive.health",
        "sensitivity",
    ),
    ("single_use: true", "single_use: maybe", "categories.medical-statement-b.single_use", "true or false"),
    ("  default: [own-phone", "  other: [own-phone", "captures", "`default` is missing"),
    ("  employer: []", "  employer: [pigeon]", "captures.employer", "'pigeon'"),
    ("  employer: []", "  employer: [self-service]", "captures.employer", "'self-service'"),
    ("  own-data:          {secrecy", "  own-whim:          {secrecy", "law", "'own-whim' is not a basis"),
    ("bases: [joint-service, consent]}", "bases: [hearsay]}", "flows.0.bases", "'hearsay'"),
    (
        "bases: [joint-service, consent]}",
        "bases: [consent], carries: {consent: [health]}}",
        "flows.0.carries.consent",
        "carrying",
    ),
    (
        "from: [health-centre, social-care], to: [employment-service, social-insurance",
        "from: [health-centre], to: [moon",
        "flows.0.to",
        "'moon'",
    ),
    ("], section: 189/2001 22 §}", "]}", "flows.8.section", "is missing"),
    (
        "from: [health-check], to: [health-centre, sp",
        "from: [health-check], to: [employment-service, sp",
        "flows.2",
        "already tells",
    ),
    ("records: [disclosure-permit]", "records: [gossip]", "registers.kanta.records", "'gossip'"),
    ("required: [findings]", "required: [finds]", "layouts.therapist-feedback.required", "'finds'"),
    (
        "      findings: [{element: section, code: code}]\n",
        "",
        "layouts.therapist-feedback.sections.findings",
        "is missing",
    ),
    (
        "[{element: payload, extension: true}]",
        "[{element: payload, extension: true, code: x}]",
        "layouts.interruption-notice.sections.date.0",
        "two ways",
    ),
    (
        "why-now: [{element: reasonCode}]",
        "why-now: [{element: status}]",
        "layouts.referral-summary.sections.why-now",
        "the frame",
    ),
    ("days: [{element: activity}]", "days: [{element: period}]", "layouts.activation-plan.sections.days", "'period'"),
    (
        "frame: [status, type, category, subject, date,",
        "frame: [status, type, category, date,",
        "layouts.health-check-feedback.frame",
        "'subject'",
    ),
    ("goal, careTeam,", "goal, careTeam, addresses,", "projections.0.fields.11", "'addresses'"),
    ("goal, careTeam,", "goal, careTeam, text,", "projections.0.fields.11", "'text'"),
    ("valueInteger, interpretation]", "interpretation]", "projections.12.fields", "drop the section 'score'"),
    (
        "feedback, to: [health-centre, specialised-care]",
        "feedback, to: [health-centre]",
        "flows.2.to",
        "'specialised-care'",
    ),
    (
        "to: [employment-service, social-care, social-insurance],\n     fields",
        "to: [employment-service, social-care, social-insurance, health-centre],\n     fields",
        "projections.4.to",
        "already serves",
    ),
    ("handover-work, version: 1", "handover-work, version: 0", "projections.16.version", "1 or more"),
    ("    score:            {", "    skore:            {", "names.section.score", "is missing"),
    ("  kela:            {contact", "  kelo:            {contact", "contacts.kela", "is missing"),
    ("  employer: []", "  employer: []\n  employer: []", "captures.employer", "duplicate"),
    ("  employer: []", "  employer: &a []", "captures.employer", "anchors"),
    ("\nregisters:", "\nregisters: [\n", "(whole file)", "not YAML"),
    ("\nsensitivities:", "\nfeelings: {}\nsensitivities:", "feelings", "not a key"),
]


@pytest.mark.parametrize("number", range(len(BREAKS)))
def test_a_broken_list_is_told_by_its_key(tmp_path: Path, number: int) -> None:
    before, after, path, says = BREAKS[number]
    faults = _faults(tmp_path, (before, after))
    assert any(f": {path}: " in fault and says in fault and fault.startswith("world.yaml") for fault in faults), faults


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    faults = _faults(
        tmp_path, ("  care: TREAT", "  care: 5"), ("  employer: []", "  employer: 7"), ("version: 1,", "version: x,")
    )
    assert len(faults) == 3
    line = TEXT[: TEXT.index("  care: TREAT")].count("\n") + 1
    assert any(fault.startswith(f"world.yaml:{line}: purposes.care: ") for fault in faults)


def test_a_missing_or_empty_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    for name in ("absent.yaml", "empty.yaml"):
        with pytest.raises(BrokenDirectory):
            load_directory(tmp_path / name)


def test_the_digest_is_of_the_content_and_not_of_the_layout(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    digest = load_directory(WORLD).digest
    path.write_text("# another head\n" + TEXT.replace("Suvi Esimerkki", "Someone Else"), encoding="utf-8")
    assert load_directory(path).digest == digest
    path.write_text(TEXT.replace("care: TREAT", "care: COC"), encoding="utf-8")
    assert load_directory(path).digest != digest


def test_a_role_may_have_dated_versions_that_do_not_overlap(tmp_path: Path) -> None:
    row = "{in: [employer], purposes: [employment-support]}"
    path = tmp_path / "world.yaml"
    dated = (
        "[{in: [employer], purposes: [employment-support], until: 2026-01-01}, "
        "{in: [employer], purposes: [care], from: 2026-01-01}]"
    )
    path.write_text(TEXT.replace(row, dated), encoding="utf-8")
    role = load_directory(path).role("esihenkilo")
    assert role is not None
    assert role.purposes == {"care"}
    assert any(
        "same time" in fault for fault in _faults(tmp_path, (row, dated.replace("2026-01-01}]", "2025-01-01}]")))
    )


def test_a_projection_that_ends_leaves_no_gap_unnoticed(tmp_path: Path) -> None:
    faults = _faults(tmp_path, ("category: handover, to: [job", "category: handover, until: 2030-01-01, to: [job"))
    assert [fault for fault in faults if "at all times" in fault]


def test_the_demo_world_has_its_people() -> None:
    world = load_world()
    assert world.clients["valteri"].register == "easy"
    assert world.clients["turva"].non_disclosure
    assert len({client.code for client in world.clients.values()}) == 9


@pytest.mark.skipif(not GIVEN.exists(), reason="the given demo world is not beside the repository")
def test_the_given_world_is_unchanged_in_ours() -> None:
    yaml = YAML(typ="safe", pure=True)
    given, ours = yaml.load(GIVEN.read_text(encoding="utf-8")), yaml.load(TEXT)
    assert {key: ours[key] for key in given} == given
