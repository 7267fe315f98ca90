"""Consent texts: never edited, rendered exactly, and told in four registers."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.consent.model import GrantRow, Shown
from gateway.consent.placeholders import fill, placeholders
from gateway.consent.wording import NOTICES, RECEIPTS, Wordings, notice, render
from gateway.consent.wording_files import WORDINGS, BrokenWording, load_wordings
from gateway.demo.world import load_world
from gateway.directory.instants import parse_instant
from gateway.directory.model import Directory

NOW = parse_instant("2026-11-22T09:00:00+02:00")
ROW = GrantRow(
    "sosiaalityo", "kuntakokeilu", "work-ability-plan", "employment-support", NOW, parse_instant("2027-05-31")
)
LOCK = WORDINGS / "wordings.lock"
LANGUAGES = [("fi", "plain"), ("fi", "easy"), ("sv", "plain"), ("en", "plain")]


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


@pytest.fixture(scope="module")
def wordings() -> Wordings:
    return load_wordings()


def lock_lines(wordings: Wordings) -> tuple[str, ...]:
    """Return one line for each template, `sha256  id version language`: what wordings.lock must hold."""
    return tuple(
        f"{template.sha256}  {id} {version} {language}"
        for (id, version), wording in sorted(wordings.versions.items())
        for language, template in sorted(wording.templates.items())
    )


def test_no_text_was_edited(wordings: Wordings) -> None:
    # A changed line here means an edited text: write a new version instead. New lines are added to the lock by hand.
    assert tuple(LOCK.read_text().splitlines()) == lock_lines(wordings)


@pytest.mark.parametrize(("language", "register"), LANGUAGES)
def test_a_rendered_text_names_both_parties_and_has_every_tick(
    wordings: Wordings, directory: Directory, language: str, register: str
) -> None:
    shown = render(wordings.current(), language, register, [ROW], at=NOW, directory=directory)
    assert directory.services["sosiaalityo"].name.text(language) in shown.text
    assert directory.services["kuntakokeilu"].name.text(language) in shown.text
    assert [code for code, _ in shown.rows[0].ticks] == ["health", "mental-health", "substance-use"]
    assert shown.text.count("☐") == 3
    assert not placeholders(shown.text)
    assert shown.sha256 == sha256(shown.text.encode()).hexdigest()
    assert shown.shown() == Shown("consent", wordings.current().version, language, register, shown.sha256)


def test_easy_language_exists_in_finnish_alone(wordings: Wordings, directory: Directory) -> None:
    shown = render(wordings.current(), "sv", "easy", [ROW], at=NOW, directory=directory)
    assert (shown.language, shown.register) == ("sv", "plain")
    with pytest.raises(KeyError):
        render(wordings.current(), "de", "plain", [ROW], at=NOW, directory=directory)


def test_the_last_day_is_told_and_a_clock_time_where_there_is_one(wordings: Wordings, directory: Directory) -> None:
    noon = replace(ROW, until=parse_instant("2027-05-31T12:00:00+03:00"))
    midnight, clock = (
        render(wordings.current(), "fi", "plain", [row], at=NOW, directory=directory).text for row in (ROW, noon)
    )
    assert "voimassa 30.5.2027 asti" in midnight
    assert "päättyy 31.5.2027 klo 12.00" in clock


def test_every_limit_of_a_row_is_told_and_no_other(wordings: Wordings, directory: Directory) -> None:
    def text(row: GrantRow) -> str:
        return render(wordings.current(), "en", "plain", [row], at=NOW, directory=directory).text

    plain = text(ROW)
    assert not any(word in plain for word in ("begins", "dated", "one time"))
    limited = replace(ROW, valid_from=parse_instant("2027-01-01"), dated_from=parse_instant("2026"), once=True)
    assert "begins on 1 January 2027" in text(limited)
    assert "dated 1 January 2026 or later" in text(limited)
    assert "dated before 1 June 2026" in text(replace(ROW, dated_until=parse_instant("2026-06-01")))
    assert "one time" in text(limited)
    assert "one time" in text(replace(ROW, category="medical-statement-b"))


def test_the_hash_changes_with_any_choice_shown(wordings: Wordings, directory: Directory) -> None:
    rows = [[ROW], [replace(ROW, recipient="kela")], [replace(ROW, custodian="sote-keskus")], [ROW, ROW]]
    rows += [[replace(ROW, purpose="care")], [replace(ROW, category="handover")], [replace(ROW, until=NOW)]]
    digests = {render(wordings.current(), "fi", "plain", row, at=NOW, directory=directory).sha256 for row in rows}
    assert len(digests) == len(rows)


@pytest.mark.parametrize(("language", "register"), LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_a_receipt_uses_the_words_of_the_law(
    wordings: Wordings, directory: Directory, kind: str, language: str, register: str
) -> None:
    text = notice(
        wordings.current(RECEIPTS), kind, language, register, ROW, basis="consent", at=NOW, directory=directory
    )
    assert directory.names["told_as"]["permission"].text(language, register) in text
    assert "GDPR 7" not in text
    assert not placeholders(text)


def test_what_is_filled_in_is_never_read_as_a_placeholder() -> None:
    assert fill("{a} {b}", {"a": "{b}", "b": "x"}) == "{b} x"
    with pytest.raises(KeyError):
        fill("{c}", {})
    assert placeholders("{a} } b") == {"a", "}"}


def _copy(tmp_path: Path, before: str, after: str, name: str = "consent-1.yaml") -> Path:
    for path in WORDINGS.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    text = (WORDINGS / "consent-1.yaml").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    return tmp_path


def test_a_newer_version_in_use_tells_that_the_text_has_changed(tmp_path: Path, wordings: Wordings) -> None:
    shown = Shown("consent", wordings.current().version, "fi", "plain", "0" * 64)
    assert not wordings.has_changed(shown)
    assert wordings.has_changed(replace(shown, version=1))
    assert wordings.get("consent", 1) is not None
    third = "version: 3\nsupersedes: 2"
    draft = load_wordings(_copy(tmp_path, "version: 1\nstatus: in-use", f"{third}\nstatus: draft", "consent-3.yaml"))
    assert not draft.has_changed(shown)
    newer = load_wordings(_copy(tmp_path, "version: 1", third, "consent-3.yaml"))
    assert newer.has_changed(shown)
    assert newer.current().version == 3
    assert newer.get("consent", 2) is not None


def test_an_edited_text_has_another_digest_and_a_comment_has_not(tmp_path: Path, wordings: Wordings) -> None:
    edited = load_wordings(_copy(tmp_path, "refuse: En anna,", "refuse: En suostu,"))
    assert len(set(lock_lines(edited)) - set(lock_lines(wordings))) == 1
    assert lock_lines(load_wordings(_copy(tmp_path, "# The text", "# A text"))) == lock_lines(wordings)


BREAKS = [
    ("{luovuttaja} antaa seuraavat", "{luovuttja} antaa seuraavat", "texts.fi.row.body.0", "luovuttja"),
    ("        - 'Tietoja käytetään tähän: {tarkoitus}.'\n", "", "texts.fi.row.body", "tarkoitus"),
    ("alkaa {pvm}.", "alkaa.", "texts.fi.row.starts", "pvm"),
    ("({yhteys})", "(puhelin)", "texts.fi.general", "yhteys"),
    ("  sv:\n    title", "  se:\n    title", "texts.sv", "is missing"),
    ("health: Suostun", "helth: Suostun", "texts.fi.ticks.health", "is missing"),
    ("status: in-use", "status: whatever", "status", "draft"),
    ("version: 1", "version: 2", "id", "consent-2.yaml"),
    ("version: 1", "version: 1\nsupersedes: 3", "supersedes", "earlier"),
    ("version: 1", "version: 1\nversion: 1", "version", "duplicate"),
]


@pytest.mark.parametrize("number", range(len(BREAKS)))
def test_a_broken_wording_is_told_by_file_and_key(tmp_path: Path, number: int) -> None:
    before, after, path, says = BREAKS[number]
    with pytest.raises(BrokenWording) as caught:
        load_wordings(_copy(tmp_path, before, after))
    assert any(
        fault.startswith("consent-1.yaml") and f": {path}: " in fault and says in fault for fault in caught.value.faults
    )


def test_a_folder_without_a_consent_text_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BrokenWording, match="no wording"):
        load_wordings(tmp_path)
