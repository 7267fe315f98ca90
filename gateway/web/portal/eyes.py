"""What a representative may see of what stands about a client: only what a disclosure to them would show.

What the client gave or refused in person is the client's own, and so are the messages about it. That the client has
forbidden something is shown, because it beats what a representative gives; facts of law and requests are shown too.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.consent.model import Consent
from gateway.consent.view import ClientPicture


def may_see(consent: Consent, *, in_person: bool) -> bool:
    """Return whether a consent is shown: to the client every one, to a representative what representatives gave."""
    return in_person or not consent.giver.is_client


def seen(picture: ClientPicture, *, in_person: bool) -> ClientPicture:
    """Return what is shown of *picture*."""
    if in_person:
        return picture
    consents = tuple(one for one in picture.consents if may_see(one, in_person=False))
    shown = {one.id for one in consents}
    return replace(
        picture,
        consents=consents,
        refusals=tuple(one for one in picture.refusals if not one.by_client),
        messages=tuple(one for one in picture.messages if one.consent in shown),
    )
