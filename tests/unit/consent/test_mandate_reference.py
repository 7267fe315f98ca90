"""By which reference a mandate is known: one name for all its choosings, and none that tells of whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.consent.mandate_reference import is_over, mandate_of, naming, new_reference
from gateway.consent.model import GiverKind
from gateway.directory.identity_code import PersonalIdentityCode
from tests.unit.consent.consent_room import START

NAME = "0123456789abcdef" * 2
LATER = START + timedelta(microseconds=1)


def test_each_choosing_has_a_reference_of_its_own_and_all_have_one_name() -> None:
    first, second = new_reference(NAME, START), new_reference(NAME, START)
    assert first != second
    assert mandate_of(first) == mandate_of(second) == f"valtuudet-{NAME}"
    assert mandate_of(mandate_of(first)) == mandate_of(first)


def test_what_was_chosen_before_the_end_is_over_and_what_was_chosen_after_it_is_not() -> None:
    assert not is_over(new_reference(NAME, START), None)
    assert is_over(new_reference(NAME, START), START)
    assert is_over(new_reference(NAME, START), LATER)
    assert not is_over(new_reference(NAME, LATER), START)


@pytest.mark.parametrize("foreign", ["m-1", f"valtuudet-{NAME}", f"valtuudet-{NAME}@soon-{NAME}", f"x@9-{NAME}"])
def test_a_reference_that_does_not_tell_when_it_was_chosen_is_over_for_good(foreign: str) -> None:
    assert mandate_of(foreign) == foreign
    assert is_over(foreign, START)


def test_a_name_is_of_one_bearer_one_client_and_one_kind() -> None:
    asked: list[tuple[str, str]] = []

    def keyed(one: str, other: str) -> str:
        asked.append((one, other))
        return str(len(asked))

    name = naming(keyed)
    one, other = PersonalIdentityCode.parse("010190-900P"), PersonalIdentityCode.parse("140395-9022")
    for pair in ((one, other), (other, one)):
        for kind in (GiverKind.GUARDIAN, GiverKind.MANDATE, GiverKind.TRUSTEE):
            name(*pair, kind)
    assert len(set(asked)) == 6
    # No party of the directory has such a code, so the name is nobody's reference of anyone.
    assert all(":" in one for one, _ in asked)
