"""The signer of a gateway whose key is elsewhere: one round trip a batch, a clear refusal when that process is away."""

from __future__ import annotations

import socket
import threading
from base64 import b64decode
from binascii import Error as Base64Error
from contextlib import suppress
from pathlib import Path

from adapters.signer.wire import WireInvalid, packed, receive, send
from audit.checkpoint import Step, Verifier
from audit.errors import NotSigned

TIMEOUT = 2.0


class RemoteSigner:
    """Signs through the socket at *path*; see `audit.checkpoint.HeadSigner`. A lost connection is made again."""

    def __init__(self, path: Path, timeout: float = TIMEOUT) -> None:
        self._path, self._timeout = path, timeout
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()
        self._public: tuple[bytes, ...] = ()
        self._signing = 0

    def verifier(self, name: str) -> Verifier:
        """Return the current public key."""
        return self.verifiers(name)[0]

    def verifiers(self, name: str) -> list[Verifier]:
        """Return every public key that the process has, the current one first; raises NotSigned when it is away and has
        never told them."""
        try:
            self._ask({"do": "keys"})
        except NotSigned:
            if not self._public:
                raise
        return [Verifier(name, public) for public in self._public]

    def signing(self, name: str) -> list[Verifier]:
        """Return the public keys that the process signs with now; raises NotSigned as `verifiers` does."""
        return self.verifiers(name)[: self._signing]

    def sign_step(self, step: Step) -> str:
        """Return the signature lines of a checkpoint."""
        lines = self._ask(packed(step)).get("lines")
        if not isinstance(lines, str):
            raise NotSigned("the signing process answers in a way that is not known")
        return lines

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._drop()

    def _ask(self, message: dict[str, object]) -> dict[str, object]:
        with self._lock:
            stood = self._connection is not None
            try:
                answer = self._exchange(message)
            except (OSError, WireInvalid) as error:
                self._drop()
                if not stood or isinstance(error, TimeoutError):
                    raise NotSigned("the signing process does not answer") from error
                answer = self._once_more(message)
        if "refused" in answer:
            raise NotSigned(str(answer["refused"]))
        try:
            keys, signing = answer["keys"], answer["signing"]
            self._public = tuple(b64decode(one) for one in keys) if isinstance(keys, list) else ()
            self._signing = signing if isinstance(signing, int) else 0
        except (KeyError, TypeError, Base64Error) as error:
            raise NotSigned("the signing process names no keys") from error
        return answer

    def _once_more(self, message: dict[str, object]) -> dict[str, object]:
        # A connection that stood may have been cut while nobody used it. Asking twice does no harm.
        try:
            return self._exchange(message)
        except (OSError, WireInvalid) as error:
            self._drop()
            raise NotSigned("the signing process does not answer") from error

    def _exchange(self, message: dict[str, object]) -> dict[str, object]:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(self._timeout)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._connection = connection
        send(self._connection, message)
        answer = receive(self._connection)
        if answer is None:
            raise WireInvalid("the signing process has hung up")
        return answer

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None
