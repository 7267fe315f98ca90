"""`saattaen who-can-see` and `saattaen explain` on the demo's own data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.demo.play import demo
from gateway.demo.world import load_world
from tests.parts.ports import free_ports

RUN = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, played once."""
    made = tmp_path_factory.mktemp("insight") / "demo"
    # Its identity providers listen at the two ports after its own.
    assert demo(once=True, port=free_ports(3), folder=made) == 0
    return made


def run(folder: Path, *arguments: str, client: str | None = None) -> tuple[int, str]:
    """Run a command on the demo; *client*'s identity code goes to standard input."""
    code = None if client is None else load_world().clients[client].code.reveal() + "\n"
    outcome = RUN.invoke(app, [*arguments, "--demo", "--folder", str(folder)], input=code)
    return outcome.exit_code, outcome.stdout


def test_who_can_see_is_printed_as_a_table_in_each_language(folder: Path) -> None:
    for language, said in (("en", "withdrawn"), ("sv", "återkallat"), ("fi", "peruutettu"), ("fi-x-selko", "peru")):
        status, printed = run(folder, "who-can-see", "--language", language, client="suvi")
        assert status == 0
        assert said in printed
        assert load_world().clients["suvi"].code.reveal() not in printed


def test_who_can_see_as_json_says_codes_and_sentences(folder: Path) -> None:
    status, printed = run(folder, "who-can-see", "--json", "--recipient", "kuntakokeilu", client="suvi")
    assert status == 0
    told = json.loads(printed)
    assert told["recipients"] == ["kuntakokeilu"]
    cells = {cell["category"]: cell for cell in told["cells"]}
    assert cells["health-check-feedback"]["permitted"]
    assert cells["work-ability-plan"]["seen"][0]["reason"] == "withdrawn"
    assert all(cell["told"] for cell in told["cells"])


def test_a_refusal_is_explained_by_its_index_and_by_its_event_to_each_eye(folder: Path) -> None:
    _, listed = run(folder, "log", "search", "--kind", "decision", "--count", "1", "--format", "json")
    entry = json.loads(listed)[0]
    index, event, year = str(entry["index"]), entry["event_id"], entry["log"].split("/")[-1]
    by_index, by_event = run(folder, "explain", index, "--year", year), run(folder, "explain", event)
    assert by_index == by_event
    assert "body.reasons" in by_index[1]
    status, told = run(folder, "explain", event, "--eye", "professional", "--language", "en")
    assert status == 0
    assert "This information is not open to you now." in told
    assert "withdrawn" not in told


@pytest.mark.parametrize(
    "arguments", [("explain", "5"), ("explain", "no-such-event"), ("who-can-see", "--client-id", "f" * 32),
                  ("explain", "1", "--year", "2026", "--language", "de")],
)  # fmt: skip
def test_what_cannot_be_told_ends_the_command(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run(folder, *arguments)[0] != 0
