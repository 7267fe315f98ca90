"""What a client sees: every code has its sentence in all four registers, and no worker's name is ever in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.consent.model import Actor, RefusedRow
from gateway.demo.world import load_world
from gateway.directory.model import BASES, LANGUAGES, Directory
from gateway.disclosure.account_context import context_of
from gateway.disclosure.accounts import TOLD, Account, Accounts
from gateway.disclosure.concern import Answer
from gateway.disclosure.decision import REASONS
from gateway.disclosure.order_events import APPLIED, SILENT
from gateway.disclosure.phrases import KINDS, BrokenCatalogue, Eye, explain, load_phrases
from gateway.disclosure.request import Action
from gateway.rehearsal.seen import REHEARSED, rehearsal_rows
from tests.unit.disclosure.story import CLIENT, GUARDIAN, Story


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


def told(story: Story, directory: Directory, language: str = "fi") -> list[Account]:
    """Return what the client is told, newest first."""
    return Accounts(directory, load_phrases(), language).tell(story.entries()[::-1])


# Every code has its text.


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("eye", Eye)
def test_every_reason_is_explained_in_every_register(eye: Eye, language: str) -> None:
    for reason in REASONS:
        assert explain(reason, eye, language).strip()


def test_no_reason_is_explained_that_does_not_exist() -> None:
    for eye in (Eye.CLIENT, Eye.OFFICER):
        assert set(load_phrases().groups[f"reasons.{eye}"]) == REASONS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_basis_is_told_in_every_register(language: str) -> None:
    assert set(load_phrases().groups["bases.plain"]) == BASES
    for basis in BASES:
        assert load_phrases().basis(basis, language).strip()
    assert "189/2001 22 §" in load_phrases().basis("statutory", language, "189/2001 22 §")


def test_every_kind_has_a_name_and_every_kind_that_is_told_a_sentence() -> None:
    phrases = load_phrases()
    assert set(phrases.groups["kinds"]) == KINDS
    assert set(TOLD) <= set(phrases.groups["accounts"])
    assert set(APPLIED) | SILENT | {"disclosure", "search", "consent.spent", "log.start"} == KINDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_purpose_category_and_service_of_the_demo_has_a_name_in_every_register(
    directory: Directory, language: str
) -> None:
    for purpose in directory.purposes:
        name = directory.name("purpose", purpose)
        assert name is not None
        assert name.text(language)
    for row in (*directory.categories.values(), *directory.services.values()):
        assert row.name.text(language)


def test_every_answer_to_a_concern_has_words_in_every_register() -> None:
    assert set(load_phrases().groups["concerns"]) == set(Answer) | {"open", "answered", "late"}


def test_the_four_registers_of_a_sentence_take_the_same_fields() -> None:
    for group in ("accounts", "bases.section", "words"):
        for code, texts in load_phrases().groups[group].items():
            marks = ("{who}", "{text}", "{section}")
            fields = {frozenset(part for part in marks if part in one) for one in texts.values()}
            assert len(fields) == 1, code


def test_a_catalogue_with_a_text_missing_stops_the_start(tmp_path: Path) -> None:
    for name in ("reasons", "bases", "kinds", "words", "accounts", "concerns"):
        (tmp_path / f"{name}.yaml").write_text("one: {fi: yksi, sv: en}\n")
    with pytest.raises(BrokenCatalogue, match="missing in one of the languages"):
        load_phrases(tmp_path)


# Sentences.


def test_a_disclosure_says_who_what_why_on_which_basis_and_when(directory: Directory) -> None:
    story = Story()
    story.release(story.deposit(), story.give())
    account = told(story, directory)[0]
    assert account.lines() == [
        "22.11.2026 klo 9.00",
        "Kelan kuntoutus sai tietojasi: työkyvyn tuen suunnitelma.",
        "Tarkoitus: kuntoutuspäätöksen valmistelu.",
        "Tiedot annettiin.",
        "Peruste: antamasi lupa.",
    ]
    assert account.given is True


def test_a_refusal_says_why_in_plain_words(directory: Directory) -> None:
    story = Story()
    story.deny("withdrawn")
    assert told(story, directory, "fi-x-selko")[0].lines() == [
        "22.11.2026 kello 9.00",
        "Kelan kuntoutus pyysi tietojasi. Tieto on työkyvyn tuen suunnitelma.",
        "Miksi? Päätetään kuntoutuksestasi.",
        "Tietojasi ei annettu. Olet perunut luvan.",
    ]
    assert told(story, directory, "sv")[0].given is False


def test_a_release_by_law_cites_the_section(directory: Directory) -> None:
    story = Story()
    plan = story.deposit()
    story.release(plan, relation=story.relate("statutory", section="189/2001 22 §"))
    story.release(plan, relation=story.relate())
    english = told(story, directory, "en")
    bases = [one.basis for one in english if one.kind == "disclosure"]
    assert bases == ["Basis: by law, multisectoral joint service.", "Basis: by law, section 189/2001 22 §."]


def test_a_single_use_release_says_so(directory: Directory) -> None:
    story = Story()
    story.release(story.deposit(), story.give(single_use=True))
    spent, released = told(story, directory)[:2]
    assert spent.sentence == (
        "Kertaluonteinen suostumuksesi käytettiin. Saaja ja tieto: Kelan kuntoutus, työkyvyn tuen suunnitelma."
    )
    assert released.basis == "Peruste: antamasi lupa, yhden kerran."


def test_the_steps_of_a_consent_are_told(directory: Directory) -> None:
    story = Story()
    consent = story.give(confirmed=False, by=Actor("kela", "kela-system", "w1", "Virve Virkailija"))
    story.confirm(consent)
    story.withdraw(consent, "tyohonvalmennus")
    story.give(giver=GUARDIAN)
    rows = "Saaja ja tieto: Kelan kuntoutus, työkyvyn tuen suunnitelma."
    assert [one.sentence for one in told(story, directory)] == [
        f"Edustajasi antoi suostumuksen puolestasi. {rows}",
        f"Suostumuksesi peruutettiin. Peruutuksen otti vastaan Tuettu työhönvalmennus. {rows}",
        f"Vahvistit suostumuksen. {rows}",
        f"Annoit suostumuksen, jonka kirjasi Kelan kuntoutus. {rows}",
    ]


def whole_story() -> Story:
    """Tell one entry of every kind that clients are told of."""
    story = Story()
    plan = story.deposit()
    consent = story.give(refused=(RefusedRow("kela", "activation-plan"),))
    story.release(plan, consent)
    story.release(plan, consent, action=Action.SEARCH)
    story.deny()
    story.deny(action=Action.SEARCH)
    story.deny("engine-unavailable", outcome="error")
    story.ask()
    story.confirm(consent, "sosiaalityo")
    story.change(consent)
    story.expire(consent)
    story.withdraw(consent)
    once = story.give(single_use=True)
    story.release(plan, once)
    story.end_mandate(once)
    story.refuse()
    story.lift(story.prohibit())
    story.prohibit("kela")
    story.end_relation(story.relate())
    story.suspend()
    story.suspend(suspended=False)
    story.mark()
    return story


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_told_in_every_register_and_no_worker_is_named(directory: Directory, language: str) -> None:
    for account in told(whole_story(), directory, language):
        whole = " ".join(account.lines())
        assert account.sentence
        assert account.sentence != f"{account.title}.", account.kind
        assert "{" not in whole
        assert "irkailija" not in whole
        assert CLIENT not in whole


# Rehearsals.


def test_a_rehearsal_sees_requests_and_steps_of_consents_alone() -> None:
    story = Story()
    plan, consent = story.deposit(), story.give()
    story.release(plan, consent)
    story.release(plan, consent, action=Action.SEARCH)
    story.withdraw(consent, "tyohonvalmennus")
    story.deny("withdrawn")
    story.refuse()
    story.ask()
    assert rehearsal_rows(story.entries()[::-1]) == [
        {"kind": "consent.refused", "by": "client", "outcome": "na", "basis": None},
        {"kind": "decision", "by": "kela", "outcome": "deny", "basis": None},
        {"kind": "consent.withdrawn", "by": "tyohonvalmennus", "outcome": "na", "basis": None},
        {"kind": "disclosure", "by": "kela", "outcome": "permit", "basis": "consent"},
        {"kind": "consent.given", "by": "client", "outcome": "na", "basis": None},
    ]
    assert set(REHEARSED) <= set(TOLD)


def test_a_carry_over_tells_what_an_older_consent_covered() -> None:
    story = Story()
    consent = story.give()
    entry = story.entries()[-1]
    context = context_of([entry])
    assert [row["recipient"] for row in context.consents[consent.id]] == ["kela"]
