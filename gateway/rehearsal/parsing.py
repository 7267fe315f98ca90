"""From YAML to cases. All mistakes of all files are told at once; nothing is played before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.demo.world import World, load_world
from gateway.directory.rows import Row
from gateway.directory.source import Plain
from gateway.errors import GatewayError
from gateway.rehearsal import reading
from gateway.rehearsal.case import Case, Step
from gateway.rehearsal.reading import Known
from gateway.rehearsal.source import CaseFaults, read_documents
from gateway.rehearsal.step_reading import STEPS

SUFFIX = ".case.yaml"


class BrokenCases(GatewayError):
    """Case files hold mistakes; `mistakes` tells each with its file, case, step and key."""

    code = "request-invalid"

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the case files among *paths*: files as given, of folders all `*.case.yaml` below. Raises BrokenCases."""
    files: list[Path] = []
    mistakes: list[str] = []
    for path in paths:
        found = sorted(path.rglob("*" + SUFFIX)) if path.is_dir() else [path] if path.exists() else []
        if not found:
            mistakes.append(f"{path}: no case file is here (their names end in {SUFFIX})")
        files += [one for one in found if one not in files]
    if mistakes:
        raise BrokenCases(tuple(mistakes))
    return files


def parse_cases(*paths: Path, world: World | None = None) -> list[Case]:
    """Return the cases of files and folders, in order. Raises BrokenCases with every mistake in them."""
    world = world or load_world()
    cases: list[Case] = []
    mistakes: list[str] = []
    taken: dict[str, str] = {}
    for file in find_files(paths):
        documents, broken = read_documents(file)
        mistakes += broken
        for content, faults in documents:
            if not content:
                mistakes += faults.found
                continue
            case = _case(content, faults, world)
            if case.id in taken:
                faults.add(("id",), f"there is a case of that id in {taken[case.id]} already")
            taken.setdefault(case.id, file.name)
            mistakes += faults.found
            cases.append(case)
    if mistakes:
        raise BrokenCases(tuple(mistakes))
    return cases


def _case(content: dict[str, Plain], faults: CaseFaults, world: World) -> Case:
    row, known = Row(content, (), faults), Known(world)
    id_, title, source, at = row.text("id"), row.text("title"), row.text("source"), reading.instant(row, "at")
    steps = tuple(
        step for number, one in enumerate(row.rows("steps"), 1) if (step := _step(number, one, known)) is not None
    )
    if not row.content.get("steps"):
        row.fault("steps", "a case has at least one step")
    row.done()
    return Case(id_, title, source, at, steps, faults.file)


def _step(number: int, row: Row, known: Known) -> Step | None:
    words = [word for word in row.content if word in STEPS]
    if len(words) != 1 or len(row.content) != 1:
        unknown = [word for word in row.content if word not in STEPS]
        for word in unknown:
            row.fault(word, "is no step that we know; the steps are " + ", ".join(STEPS))
        if not unknown:
            row.fault(None, "a step is one word with what belongs to it")
        return None
    word = words[0]
    return Step(number, word, STEPS[word](row, known))
