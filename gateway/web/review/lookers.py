"""In whose name the reader of a page looks: the client, or a representative, whose looks are told apart in the log."""

from __future__ import annotations

from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.web.session import Session


def looker_of(session: Session) -> Looker:
    """Return who looks. A representative has no ticks of the client's: nothing sensitive is shown to them."""
    signed_in = session.signed_in
    if signed_in.acting_for is None:
        return THE_CLIENT
    return Looker(LookerKind.REPRESENTATIVE, signed_in.subject, signed_in.name)
