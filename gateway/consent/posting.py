"""The post to clients: what waits for one client leaves as one notice without content, a one-time code by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.consent.choosing import address_of
from gateway.consent.notice_choice import ChannelKind, NoticeChoice
from gateway.consent.notice_texts import NoticeTexts, language_of
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.consent.ports import Notice, NoticeChannel, NoticeRefused

NO_CHANNEL = "no-channel"


class Post:
    """The channels of an installation, by kind. Without any, every notice is refused with `no-channel`."""

    def __init__(self, channels: Mapping[ChannelKind, NoticeChannel], texts: NoticeTexts) -> None:
        self._channels, self._texts = channels, texts

    @property
    def kinds(self) -> frozenset[ChannelKind]:
        """Return the kinds of channel that there are."""
        return frozenset(self._channels)

    def route(self, person: Person, choice: NoticeChoice | None) -> ChannelKind | None:
        """Return by which kind the person is reached. What they chose is not replaced by another: that one may be the
        only one that nobody else reads."""
        if choice is not None and choice.channel is not None:
            wanted: Sequence[ChannelKind] = (choice.channel,)
        else:
            wanted = tuple(ChannelKind)
        return next((one for one in wanted if one in self._channels and address_of(person, one)), None)

    async def send(
        self, person: Person, choice: NoticeChoice | None, messages: Sequence[Outgoing], at: datetime
    ) -> None:
        """Send what tells of these messages, all of one client: see `groups`. Raises NoticeRefused or OSError."""
        first = messages[0]
        kind, address = self._where(person, choice, first)
        language, code = language_of(person), first.body.get("code")
        subject, text = self._texts.news(language) if code is None else self._texts.code(language, str(code))
        await self._channels[kind].send(Notice(first.id, address, language, subject, text, at))

    async def send_to_officer(self, address: str | None, message: Outgoing, at: datetime) -> None:
        """Send what tells an officer that a question waits, by e-mail. Raises NoticeRefused or OSError."""
        channel = self._channels.get(ChannelKind.EMAIL)
        if channel is None or address is None:
            raise NoticeRefused(NO_CHANNEL)
        subject, text = self._texts.officer(late=message.kind == "concern.late")
        await channel.send(Notice(message.id, address, "fi", subject, text, at))

    def _where(self, person: Person, choice: NoticeChoice | None, message: Outgoing) -> tuple[ChannelKind, str]:
        match message.body:
            case {"channel": str(channel), "address": str(address)} if channel in self._channels:
                # Told at the address that the client had before.
                return ChannelKind(channel), address
        kind = self.route(person, choice)
        address_now = None if kind is None else address_of(person, kind)
        if kind is None or address_now is None:
            raise NoticeRefused(NO_CHANNEL)
        return kind, address_now


def groups(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Return a client's messages as they leave together: codes and changes of address alone, all others as one."""
    alone = [[one] for one in messages if "code" in one.body or "address" in one.body]
    rest = [one for one in messages if "code" not in one.body and "address" not in one.body]
    return [*alone, rest] if rest else alone
