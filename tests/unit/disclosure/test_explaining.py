"""One entry explained to each eye, in each register; and what a worker is never told."""

from __future__ import annotations

import pytest

from gateway.demo.world import load_world
from gateway.directory.model import LANGUAGES, Directory
from gateway.disclosure.account_context import context_of
from gateway.disclosure.decision import REASONS
from gateway.disclosure.explaining import Explanation, explain_entry
from gateway.disclosure.opened import Opened
from gateway.disclosure.phrases import ABOUT_REQUESTER, EASY, KINDS, TOLD_TO_ALL, Eye, load_phrases
from tests.unit.disclosure.story import CLIENT, Story


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


def explained(story: Story, directory: Directory, eye: Eye, language: str = "en") -> Explanation:
    """Return the explanation of a story's last entry."""
    entries = story.entries()
    return explain_entry(entries[-1], context_of(entries[::-1]), eye, directory, load_phrases(), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("eye", Eye)
def test_a_release_is_explained_with_who_what_why_basis_when_and_what_next(
    directory: Directory, eye: Eye, language: str
) -> None:
    story = Story()
    story.release(story.deposit(), story.give())
    told = explained(story, directory, eye, language)
    assert told.given is True
    assert all((told.when, told.who, told.what, told.why, told.basis, told.outcome, told.next))
    assert told.reasons == ()
    assert len(told.lines()) >= 6


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_refusal_is_explained_with_its_reason_and_what_next(directory: Directory, reason: str, language: str) -> None:
    story = Story()
    story.deny(reason, document=story.deposit())
    for eye in Eye:
        told = explained(story, directory, eye, language)
        assert told.given is False
        assert told.basis is None
        assert told.next
        assert load_phrases().explain(reason, eye, language) in (told.outcome or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worker_cannot_tell_one_refusal_about_the_client_from_another(directory: Directory, language: str) -> None:
    told = set()
    for reason in REASONS - ABOUT_REQUESTER - TOLD_TO_ALL:
        story = Story()
        story.deny(reason)
        one = explained(story, directory, Eye.PROFESSIONAL, language)
        told.add((one.sentence, one.why, one.outcome, one.reasons, one.next, one.facts))
    assert len(told) == 1


def test_only_the_officer_sees_the_facts_and_none_is_left_out(directory: Directory) -> None:
    story = Story()
    story.release(story.deposit(), relation=story.relate("statutory", section="189/2001 22 §"))
    facts = {fact.name: fact.value for fact in explained(story, directory, Eye.OFFICER).facts}
    assert facts["subject.client"] == CLIENT
    assert facts["actor.name"] == "Virve Virkailija"
    assert {"subject.reliance", "body.documents", "body.policy", "index"} <= set(facts)
    for eye in (Eye.CLIENT, Eye.PROFESSIONAL):
        assert explained(story, directory, eye).facts == ()


def test_only_the_client_is_spoken_to(directory: Directory) -> None:
    story = Story()
    story.release(story.deposit(), story.give())
    for eye in (Eye.OFFICER, Eye.PROFESSIONAL):
        told = explained(story, directory, eye)
        assert "about you" not in told.sentence
        assert "your" not in (told.basis or "")
    assert "about you" in explained(story, directory, Eye.CLIENT).sentence


def test_purposes_have_the_clients_names_for_the_client_alone(directory: Directory) -> None:
    story = Story()
    story.release(story.deposit(), story.give(), request=story.request(purpose="employment-support"))
    assert explained(story, directory, Eye.CLIENT).why == "Purpose: supporting you into work."
    assert explained(story, directory, Eye.OFFICER).why == "Purpose: supporting the client into work."


@pytest.mark.parametrize("language", LANGUAGES)
def test_staff_are_told_a_purpose_and_a_kind_of_entry_as_staff_are(directory: Directory, language: str) -> None:
    story, phrases = Story(), load_phrases()
    story.release(story.deposit(), story.give())
    for eye in (Eye.OFFICER, Eye.PROFESSIONAL):
        told = explained(story, directory, eye, language)
        purpose = directory.task("rehabilitation-decision")
        assert purpose is not None and purpose.text(language) in (told.why or "")
        assert "Tietosi" not in (told.outcome or "")
    for kind in KINDS:
        told = phrases.kind_told(kind, language)
        if language == EASY:
            assert not any(one in told for one in ("inu", "ietojasi", "asioitasi", "Katsoit", "Sanoit", "Sait")), told
        else:
            assert told == phrases.kind(kind, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_to_the_register_is_called_one_and_no_look_at_a_client(directory: Directory, language: str) -> None:
    phrases = load_phrases()
    asked = phrases.kind_told("desk.lookup", language, "mandate")
    assert asked != phrases.kind_told("desk.lookup", language) == phrases.kind_told("desk.lookup", language, "other")
    body = {"recipient": "sote-keskus", "asks": "mandate", "reason": ""}
    entry = Opened(
        "gw/audit/2026", 3, "e" * 32, 1_795_000_000_000_000, "desk.lookup", "na", {"client": CLIENT}, {}, body
    )
    assert explain_entry(entry, context_of([]), Eye.OFFICER, directory, phrases, language).sentence == f"{asked}."


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_entry_of_any_kind_is_explained_even_one_that_cannot_be_read(directory: Directory, kind: str) -> None:
    for body in (None, {}):
        entry = Opened("gw/audit/2026", 3, "e" * 32, 1_795_000_000_000_000, kind, "na", None, None, body)
        for eye in Eye:
            for language in LANGUAGES:
                told = explain_entry(entry, context_of([]), eye, directory, load_phrases(), language)
                assert told.sentence
                assert told.when
