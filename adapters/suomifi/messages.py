"""A simulator of Suomi.fi messages: mailboxes of people who have taken the service into use, in memory.

Shaped as the service is: a reader is named by the personal identity code, a message has the sender's own id for it and
is taken once under that id, and someone without a mailbox is not reached. The real service is called over the network
by the same port. No setting opens this: it stands in for the service where that is shown to fit the port.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.consent.ports import Notice, NoticePutOff, NoticeRefused


@dataclass(frozen=True, slots=True)
class Letter:
    """An electronic message as it lies in a mailbox."""

    external_id: str
    title: str
    body: str = field(repr=False)


@dataclass
class SimulatedMessages:
    """Knows who has a mailbox; *down* makes it silent."""

    down: bool = False
    _mailboxes: dict[str, dict[str, Letter]] = field(default_factory=dict, repr=False)

    def activate(self, identity_code: str) -> None:
        """Take the service into use for a person."""
        self._mailboxes.setdefault(identity_code, {})

    def letters(self, identity_code: str) -> tuple[Letter, ...]:
        """Return what lies in a person's mailbox, oldest first."""
        return tuple(self._mailboxes.get(identity_code, {}).values())

    async def send(self, notice: Notice) -> None:
        """Put a notice into its reader's mailbox. Raises NoticeRefused("no-mailbox") where there is none."""
        if self.down:
            raise NoticePutOff("suomifi-unreachable", down=True)
        mailbox = self._mailboxes.get(notice.address)
        if mailbox is None:
            raise NoticeRefused("no-mailbox")
        mailbox.setdefault(notice.id, Letter(notice.id, notice.subject, notice.text))
