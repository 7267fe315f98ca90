"""What the log may raise is told in the gateway's words, in one place."""

from __future__ import annotations

import pytest

from adapters.sql.faults import told
from audit import errors
from gateway.errors import GatewayError, NotKeptTwice, StoreUnavailable, TooBusy

WORDS: dict[type[errors.AuditError], type[GatewayError]] = {
    errors.LogBusy: TooBusy,
    errors.NotKept: NotKeptTwice,
    errors.CommitFailed: StoreUnavailable,
    errors.CommitUnknown: StoreUnavailable,
    errors.LogBroken: StoreUnavailable,
    errors.LogForked: StoreUnavailable,
    errors.NotSigned: StoreUnavailable,
}
DISBELIEF = (errors.ProofInvalid, errors.SignatureInvalid, errors.EntryInvalid, errors.OpeningInvalid)
"""What says that something is not as it should be, and not that it could not be written."""


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_failure_of_the_log_is_told_with_its_cause(kind: type[errors.AuditError]) -> None:
    failure = kind("why")
    known = told(failure)
    assert type(known) is WORDS[kind]
    assert known.__cause__ is failure


def test_every_error_of_the_log_is_a_failure_with_a_word_or_a_disbelief() -> None:
    assert set(errors.AuditError.__subclasses__()) == {*WORDS, *DISBELIEF}


@pytest.mark.parametrize("kind", DISBELIEF, ids=lambda kind: kind.__name__)
def test_a_disbelief_stays_what_it_is(kind: type[errors.AuditError]) -> None:
    disbelief = kind("why")
    assert told(disbelief) is disbelief
