"""Which consents a representative may open by their ids: what representatives gave.

What the client gave in person is the client's own: its id answers as an unknown one. Lists are cut by
`gateway.disclosure.sight`; one consent is opened by who knows its id, for whoever gave it may withdraw it.
"""

from __future__ import annotations

from gateway.consent.model import Consent


def may_see(consent: Consent, *, in_person: bool) -> bool:
    """Return whether a consent is shown: to the client every one, to a representative what representatives gave."""
    return in_person or not consent.giver.is_client
