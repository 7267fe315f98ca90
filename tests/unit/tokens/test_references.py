"""A service's reference to a client leads back to the client for that service alone."""

from __future__ import annotations

import secrets

import pytest

from adapters.tokens.references import ServiceReferences
from gateway.consent.model import ClientId

KEY = secrets.token_bytes(32)
CLIENT = ClientId("0f1e2d3c4b5a69788796a5b4c3d2e1f0")


def test_a_reference_is_the_same_each_time_and_leads_back() -> None:
    references = ServiceReferences(KEY)
    one = references.of("kela", CLIENT)
    assert one == ServiceReferences(KEY).of("kela", CLIENT)
    assert references.client("kela", one) == CLIENT
    assert CLIENT not in one


def test_another_services_reference_leads_nowhere_and_looks_unlike() -> None:
    references = ServiceReferences(KEY)
    one = references.of("kela", CLIENT)
    assert references.client("kuntakokeilu", one) is None
    assert references.of("kuntakokeilu", CLIENT) != one


@pytest.mark.parametrize("given", ["", "0" * 63, "0" * 64, "x" * 64, "ä" * 64, CLIENT, "00"])
def test_any_other_text_leads_nowhere(given: str) -> None:
    assert ServiceReferences(KEY).client("kela", given) is None


def test_another_key_reads_nothing() -> None:
    one = ServiceReferences(KEY).of("kela", CLIENT)
    assert ServiceReferences(secrets.token_bytes(32)).client("kela", one) is None
