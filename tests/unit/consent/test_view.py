"""What one party may learn of another through a consent: nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import lifecycle
from gateway.consent.checks import Known
from gateway.consent.model import Capture, CaptureMethod, ClientId, Consent, Evidence, Giver, GrantRow
from gateway.consent.view import view_for
from tests.unit.consent.consent_room import DIRECTORY, SHOWN, START, row

OWN_PAGE = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
KEY = b"e" * 32
MINE = row()
OTHERS = st.lists(
    st.sampled_from(
        [
            row(custodian="sosiaalityo", recipient="kela", purpose="rehabilitation-decision"),
            row(custodian="sosiaalityo", recipient="tyohonvalmennus"),
            row(custodian="sosiaalityo", recipient="tyohonvalmennus", sensitivities=frozenset({"health"})),
        ]
    ),
    max_size=3,
)


def history(versions: list[list[GrantRow]]) -> tuple[Consent, ...]:
    """Return a consent's versions, the first given and the others changed."""
    first = lifecycle.give(
        ClientId("c"), tuple(versions[0]), (), OWN_PAGE, SHOWN, Giver(), Known(), DIRECTORY, START, 1
    )
    consents = [replace(first, id=first.id.__class__("d" * 32))]
    for rows in versions[1:]:
        last = consents[-1]
        consents.append(
            lifecycle.change(last, tuple(rows), (), OWN_PAGE, SHOWN, Giver(), Known(), DIRECTORY, START, last.seq + 1)
        )
    return tuple(consents)


@given(st.lists(st.tuples(OTHERS, st.integers(0, 3)), min_size=1, max_size=4))
def test_a_partys_view_is_the_same_whatever_others_were_granted(drawn: list[tuple[list[GrantRow], int]]) -> None:
    versions = [[*others[:at], MINE, *others[at:]] for others, at in drawn]
    alone = view_for(history([[MINE]]), "kuntakokeilu", KEY)
    among = view_for(history(versions), "kuntakokeilu", KEY)
    assert alone is not None
    assert among is not None
    # Ids are random; all else is equal, and the ETag does not rest on ids.
    assert replace(among, grants=()) == replace(alone, grants=())
    assert [replace(grant, id=alone.grants[0].id) for grant in among.grants] == list(alone.grants)


@given(OTHERS)
def test_who_is_not_named_sees_nothing(others: list[GrantRow]) -> None:
    assert view_for(history([[MINE, *others]]), "terveystarkastus", KEY) is None


def test_a_partys_own_change_is_a_new_version_and_etag() -> None:
    changed = row(sensitivities=frozenset({"health"}))
    before, after = (view_for(history(rows), "kuntakokeilu", KEY) for rows in ([[MINE]], [[MINE], [changed]]))
    assert before is not None
    assert after is not None
    assert (before.version, after.version) == (1, 2)
    assert before.etag != after.etag
