"""What a page says when something could not be done: by the code of `http.problems`, in words for anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.web.language import N_


@dataclass(frozen=True, slots=True)
class Told:
    """A headline and what to do now."""

    title: str
    remedy: str


_BUSY = Told(
    N_("The service cannot do this right now"),
    N_("Nothing was changed. Wait a moment and try again. If it does not help, come back later today."),
)
_MISSING = Told(
    N_("There is no such page"),
    N_("The address may be wrong, or the page is no longer there. Go back to the start page."),
)
_WRONG = Told(
    N_("Something in the form is not right"),
    N_("Nothing was saved. Go back, correct what you wrote and send it again."),
)
_OF_CODE: Final = {
    "no-such-address": _MISSING,
    "not_available": _MISSING,
    "method-not-allowed": _MISSING,
    "form-expired": Told(
        N_("This form is no longer open"),
        N_("Nothing was saved. You may have signed in again, or left the page open for long. Open the page again."),
    ),
    "body-too-large": Told(N_("The file is too large"), N_("Nothing was saved. Choose a file of at most 2 megabytes.")),
    "body-too-slow": Told(N_("The connection was too slow"), N_("Nothing was saved. Try again.")),
    "identity-code-in-url": Told(
        N_("A personal identity code may not be part of an address"),
        N_("Nothing was saved. Go back to the start page and use the forms there."),
    ),
    "not-kept-twice": Told(
        N_("It is done and in effect"),
        N_("It is not yet kept in our second place. You need not do anything."),
    ),
    "consent-refused": Told(
        N_("This could not be recorded"),
        N_("Something may have changed since you opened the page. Go back, open the page again and look."),
    ),
}
_OF_REASON: Final = {
    "too-many-consents": Told(
        N_("There are too many permissions for one service"),
        N_("Nothing was changed. A service may have a hundred. Withdraw one of them first, then try again."),
    ),
    "too-many-unconfirmed": Told(
        N_("Too many permissions wait to be confirmed"),
        N_("Nothing was changed. The client must first confirm or withdraw some of those that wait."),
    ),
    "too-many-recorded": Told(
        N_("Your organisation has recorded too many permissions for this client"),
        N_("Nothing was changed. The client can still give permission on their own page or phone."),
    ),
}
"""What is said where the code alone would not help: by the reason of a refusal."""
_INTERNAL = Told(
    N_("Something went wrong here"),
    N_("It was our fault, not yours. Try again. If it happens again, tell us the number below."),
)


def told_of(code: str, status: int, reason: str = "") -> Told:
    """Return what to say of a code, and of the reason where it has words of its own; an unknown one is told by its
    status."""
    if reason in _OF_REASON:
        return _OF_REASON[reason]
    if code in _OF_CODE:
        return _OF_CODE[code]
    if status in (429, 503):
        return _BUSY
    return _INTERNAL if status >= 500 else _MISSING if status in (401, 403, 404) else _WRONG
