"""The signing process: one key, its memory in a file, a socket that one user may speak to."""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.signer.wire import WireInvalid, receive, send, unpacked
from audit.checkpoint import Signer
from audit.durable import Slots
from audit.errors import AuditError, NotSigned
from audit.guarded_key import GuardedKey, Memory

_log = logging.getLogger(__name__)
_CREDENTIALS = struct.Struct("3i")


class SigningServer:
    """Serves on a UNIX socket until it is closed. *read_keys* returns the keys that sign and those that signed once; it
    is asked for each request, so that a rotated key is noticed. *allowed* are the user ids that may ask."""

    def __init__(
        self,
        path: Path,
        state: Path,
        read_keys: Callable[[], tuple[Sequence[Signer], Sequence[Signer]]],
        allowed: Collection[int],
    ) -> None:
        self._path, self._read_keys, self._allowed = path, read_keys, frozenset(allowed)
        self._slots = _slots(state)
        known = self._slots.read()
        memory = Memory() if known is None else Memory.from_bytes(known)
        self._key = GuardedKey(read_keys()[0], memory, lambda now: self._slots.write(now.to_bytes()))
        self._conversations: set[socket.socket] = set()
        self._lock = threading.Lock()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o666)  # Who may ask is decided by the kernel's word on who asks, not by the file's mode.
        self._socket.listen(16)

    def serve(self) -> None:
        """Answer until `close` is called."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Stop listening. Nothing is left half signed: what was signed is remembered."""
        self._path.unlink(missing_ok=True)
        for one in (self._socket, *tuple(self._conversations)):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            _, user, _ = _CREDENTIALS.unpack(
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            if user not in self._allowed:
                _log.warning("user %d may not ask for signatures", user)
                return
            self._conversations.add(connection)
            try:
                while (message := receive(connection)) is not None:
                    send(connection, self._answer(message))
            except WireInvalid as error:
                _log.warning("a message was not understood: %s", error)
            except OSError:
                return
            finally:
                self._conversations.discard(connection)

    def _answer(self, message: dict[str, object]) -> dict[str, object]:
        with self._lock:
            signers, former = self._read_keys()
            self._key.signers = tuple(signers)
            keys = [b64encode(one.public).decode() for one in (*signers, *former)]
            # The keys that sign stand first; those that signed once follow.
            told: dict[str, object] = {"keys": keys, "signing": len(signers)}
            if message.get("do") == "keys":
                return told
            try:
                return {"lines": self._key.sign(unpacked(message)), **told}
            except NotSigned as refused:
                _log.error("not signed: %s", refused)
                return {"refused": str(refused), **told}
            except OSError as error:
                # What cannot be remembered is not signed; the memory on disk is that of before.
                _log.error("the memory cannot be written: %s", error.strerror)
                os._exit(1)


def _slots(state: Path) -> Slots:
    try:
        return Slots(state)
    except ValueError as error:
        raise AuditError("what the signing key remembers cannot be read; look at its disk") from error
