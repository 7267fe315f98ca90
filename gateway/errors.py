"""The gateway's errors: what nobody may ignore. A refusal is not among them; it is a value
(`disclosure.decision.Deny`).

Each leaf carries a stable `code`; `gateway.http.problems` maps the code to an answer, and a test checks that each leaf
has a row there. No error text ever holds a personal identity code or content of a document.
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """Something that must not be passed over. `detail` is one sentence that says what to do."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str = "", *, path: str | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.path = path
        """Where in the caller's input the fault lies (JSON path or FHIRPath), where that is known."""


class RequestInvalid(GatewayError):
    """The request itself is not well-formed; decided before any client is looked at."""

    code = "request-invalid"


class BodyInvalid(GatewayError):
    """A body fails its profile or schema; `faults` lists each place and what is expected there."""

    code = "body-invalid"

    def __init__(self, detail: str, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class TokenInvalid(GatewayError):
    """The access token is absent, malformed, expired, revoked or not ours."""

    code = "token-invalid"


class NotAvailable(GatewayError):
    """The one outward answer to every refusal of a read."""

    code = "not_available"


class ConsentRefused(GatewayError):
    """A consent, change, confirmation, prohibition or relation that the gateway must not record; `reason` says why."""

    code = "consent-refused"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class VersionConflict(GatewayError):
    """`If-Match` names another version than the stored one."""

    code = "version-conflict"


class VersionRequired(GatewayError):
    """An update came without `If-Match`."""

    code = "version-required"


class EngineUnavailable(GatewayError):
    """The policy engine is silent, slow, confused or of another revision: nobody gets anything."""

    code = "engine-unavailable"


class CustodianUnavailable(GatewayError):
    """The custodian did not hand over what the permit opens."""

    code = "custodian-unavailable"


class ClockUntrusted(GatewayError):
    """Our clock and the database's differ by more than five seconds."""

    code = "clock-untrusted"


class StoreUnavailable(GatewayError):
    """The database refuses or the outcome of a commit is unknown."""

    code = "store-unavailable"


class ReadOnly(GatewayError):
    """This process was started to look at what is there; nothing is written, and so nothing is released."""

    code = "read-only"


class NotKeptTwice(GatewayError):
    """What was written stands and is in effect, and is not durable in the second place yet."""

    code = "not-kept-twice"


class RolledBack(GatewayError):
    """The database is older than the anchor outside it: nothing is signed until what is missing was replayed."""

    code = "rolled-back"


class TooBusy(GatewayError):
    """A bounded queue is full; come back later."""

    code = "too-busy"


class DirectoryError(GatewayError):
    """A code list is broken; the start stops here."""

    code = "directory-invalid"


class SettingsError(GatewayError):
    """A setting is missing or weak; the start stops here."""

    code = "settings-invalid"
