"""Partner systems in the register: each change is one entry, and what must not be registered is not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from audit.log import Rejected
from audit.writing import Writing
from gateway.errors import BodyInvalid, RequestInvalid
from tests.http.conftest import TokenDesk
from tests.parts.partner import PartnerSystem, SteeredClock


def test_partners_are_listed_with_their_services_and_standing(desk: TokenDesk, clock: SteeredClock) -> None:
    assert desk.register.list() == ()
    desk.enrol(PartnerSystem(clock, id="b-system"), scope="system/CarePlan.read")
    desk.enrol(PartnerSystem(clock, id="a-system"))
    desk.apply(desk.register.changing("b-system", services=["kela", "kela-etuudet"], by="test"))
    desk.apply(desk.register.suspending("b-system", by="test"))
    a, b = desk.register.list()
    assert (a.id, a.services, a.suspended) == ("a-system", ("kuntakokeilu",), False)
    assert (b.id, b.services, b.suspended, b.scope) == (
        "b-system",
        ("kela", "kela-etuudet"),
        True,
        "system/CarePlan.rs",
    )
    desk.apply(desk.register.resuming("b-system", by="test"))
    assert not desk.register.list()[1].suspended
    assert desk.register.find("c-system") is None


def test_each_change_is_one_entry_without_key_or_token(desk: TokenDesk, clock: SteeredClock) -> None:
    system = PartnerSystem(clock)
    register = desk.register
    desk.enrol(system)
    items = [
        register.changing(system.id, scope="system/*.r", by="officer"), register.suspending(system.id, by="officer"),
        register.resuming(system.id, by="officer"), register.revoking(system.id, "token-1", 5),
    ]  # fmt: skip
    said = []
    for item in items:
        with desk.database.write() as connection:
            result, drafts = item.apply(Writing(connection, "test", 0, 0), 1)
            assert result == system.id
            (draft,) = drafts
            said.append((draft.index.kind, draft.body["change"], draft.actor["operator"]))
            assert (draft.subject_owner, draft.actor_owner) == (None, None)
    assert said == [
        ("partner.changed", "registration", "officer"), ("partner.suspended", "suspended", "officer"),
        ("partner.changed", "resumed", "officer"), ("partner.changed", "token-revoked", system.id),
    ]  # fmt: skip


def test_a_partner_is_added_once_and_nobody_unknown_is_changed(desk: TokenDesk, clock: SteeredClock) -> None:
    system = PartnerSystem(clock)
    desk.enrol(system)
    with pytest.raises(Rejected) as caught:
        desk.enrol(system)
    assert caught.value.value == "partner-exists"
    for item in (
        desk.register.suspending("nobody", by="test"),
        desk.register.changing("nobody", scope="system/*.r", by="test"),
    ):
        with pytest.raises(Rejected) as caught:
            desk.apply(item)
        assert caught.value.value == "partner-unknown"


def test_a_revocation_is_written_once_and_old_ones_go(desk: TokenDesk, clock: SteeredClock) -> None:
    system = PartnerSystem(clock)
    desk.enrol(system)
    now = int(clock.now().timestamp() * 1_000_000)
    for token, expires in (("old", now - 7_200_000_000), ("new", now), ("new", now)):
        desk.apply(desk.register.revoking(system.id, token, expires))
    with desk.database.read() as connection:
        assert connection.execute(text("SELECT jti FROM revoked_token")).scalars().all() == ["new"]


def test_what_must_not_be_registered_is_refused_before_anything_is_written(
    desk: TokenDesk, clock: SteeredClock
) -> None:
    system = PartnerSystem(clock)
    good = {"organisation": "kela", "services": ["kela"], "scope": "system/*.r", "jwks": system.jwks(), "by": "test"}
    for partner in ("", "A", "a b", "a" * 65, "-a", "ä", "a\n"):
        with pytest.raises(RequestInvalid):
            desk.register.adding(partner, **good)  # type: ignore[arg-type]
    for changed in ({"services": []}, {"scope": "user/*.r"}, {"scope": ""}):
        with pytest.raises(RequestInvalid):
            desk.register.adding("a", **{**good, **changed})  # type: ignore[arg-type]
    with pytest.raises(RequestInvalid, match=r"'system/foo\.zz'"):
        desk.register.adding("a", **{**good, "scope": "system/*.r system/foo.zz"})  # type: ignore[arg-type]
    with pytest.raises(BodyInvalid):
        desk.register.adding("a", **{**good, "jwks": '{"keys":[]}'})  # type: ignore[arg-type]
    desk.enrol(system)
    with pytest.raises(BodyInvalid):
        desk.register.adding_keys(system.id, system.jwks(), by="test")
    with pytest.raises(RequestInvalid):
        desk.register.adding_keys("nobody", system.jwks(), by="test")
