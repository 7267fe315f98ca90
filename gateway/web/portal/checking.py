"""The screen on which a choice is checked before it is confirmed: the exact text, whose hash the consent keeps.

Nothing is kept between the screens. The second one carries the choice in its own fields and the hash of the text that
it showed; the confirming renders the text once more, and counts only if it is the same. It carries a one-time key too,
so that who presses twice gives once.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from gateway.consent.lifecycle import new_id
from gateway.consent.model import Consent, Grant, GrantRow, Shown
from gateway.consent.wording import Rendered, render
from gateway.web.forms import Form
from gateway.web.portal.choice import DAY, Choice, Offered, rows_of
from gateway.web.portal.visit import Room, Visit

CONFIRM = "confirm"
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A choice that was confirmed as it was shown."""

    rows: tuple[GrantRow, ...]
    shown: Shown
    supported: bool
    form: str
    """The one-time key of the screen that was confirmed."""


def check(
    room: Room, visit: Visit, form: Form, offered: Sequence[Offered], choice: Choice, action: str, back: str, *,
    no_action: str = "", purpose: str = "", may_tell_help: bool = True, ends_too: Sequence[Grant] = (),
) -> Checked | Response:  # fmt: skip
    """Return the confirmed choice, or the screen to confirm it on. *choice* has no faults.

    *no_action* is where the equal button of saying no leads; *purpose* is carried along. With *may_tell_help* the
    client may tell that somebody helped them to read. *ends_too* is what a change ends besides what was chosen.
    """
    rows = rows_of(choice, offered, visit.now)
    text = text_of(room, visit, rows)
    answered, told = form.text("step", most=20) == CONFIRM, form.text("text", most=64)
    key = form.text("form", most=64)
    if answered and _KEY.fullmatch(key) and hmac.compare_digest(told.encode(), text.sha256.encode()):
        return Checked(rows, text.shown(), form.text("supported", most=3) == "yes", key)
    return confirm_on(
        room, visit, offered, choice, action, back, no_action=no_action, purpose=purpose, text_changed=answered,
        may_tell_help=may_tell_help, ends_too=ends_too,
    )  # fmt: skip


def confirm_on(
    room: Room, visit: Visit, offered: Sequence[Offered], choice: Choice, action: str, back: str, *,
    no_action: str = "", purpose: str = "", text_changed: bool = False, may_tell_help: bool = False,
    ends_too: Sequence[Grant] = (),
) -> Response:  # fmt: skip
    """Return the screen on which a choice is confirmed at *action*."""
    text = text_of(room, visit, rows_of(choice, offered, visit.now))
    kept = [("until", choice.until)] if choice.last_day is None else [
        ("until", DAY), ("until_day", choice.last_day.isoformat())
    ]  # fmt: skip
    once = [("step", CONFIRM), ("form", new_id()), ("text", text.sha256)]
    hidden = [*once, *(("row", key) for key in choice.keys), *kept]
    if purpose:
        hidden.append(("purpose", purpose))
    parts = list(zip(choice.keys, text.rows, strict=True))
    return room.show(
        visit, "check", text=text, parts_of=parts, choice=choice, hidden=hidden, action=action, back=back,
        no_action=no_action, text_changed=text_changed, may_tell_help=may_tell_help, ends_too=ends_too,
    )  # fmt: skip


def text_of(room: Room, visit: Visit, rows: Sequence[GrantRow]) -> Rendered:
    """Return the consent text for these rows in the reader's language and register, as it is in use now."""
    language, register = room.register(visit)
    wording = room.wordings.current()
    return render(wording, language, register, rows, at=visit.now, directory=room.directory)


def text_shown(room: Room, consent: Consent) -> Rendered | None:
    """Return the very text that was shown when a consent was given; None where it cannot be made again letter by
    letter, as its hash tells."""
    shown = consent.shown
    wording = room.wordings.get(shown.wording, shown.version)
    if wording is None:
        return None
    rows = [grant.row for grant in consent.grants]
    try:
        text = render(wording, shown.language, shown.register, rows, at=consent.given_at, directory=room.directory)
    except KeyError:
        return None  # A code of long ago that the directory no longer has.
    return text if text.sha256 == shown.sha256 else None
