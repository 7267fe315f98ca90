"""Scopes: their one form, and what covers what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.scopes import covers, parse_scopes

_LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(
    lambda chosen: "".join(one for one in "cruds" if one in chosen)
)
_SMART = st.builds(
    lambda kind, letters: f"system/{kind}.{letters}", st.sampled_from(["*", "CarePlan", "Task"]), _LETTERS
)


@given(st.lists(_SMART, min_size=1))
def test_parsing_keeps_what_is_canonical_and_drops_repetition(scopes: list[str]) -> None:
    assert parse_scopes(" ".join(scopes)) == tuple(dict.fromkeys(scopes))


@given(st.frozensets(_SMART), _SMART, _SMART)
def test_more_scopes_never_cover_less(granted: frozenset[str], more: str, needed: str) -> None:
    assert not covers(granted, needed) or covers(granted | {more}, needed)
    assert covers(frozenset({needed}), needed)
    assert not covers(frozenset(), needed)


def test_scopes_add_up_by_type_and_letter() -> None:
    assert covers(frozenset({"system/CarePlan.r", "system/*.s"}), "system/CarePlan.rs")
    assert not covers(frozenset({"system/CarePlan.rs", "system/Task.rs"}), "system/*.r")
    assert not covers(frozenset({"system/CarePlan.rs"}), "system/CarePlan.c")
    assert not covers(frozenset({"system/*.cruds"}), "saattaen/consents")
    assert not covers(frozenset({"saattaen/consents"}), "system/*.r")
    assert not covers(frozenset({"system/*.cruds"}), "nonsense")


@pytest.mark.parametrize(
    "text", ["", " ", "a  b", "system/careplan.r", "system/CarePlan.dus", "System/CarePlan.r", "x\ny"]
)
def test_a_scope_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_scopes(text)
