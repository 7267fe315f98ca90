"""The demo plays the main job over HTTP, again on kept data, and refuses what it must not touch."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.demo.custodian import Kind
from gateway.demo.folder import held
from gateway.demo.play import demo
from gateway.errors import SettingsError
from tests.parts.ports import free_ports
from tests.parts.postgres import own_database

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Played:
    """A demo that was played once: its data, where it listened, and what it printed."""

    folder: Path
    port: int
    printed: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder, port, printed = tmp_path_factory.mktemp("played") / "demo", free_ports(3), io.StringIO()
    with redirect_stdout(printed):
        assert demo(once=True, port=port, folder=folder) == 0, printed.getvalue()
    return Played(folder, port, printed.getvalue())


@pytest.fixture
def port() -> int:
    """A port that is free with the two after it, where the identity providers listen."""
    return free_ports(3)


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def test_it_plays_twice_on_the_same_data_and_every_step_goes_as_told(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, first = played.folder, played.printed
    assert "17. ok The log is verified" in first
    assert " NO " not in first
    assert "12 of them deposited now" in first
    assert "\x1b" not in first
    assert demo(once=True, port=played.port, folder=folder) == 0
    second = capsys.readouterr().out
    assert "is kept from the last start" in second
    assert "0 of them deposited now" in second
    keys = [*folder.joinpath("partners").iterdir(), *folder.joinpath("keys").iterdir()]
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def test_the_story_that_the_readme_tells_is_the_one_that_is_played(played: Played) -> None:
    steps = re.compile(r"^ ?\d+\. ok .*$", re.MULTILINE)
    printed = {line.split(".")[0]: line for line in steps.findall(played.printed)}
    told = {line.split(".")[0]: line for line in steps.findall((ROOT / "README.md").read_text("utf-8"))}
    assert len(told) > 5
    assert told == {number: printed.get(number) for number in told}


def test_the_entry_that_the_guide_for_officers_looks_at_is_the_storys_first_release(played: Played) -> None:
    entry = re.findall(r"entry \S+/audit/2026/(\d+) with its proof", played.printed)[0]
    guide = (ROOT / "docs" / "guides" / "officer.md").read_text("utf-8")
    assert re.findall(r"saattaen (?:log prove|explain) (\d+) ", guide) == [entry, entry]


@pytest.mark.parametrize("custodian", ["simulator", pytest.param("hapi", marks=pytest.mark.needs_java)])
def test_it_plays_the_same_story_through_a_custodians_own_server(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str], custodian: Kind
) -> None:
    folder = tmp_path / "demo"
    assert demo(once=True, port=port, folder=folder, custodian=custodian) == 0
    first = capsys.readouterr().out
    assert "17. ok The log is verified" in first
    assert "9 of them deposited now" in first
    assert "searches for Suvi's work-ability plan" in first
    # Where its documents lay is part of a demo's data.
    with pytest.raises(SettingsError, match=f"CUSTODIAN={custodian}; start afresh with RESET=1"):
        demo(once=True, port=port, folder=folder)
    if custodian == "simulator":
        assert demo(once=True, port=port, folder=folder, custodian=custodian) == 0


@pytest.mark.needs_postgres
def test_it_plays_on_another_database_by_one_url_and_keeps_to_it(
    tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    with own_database() as url:
        assert demo(once=True, port=port, folder=folder, database=url) == 0
        assert "17. ok The log is verified" in capsys.readouterr().out
        assert not (folder / "saattaen.db").exists()
        # The commands find it again by the folder alone.
        assert demo(once=True, port=port, folder=folder) == 0
        assert "0 of them deposited now" in capsys.readouterr().out
        with pytest.raises(SettingsError, match="began on another database"):
            demo(once=True, port=port, folder=folder, database=f"{url}x")
        # New keys do not fit what the database holds already.
        with pytest.raises(SettingsError, match="not the one that signed"):
            demo(once=True, port=port, folder=folder, database=url, reset=True)


def test_a_busy_port_is_one_sentence_that_says_what_to_do(tmp_path: Path, busy: int) -> None:
    with pytest.raises(SettingsError, match=rf"^Port {busy} is in use: .* make demo PORT=\d+\.$"):
        demo(once=True, port=busy, folder=tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_a_reset_empties_a_demo_and_nothing_else(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingsError, match="not a demo's"), held(mine, reset=True):
        pass
    assert (mine / "thesis.txt").exists()
    theirs = tmp_path / "demo"
    with held(theirs) as is_new:
        assert is_new
        (theirs / "keys").mkdir()
    with held(theirs) as is_new:
        assert not is_new
    with held(theirs, reset=True) as is_new:
        assert is_new
    link = tmp_path / "link"
    link.symlink_to(mine)
    with pytest.raises(SettingsError), held(link, reset=True):
        pass


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    refused = pytest.raises(SettingsError, match="A demo is running")
    with held(tmp_path / "demo"), refused, held(tmp_path / "demo", reset=True):
        pass
