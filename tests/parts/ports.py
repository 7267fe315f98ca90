"""Ports for servers that are started a while after their port was chosen.

A port that the kernel hands out may be handed out again before its server listens: to another test's server, or to the
near end of anybody's connection. So these lie beneath those that the kernel hands out, each process has a share of
them, and none is given twice before all of the share was.
"""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

_FIRST, _SHARES = 12_000, 16


def _last() -> int:
    """Return the port before the first that the kernel hands out by itself."""
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    return int(range_file.read_text().split()[0]) if range_file.exists() else 32_768


def _share() -> tuple[int, int]:
    """Return where this process's ports begin, and how many they are."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    size = max(_last() - _FIRST, _SHARES * 8) // _SHARES
    return _FIRST + number % _SHARES * size, size


# Two runs of the tests on one machine do not begin at the same place either.
_NUMBERS = itertools.count(os.getpid())


def free_ports(count: int = 1) -> int:
    """Return the first of so many ports in a row on which nobody listens."""
    begin, size = _share()
    while True:
        # Rows begin at fixed places, so that none reaches into another.
        first = begin + next(_NUMBERS) * 4 % (size - 4)
        if all(_is_free(first + beside) for beside in range(count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
