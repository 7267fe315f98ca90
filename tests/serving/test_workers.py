"""Several processes on one socket: all answer, a killed one is replaced, a signal ends all, and the log is one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gateway.composition import opened
from gateway.demo.partner import worker
from gateway.directory.load import load_directory
from gateway.errors import SettingsError
from gateway.http.token_routes import REVOCATION_PATH, TOKEN_PATH
from gateway.open_gateway import Gateway
from gateway.verification import verify_gateway
from tests.parts.ports import free_ports
from tests.parts.postgres import ON_BOTH
from tests.serving.installation import (
    PURPOSE,
    RECIPIENT,
    START_SECONDS,
    Installation,
    demo_world,
    installed,
    serving,
    wait_for,
)


@pytest.fixture(params=ON_BOTH, scope="module")
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation on either database."""
    with installed(request.param, tmp_path_factory.mktemp(request.param), free_ports()) as made:
        yield made


def read(at: Installation, token: str) -> httpx.Response:
    """Read the document on a connection of its own, so that any worker may answer."""
    headers = {"authorization": f"Bearer {token}"}
    return httpx.get(f"{at.base}/fhir/CarePlan/{at.document}", headers=headers, timeout=60, trust_env=False)


def is_alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_worker_is_replaced_while_others_serve_and_one_signal_ends_all(at: Installation) -> None:
    with serving(at, "--workers", "3") as gateway:
        gateway.wait_until("3 processes")
        token = at.token()
        first = gateway.workers()
        assert len(first) == 3
        assert {read(at, token).status_code for _ in range(20)} == {200}
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        # Nobody is turned away meanwhile: connections that nobody has taken yet wait in the one socket.
        answers = [read(at, token).status_code for _ in range(20)]
        assert set(answers) == {200}
        wait_for(lambda: len(gateway.workers()) == 3 and victim not in gateway.workers())
        assert "ended by signal 9" in gateway.said
        assert read(at, token).status_code == 200
        last = gateway.workers()
        assert gateway.stop(signal.SIGTERM) == 0
    assert not any(map(is_alive, first | last))
    assert at.do(verified) == 0


async def verified(gateway: Gateway) -> int:
    """The exit status of `saattaen verify`."""
    return (await asyncio.to_thread(verify_gateway, gateway)).exit_status


def test_what_one_process_is_told_all_of_them_know_at_once(at: Installation) -> None:
    """A token that was revoked, a consent that was withdrawn: what each of them remembers does not stand against it."""
    with serving(at, "--workers", "3") as gateway:
        gateway.wait_until("3 processes")
        token, other = at.token(), at.token(person="2")
        for one in (token, other):
            assert {read(at, one).status_code for _ in range(20)} == {200}
        system = at.systems[f"{RECIPIENT}-system"]
        form = dict(system.token_form(
            worker(demo_world().directory, RECIPIENT, "omavalmentaja", PURPOSE), scope="system/*.rs",
            token_endpoint=at.base + TOKEN_PATH, at=datetime.now(UTC),
        ))  # fmt: skip
        revoking = {name: form[name] for name in ("client_assertion_type", "client_assertion")} | {"token": token}
        assert httpx.post(at.base + REVOCATION_PATH, data=revoking, timeout=60, trust_env=False).status_code == 200
        assert {read(at, token).status_code for _ in range(20)} == {401}
        # An assertion that one process took is none to any other.
        again = {
            httpx.post(at.base + REVOCATION_PATH, data=revoking, timeout=60, trust_env=False).status_code
            for _ in range(10)
        }
        assert again == {400}
        assert {read(at, other).status_code for _ in range(5)} == {200}
        at.do(lambda own: own.recording.withdraw(at.consent))  # type: ignore[arg-type]
        assert {read(at, other).status_code for _ in range(20)} == {404}
        assert gateway.stop(signal.SIGINT) == 0


def test_metrics_of_all_workers_are_read_at_one_port_and_logs_are_json(at: Installation) -> None:
    port = free_ports()
    options = {"SAATTAEN_METRICS_PORT": str(port), "SAATTAEN_LOGS": "json", "SAATTAEN_LOG_LEVEL": "info"}
    with serving(at, "--workers", "2", **options) as gateway:
        gateway.wait_until("2 processes")
        token = at.token()
        for _ in range(12):
            read(at, token)

        def metrics() -> str:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60, trust_env=False).text

        route = 'saattaen_requests_total{method="GET",route="/fhir/CarePlan/{id}"'
        wait_for(lambda: "saattaen_checkpoint_age_seconds" in metrics())
        counted = [line for line in metrics().splitlines() if line.startswith(route)]
        assert sum(float(line.rpartition(" ")[2]) for line in counted) == 12
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=60, trust_env=False).status_code == 404
        gateway.stop()
    lines = [json.loads(line) for line in gateway.said.splitlines() if line.startswith("{")]
    assert len([line for line in lines if "/fhir/CarePlan/{id}" in line["message"]]) == 12
    assert len({line["process"] for line in lines}) >= 1
    with pytest.raises(httpx.ConnectError):
        metrics()


def test_what_was_begun_comes_to_its_end_after_the_signal(at: Installation) -> None:
    with serving(at, "--workers", "2") as gateway:
        gateway.wait_until("2 processes")
        with socket.create_connection(("127.0.0.1", at.settings.port), timeout=60) as begun:
            head = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n"
            begun.sendall(head + b"content-type: application/x-www-form-urlencoded\r\n\r\ngrant_type")
            # Another worker may be the one that has it; each is asked something, so that both have read by now.
            for _ in range(10):
                assert httpx.get(f"{at.base}/health/live", timeout=60, trust_env=False).status_code == 200
            gateway.popen.send_signal(signal.SIGTERM)
            wait_for(lambda: refuses_connections(at))
            begun.sendall(b"=something")
            assert begun.recv(65536).startswith(b"HTTP/1.1 400 ")
        assert gateway.popen.wait(START_SECONDS) == 0


def refuses_connections(at: Installation) -> bool:
    """Whether nobody listens any more."""
    try:
        socket.create_connection(("127.0.0.1", at.settings.port), timeout=5).close()
    except OSError:
        return True
    return False


def test_workers_end_with_a_parent_that_was_killed(at: Installation) -> None:
    with serving(at, SAATTAEN_WORKERS="2") as gateway:
        gateway.wait_until("2 processes")
        workers = gateway.workers()
        gateway.stop(signal.SIGKILL)
        wait_for(lambda: not any(map(is_alive, workers)))


def test_workers_that_cannot_start_end_the_parent_with_status_1_and_their_sentence(
    at: Installation, tmp_path: Path
) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    with serving(at, "--workers", "2", SAATTAEN_DATABASE=empty) as gateway:
        assert gateway.popen.wait(START_SECONDS) == 1
    assert "run `saattaen migrate`" in gateway.said
    assert "Serving" not in gateway.said


def test_a_process_that_judges_by_another_directory_does_not_join(at: Installation, tmp_path: Path) -> None:
    changed = tmp_path / "directory.yaml"
    changed.write_text(at.settings.directory.read_text("utf-8").replace("Kela", "Kansaneläkelaitos"), "utf-8")
    other = replace(at, settings=at.settings.model_copy(update={"directory": changed}))
    with pytest.raises(SettingsError, match="restart"):
        asyncio.run(join(other))


async def join(at: Installation) -> None:
    """Open as a process that joins others, by the directory that the settings name."""
    async with opened(at.settings, load_directory(at.settings.directory), joins=True):
        pass
