"""Acts of choosing how to be told, and what the page shows beforehand."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from gateway.consent.acting import TO_CLIENT, Act, Stores, known_giver
from gateway.consent.checks import Mandate, check_giver
from gateway.consent.model import ClientId, Giver
from gateway.consent.notice_choice import ChannelKind, Contact, NoticeChoice
from gateway.consent.notice_texts import EASY, language_of
from gateway.consent.person import Person
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.directory.instants import to_micros
from gateway.directory.model import LANGUAGES
from gateway.errors import ConsentRefused

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_NAMES: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.EMAIL: ("email",), ChannelKind.SMS: ("sms", "phone"), ChannelKind.SUOMIFI: (),
}  # fmt: skip
"""By which names an address of each kind may stand among a person's channels, the first of them first."""


def address_of(person: Person, kind: ChannelKind) -> str | None:
    """Return where that kind of channel reaches the person; None where it does not.

    Suomi.fi messages find their reader by the personal identity code, which leaves for there and nowhere else.
    """
    if kind is ChannelKind.SUOMIFI:
        codes = (one.value for one in person.identifiers)
        return next((one.reveal() for one in codes if isinstance(one, PersonalIdentityCode)), None)
    return next((person.channels[name] for name in _NAMES[kind] if person.channels.get(name)), None)


def contact(stores: Stores, connection: object, client: ClientId, kinds: Collection[ChannelKind]) -> Contact:
    """Return how the client is told. An unknown client: ConsentRefused("not-found")."""
    standing = stores.clients.standing(connection, client)
    if standing is None:
        raise ConsentRefused("not-found", "there is no such client")
    person = stores.clients.person(connection, client)
    found = {} if person is None else {kind: address_of(person, kind) for kind in ChannelKind if kind in kinds}
    reached = {kind: address for kind, address in found.items() if address is not None}
    choice = stores.notices.choice(connection, client)
    notes = (
        ("non-disclosure", standing.non_disclosure),
        ("shared-address", choice is not None and choice.shared),
        ("no-channel", not reached),
    )
    return Contact(
        choice, tuple(reached), tuple((kind, _masked(kind, address)) for kind, address in reached.items()),
        tuple(note for note, holds in notes if holds), "fi" if person is None else language_of(person),
    )  # fmt: skip


def choose(
    act: Act, client: ClientId, choice: NoticeChoice, address: str | None, kinds: Collection[ChannelKind],
    language: str | None, giver: Giver, mandate: Mandate | None,
) -> None:  # fmt: skip
    """Record a choice; where a new address was given, tell the one before it."""
    check_giver(giver, known_giver(act, client, mandate), act.at)
    stores, kind = act.office.stores, choice.channel
    person = stores.clients.person(act.connection, client)
    old = None if person is None or kind is None else address_of(person, kind)
    if kind is not None and kind not in kinds:
        raise ConsentRefused("request-invalid", "this gateway has no such channel")
    if address is not None:
        address = "".join(address.split())
        if kind is None or not _is_address(kind, address):
            raise ConsentRefused("request-invalid", "this is no address of that channel")
        stores.clients.set_channel(act.connection, client, _NAMES[kind][0], address)
    elif kind is not None and old is None:
        raise ConsentRefused("request-invalid", "there is no address for that channel")
    if language is not None:
        if language not in LANGUAGES:
            raise ConsentRefused("request-invalid", "notices are not written in that language")
        spoken = ("fi", "easy") if language == EASY else (language, "plain")
        stores.clients.set_language(act.connection, client, *spoken)
    stores.notices.choose(act.connection, client, choice, act.at)
    stores.outbox.reconsider(act.connection, client)
    moved = address is not None and address != old
    body: dict[str, object] = {
        "rhythm": str(choice.rhythm), "channel": kind, "shared": choice.shared, "new_address": moved,
        "in_person": giver.is_client, "language": language, "record": stores.clients.changes(act.connection, client),
    }  # fmt: skip
    act.drafts.append(act.teller.client("client.notices", client, body))
    if moved and old is not None:
        # Whoever takes over a session must not also silence the one who would notice.
        before = {"channel": kind, "address": old, "at": to_micros(act.at)}
        act.tell("client.notices", TO_CLIENT, client, None, before)


def _is_address(kind: ChannelKind, address: str) -> bool:
    match kind:
        case ChannelKind.EMAIL:
            return _EMAIL.fullmatch(address) is not None and len(address) <= 254
        case ChannelKind.SMS:
            return _PHONE.fullmatch(address) is not None
        case ChannelKind.SUOMIFI:
            return False


def _masked(kind: ChannelKind, address: str) -> str:
    match kind:
        case ChannelKind.EMAIL:
            name, _, domain = address.rpartition("@")
            return f"{name[:1]}…@{domain}"
        case ChannelKind.SMS:
            return f"…{address[-3:]}"
        case ChannelKind.SUOMIFI:
            return ""
