"""Keys are rotated beside processes that serve: what all of them know is used, and one that hangs holds it back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from adapters.keyring.ring import KeyRing
from tests.parts.ports import free_ports
from tests.parts.postgres import ON_BOTH
from tests.serving.installation import START_SECONDS, Installation, installed, serving, wait_for


@pytest.fixture(params=ON_BOTH, scope="module")
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation on either database."""
    with installed(request.param, tmp_path_factory.mktemp(request.param), free_ports()) as made:
        yield made


@pytest.fixture(scope="module")
def workers(at: Installation) -> Iterator[set[int]]:
    """Two processes that serve it."""
    with serving(at, "--workers", "2") as gateway:
        gateway.wait_until("2 processes")
        yield gateway.workers()


def rotating(at: Installation, *more: str) -> subprocess.Popen[str]:
    """Begin to rotate the key of access tokens; it waits long for processes, unless *more* says otherwise."""
    return changing(at, "rotate", "tokens", "--patience", str(START_SECONDS), *more)


def changing(at: Installation, *command: str) -> subprocess.Popen[str]:
    """Begin a command that changes keys."""
    command = (sys.executable, "-m", "gateway.cli", "keys", *command)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAATTAEN_")}
    return subprocess.Popen(
        command, env=kept | at.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def outcome(of: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit status and all that was said."""
    said, _ = of.communicate(timeout=START_SECONDS)
    return of.returncode, said


def ring(at: Installation) -> KeyRing:
    return KeyRing.load(at.settings.keys, demo=True)


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """Stop a process, and let it go on afterwards where it is still there."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def read(at: Installation, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(
        f"{at.base}/fhir/CarePlan/{at.document}", headers=headers, timeout=60, trust_env=False
    ).status_code  # fmt: skip


def test_a_key_is_rotated_at_once_where_no_process_runs(at: Installation) -> None:
    before = ring(at).tokens.current
    status, said = outcome(rotating(at, "--patience", "0"))
    assert (status, ring(at).tokens.current != before) == (0, True), said


def test_a_key_is_rotated_while_processes_serve_and_tokens_of_both_keys_are_good(
    at: Installation, workers: set[int]
) -> None:
    before, token = ring(at).tokens.current, at.token()
    status, said = outcome(rotating(at))
    assert status == 0, said
    assert ring(at).tokens.current != before
    # Whoever answers knows both keys, however soon after.
    new = at.token()
    assert {read(at, one) for one in (token, new) for _ in range(6)} == {200}


def test_a_process_that_hangs_is_named_holds_the_rotation_back_and_lets_it_go_on_later(
    at: Installation, workers: set[int]
) -> None:
    before, hanging = ring(at).tokens.current, min(workers)
    with stopped(hanging):
        status, said = outcome(rotating(at, "--patience", "3"))
        assert (status, ring(at).tokens.current) == (1, before), said
        assert f"process {hanging}" in said
        assert "is there and not in use" in said
        added = set(ring(at).tokens.private)
    status, said = outcome(rotating(at))
    assert status == 0, said
    assert ring(at).tokens.current in added - {before}


def test_while_one_operator_rotates_another_is_told_so_and_changes_nothing(at: Installation, workers: set[int]) -> None:
    before, hanging = set(ring(at).tokens.private), min(workers)
    with stopped(hanging):
        first = rotating(at, "--patience", str(START_SECONDS))
        wait_for(lambda: KeyRing.added(at.settings.keys, "tokens") is not None, START_SECONDS)
        (added,) = set(ring(at).tokens.private) - before
        for second in (rotating(at), changing(at, "rotate", "lookup"), changing(at, "retire", "receipts", "any")):
            status, said = outcome(second)
            assert status == 1 and "Another command changes the gateway's keys now" in said, said
        assert first.poll() is None and set(ring(at).tokens.private) == before | {added}
    status, said = outcome(first)
    assert (status, ring(at).tokens.current) == (0, added), said


def test_of_operators_who_rotate_at_the_same_moment_each_is_done_whole_or_refused(
    at: Installation, workers: set[int]
) -> None:
    before = set(ring(at).tokens.private)
    outcomes = [outcome(one) for one in [rotating(at) for _ in range(3)]]
    done = [status for status, _ in outcomes if status == 0]
    refused = [said for status, said in outcomes if status == 1]
    assert done and len(done) + len(refused) == 3, outcomes
    assert all("Another command changes the gateway's keys now" in said for said in refused), outcomes
    # As many keys were added as were told of, the last one is in use, and whoever serves knows all of them.
    after = ring(at).tokens
    assert len(set(after.private) - before) == len(done) and after.current not in before
    new = at.token()
    assert {read(at, new) for _ in range(6)} == {200}


def test_a_process_that_is_killed_meanwhile_is_not_waited_for_any_more(at: Installation, workers: set[int]) -> None:
    before, hanging = ring(at).tokens.current, max(workers)
    os.kill(hanging, signal.SIGSTOP)
    command = rotating(at, "--patience", str(START_SECONDS))
    wait_for(lambda: KeyRing.added(at.settings.keys, "tokens") is not None, START_SECONDS)
    assert command.poll() is None
    os.kill(hanging, signal.SIGKILL)
    status, said = outcome(command)
    assert status == 0, said
    assert ring(at).tokens.current != before
