"""The order law, at random: honest histories pass, and one forged step in any of them is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.consent.model import ClientId, Consent, Giver, GiverKind, Prohibition, Relation
from gateway.disclosure.opened import Opened
from gateway.disclosure.order_law import check_order
from gateway.disclosure.request import Action
from gateway.disclosure.snapshot import DocumentFacts
from tests.unit.disclosure.story import CLIENT, OTHER, PLAN, Story, new_id

CLIENTS = (CLIENT, OTHER)


@dataclass
class World:
    """A client as an honest gateway would know it, kept apart from the law's own bookkeeping."""

    document: DocumentFacts
    consents: list[Consent] = field(default_factory=list)
    usable: set[str] = field(default_factory=set)
    """Consents that may be relied on now, but for their period."""
    prohibitions: list[Prohibition] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    suspended: bool = False
    refused: bool = False
    """Whether a refusal stands that the client made in person."""
    mandates: int = 0
    """How many mandates there have been: the last of them stands."""
    shown: bool = False
    """Whether this version of a document outside was released."""


def mandate_in(world: World) -> Giver:
    """Return the mandate that stands."""
    return Giver(GiverKind.MANDATE, f"register-{world.mandates}")


def act(story: Story, world: World, client: ClientId, what: str, pick: int) -> None:
    """Let one thing happen; a release only where an honest gateway would release."""
    chosen = world.consents[pick % len(world.consents)] if world.consents else None
    match what:
        case "give" | "give-once" | "give-unconfirmed" | "represent":
            consent = story.give(
                story.row(until=story.at + timedelta(days=1 + pick % 90)), client=client,
                single_use=what == "give-once", confirmed=what != "give-unconfirmed",
                giver=mandate_in(world) if what == "represent" else None,
            )  # fmt: skip
            world.consents.append(consent)
            world.refused = world.refused and what in ("give-unconfirmed", "represent")
            if what != "give-unconfirmed":
                world.usable.add(consent.id)
        case "end-mandate":
            theirs = [one for one in world.consents if one.giver == mandate_in(world)]
            if theirs:
                story.end_mandate(*theirs)
                world.usable -= {one.id for one in theirs}
                world.mandates += 1
        case "refuse":
            story.refuse(client=client)
            world.refused = True
        case "confirm" if chosen is not None and not chosen.grants[0].confirmed and chosen.id not in world.usable:
            story.confirm(chosen, "sosiaalityo" if pick % 2 else None)
            confirmed = replace(chosen, grants=(replace(chosen.grants[0], confirmed=True),))
            world.consents[world.consents.index(chosen)] = confirmed
            world.usable.add(chosen.id)
            world.refused = world.refused and bool(pick % 2)
        case "cut" if chosen is not None and chosen.giver.is_client and not chosen.grants[0].single_use:
            # What it says is what it said before, for a shorter time: it lifts nothing.
            row = chosen.grants[0].row
            if chosen.id in world.usable and story.at + timedelta(hours=2) < row.until:
                shorter = replace(row, until=row.until - timedelta(hours=1))
                world.consents[world.consents.index(chosen)] = story.change(chosen, shorter)
        case "change" if chosen is not None and chosen.id in world.usable and not chosen.grants[0].single_use:
            world.consents[world.consents.index(chosen)] = story.change(chosen)
            world.refused = False
        case "withdraw" if chosen is not None:
            story.withdraw(chosen)
            world.consents.remove(chosen)
            world.usable.discard(chosen.id)
        case "prohibit":
            world.prohibitions.append(story.prohibit("kela" if pick % 2 else "kuntakokeilu", client=client))
        case "lift" if world.prohibitions:
            story.lift(world.prohibitions.pop(pick % len(world.prohibitions)))
        case "relate":
            world.relations.append(story.relate(client=client))
        case "end-relation" if world.relations:
            story.end_relation(world.relations.pop(pick % len(world.relations)))
        case "suspend":
            world.suspended = not world.suspended
            story.suspend(client, world.suspended)
        case "wait":
            story.wait(days=pick % 40)
        case "deny":
            story.deny(client=client)
        case "deposit" if world.document.source is not None:
            # A version of one that lies outside is what was shown; others are never heard of.
            if world.shown:
                world.document, world.shown = replace(world.document, version=world.document.version + 1), False
        case "deposit":
            world.document = story.deposit(client, world.document.version + 1, world.document.id)
        case "release" | "search" if chosen is not None and chosen.id in world.usable and not world.suspended:
            prohibited = any(row.recipient == "kela" for row in world.prohibitions)
            single = chosen.grants[0].single_use
            soon = story.at + timedelta(seconds=2)
            beaten = world.refused and not chosen.giver.is_client
            if (
                not prohibited
                and not beaten
                and soon < chosen.grants[0].row.until
                and not (single and what == "search")
            ):
                action = Action.READ if what == "release" else Action.SEARCH
                story.release(world.document, chosen, client=client, action=action)
                world.shown = True
                if single:
                    world.usable.discard(chosen.id)
        case "release-by-law" if world.relations and not world.suspended:
            relation = world.relations[pick % len(world.relations)]
            story.release(world.document, relation=relation, client=client)
            world.shown = True
        case _:
            pass


ACTS = st.sampled_from(
    "give give give-once give-unconfirmed represent represent end-mandate refuse confirm change cut withdraw prohibit "
    "lift relate end-relation suspend suspend wait deny deposit release release release release search release-by-law "
    "release-by-law".split()
)


@st.composite
def histories(draw: st.DrawFn) -> Story:
    """Draw an honest history of two clients."""
    story = Story()
    outside = draw(st.booleans())
    worlds = [World(story.lie_outside(client) if outside else story.deposit(client)) for client in CLIENTS]
    acts = st.tuples(ACTS, st.integers(0, 1), st.integers(0, 1000))
    for what, which, pick in draw(st.lists(acts, min_size=5, max_size=60)):
        act(story, worlds[which], CLIENTS[which], what, pick)
    # At least one release, of whichever kind.
    for row in worlds[0].prohibitions:
        story.lift(row)
    if worlds[0].suspended:
        story.suspend(suspended=False)
    match draw(st.sampled_from(["consent", "once", "law"])):
        case "law":
            story.release(worlds[0].document, relation=story.relate())
        case kind:
            story.release(worlds[0].document, story.give(single_use=kind == "once"))
    return story


@settings(max_examples=150, deadline=None)
@given(histories())
def test_an_honest_history_passes(story: Story) -> None:
    assert check_order(story.entries()).faults == []


# One forged step.

Entries = list[Opened]
Forge = Callable[[Entries, int], Entries | None]
"""Takes a history and where a release of it stands; returns the forged one, None where it cannot forge this."""


def body(entry: Opened) -> dict[str, object]:
    """Return a copy of section b."""
    assert entry.b is not None
    return dict(entry.b)


def document(entry: Opened) -> dict[str, object]:
    """Return the released document."""
    rows = body(entry)["documents"]
    assert isinstance(rows, list)
    return dict(rows[0])


def relied(entry: Opened) -> list[list[object]]:
    """Return the grants that a release names."""
    assert entry.s is not None
    return [row for rests in entry.s["reliance"].values() for row in rests["grants"]]  # type: ignore[attr-defined]


def relation(entry: Opened) -> str | None:
    """Return the relation that a release names."""
    assert entry.s is not None
    return next(iter(entry.s["reliance"].values()))["relation"]  # type: ignore[attr-defined,no-any-return]


def inserted(entries: Entries, at: int, kind: str, content: dict[str, object], client: str | None) -> Entries:
    """Return the history with an entry more, before the one at *at*."""
    said = {"by": "client", **content}
    made = Opened(entries[at].origin, 0, new_id(), entries[at - 1].t, kind, "na", {"client": client}, {}, said)
    return [*entries[:at], made, *entries[at:]]


def withdrawn_before(entries: Entries, at: int) -> Entries | None:
    rows = relied(entries[at])
    return inserted(entries, at, "consent.withdrawn", {"consent": rows[0][1]}, entries[at].client) if rows else None


def never_given(entries: Entries, at: int) -> Entries | None:
    ids = {row[0] for row in relied(entries[at])} | {relation(entries[at])}

    def gives(entry: Opened) -> bool:
        grants = {row["id"] for row in body(entry).get("grants", []) if isinstance(row, dict)}  # type: ignore[attr-defined]
        recorded = entry.kind == "relation.recorded" and body(entry)["relation"] in ids
        return recorded or bool(ids & grants)

    return [entry for entry in entries if not gives(entry)]


def released_before_it_was_given(entries: Entries, at: int) -> Entries | None:
    rest = [*entries[:at], *entries[at + 1 :]]
    return [rest[0], replace(entries[at], t=rest[0].t), *rest[1:]]


def prohibited_before(entries: Entries, at: int) -> Entries | None:
    content: dict[str, object] = {"prohibition": new_id(), "recipient": None, "category": None, "in_person": True}
    return inserted(entries, at, "prohibition.given", content, entries[at].client) if relied(entries[at]) else None


def refused_before(entries: Entries, at: int) -> Entries | None:
    grants = {row[0] for row in relied(entries[at])}
    givings = [body(entry) for entry in entries[:at] if entry.kind in ("consent.given", "consent.changed")]
    theirs = (one for one in givings if one["giver"]["kind"] != "client")  # type: ignore[index]
    given = {row["id"] for one in theirs for row in one["grants"]}  # type: ignore[attr-defined]
    content: dict[str, object] = {"rows": [{"recipient": "kela", "category": PLAN}], "in_person": True}
    return inserted(entries, at, "consent.refused", content, entries[at].client) if grants & given else None


def suspended_before(entries: Entries, at: int) -> Entries | None:
    return inserted(entries, at, "client.suspended", {"suspended": True}, entries[at].client)


def partner_suspended_before(entries: Entries, at: int) -> Entries | None:
    return inserted(entries, at, "partner.suspended", {"partner": "kela-system"}, None)


def relation_ended_before(entries: Entries, at: int) -> Entries | None:
    id = relation(entries[at])
    return inserted(entries, at, "relation.ended", {"relation": id}, entries[at].client) if id else None


def _with_body(entries: Entries, at: int, **changed: object) -> Entries:
    return [*entries[:at], replace(entries[at], b=body(entries[at]) | changed), *entries[at + 1 :]]


def to_another_recipient(entries: Entries, at: int) -> Entries | None:
    return _with_body(entries, at, recipient="kuntakokeilu")


def for_another_purpose(entries: Entries, at: int) -> Entries | None:
    return _with_body(entries, at, purpose="care") if relied(entries[at]) else None


def of_another_category(entries: Entries, at: int) -> Entries | None:
    if relation(entries[at]) and "met" in next(iter(entries[at].s["reliance"].values())):  # type: ignore[index]
        # Nothing but its releases tells what a document outside is, and a relation is of no category.
        return None
    return _with_body(entries, at, documents=[document(entries[at]) | {"category": "activation-plan"}])


def of_another_version(entries: Entries, at: int) -> Entries | None:
    subject = entries[at].s or {}
    reliance = {one: {**row, "version": 99} for one, row in subject["reliance"].items()}  # type: ignore[attr-defined]
    return [*entries[:at], replace(entries[at], s={**subject, "reliance": reliance}), *entries[at + 1 :]]


def on_another_basis(entries: Entries, at: int) -> Entries | None:
    other = "statutory" if document(entries[at])["basis"] != "statutory" else "consent"
    return _with_body(entries, at, documents=[document(entries[at]) | {"basis": other}])


def about_another_client(entries: Entries, at: int) -> Entries | None:
    entry = entries[at]
    assert entry.s is not None
    other = next(client for client in CLIENTS if client != entry.client)
    return [*entries[:at], replace(entry, s={**entry.s, "client": other}), *entries[at + 1 :]]


def long_after(entries: Entries, at: int) -> Entries | None:
    late = [replace(one, t=one.t + 400 * 86_400_000_000) for one in entries[at:]]
    return [*entries[:at], *late] if relied(entries[at]) else None


def spent_by_nobody(entries: Entries, at: int) -> Entries | None:
    return [*entries[: at + 1], *entries[at + 2 :]] if any(row[3] for row in relied(entries[at])) else None


def captured_by_the_recipient(entries: Entries, at: int) -> Entries | None:
    ids = {row[0] for row in relied(entries[at])}

    def gave(entry: Opened) -> bool:
        if entry.kind not in ("consent.given", "consent.changed"):
            return False
        return any(row["id"] in ids and row["confirmed"] for row in body(entry)["grants"])  # type: ignore[attr-defined]

    capture = {"method": "with-professional", "service": "kela", "system": "kela-system"}
    made = [replace(one, b=body(one) | {"capture": capture}) if gave(one) else one for one in entries]
    return made if made != entries else None


def recorded_by_the_recipient(entries: Entries, at: int) -> Entries | None:
    id = relation(entries[at])
    if id is None:
        return None
    return [
        replace(one, a={**(one.a or {}), "service": "kela"})
        if one.kind == "relation.recorded" and body(one)["relation"] == id else one
        for one in entries
    ]  # fmt: skip


def lifted_by_the_recipient(entries: Entries, at: int) -> Entries | None:
    if not relied(entries[at]):
        return None
    content: dict[str, object] = {"prohibition": new_id(), "recipient": "kela", "category": None, "in_person": True}
    given = inserted(entries, at, "prohibition.given", content, entries[at].client)
    return inserted(given, at + 1, "prohibition.lifted", content | {"by": "kela"}, entries[at].client)


FORGES: list[Forge] = [
    withdrawn_before, never_given, released_before_it_was_given, prohibited_before, refused_before, suspended_before,
    partner_suspended_before, relation_ended_before, to_another_recipient, for_another_purpose, of_another_category,
    of_another_version, on_another_basis, about_another_client, long_after, spent_by_nobody,
    captured_by_the_recipient, recorded_by_the_recipient, lifted_by_the_recipient,
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(histories(), st.integers(0, 10_000), st.integers(0, 1000))
def test_one_forged_step_is_found(story: Story, which: int, pick: int) -> None:
    entries = story.entries()
    permitted = (at for at, entry in enumerate(entries) if entry.outcome == "permit")
    releases = [at for at in permitted if entries[at].kind in ("disclosure", "search")]
    at = releases[pick % len(releases)]
    forged = [(forge, made) for forge in FORGES if (made := forge(entries, at)) is not None]
    forge, made = forged[which % len(forged)]
    placed = [replace(entry, index=index) for index, entry in enumerate(made)]
    assert check_order(placed).faults, forge.__name__
