"""A cell tells one thing of many, and has words for each in every register."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.demo.world import load_world
from gateway.directory.model import BASES, LANGUAGES
from gateway.disclosure.decision import REASONS
from gateway.disclosure.matrix import CLOSEST, Cell, Matrix, Seen
from gateway.disclosure.matrix_output import MatrixWords
from gateway.disclosure.phrases import Eye, load_phrases
from gateway.disclosure.rebuilding import BEFORE_LOG, CAVEATS

KELA, PLAN = "kela", "work-ability-plan"


def seen(document: str | None = "d-1", **other: object) -> Seen:
    """Return a row that is permitted, in part."""
    fields: dict[str, object] = {
        "permitted": True, "basis": "consent", "until": 1_800_000_000_000_000, "released": ("goals", "services"),
        "withheld": ("health",),
    }  # fmt: skip
    return Seen(
        KELA, PLAN, "sote-keskus", document, 1, "rehabilitation-decision", ("kuntoutusasiantuntija",),
        **(fields | other),  # type: ignore[arg-type]
    )  # fmt: skip


def refused(reason: str, document: str | None = "d-1") -> Seen:
    """Return a row that is not."""
    return seen(document, permitted=False, basis=None, until=None, reason=reason, released=(), withheld=("goals",))


def cell(*rows: Seen) -> Cell:
    return Cell(KELA, PLAN, rows)


def words(eye: Eye = Eye.CLIENT, language: str = "en") -> MatrixWords:
    return MatrixWords(load_world().directory, load_phrases(), eye, language)


def test_a_cell_is_permitted_where_any_row_is_and_tells_the_one_that_shows_most() -> None:
    more = seen("d-2", released=("goals", "services", "health"), withheld=())
    told = cell(refused("no-consent"), seen(), more)
    assert told.permitted
    assert told.told == more
    assert told.differs


def test_a_document_that_is_there_is_told_before_one_that_could_come() -> None:
    could = seen(None, released=("goals", "services", "health"), withheld=())
    assert cell(could, seen()).told == seen()
    assert cell(could).documents == ()


def test_of_refusals_the_nearest_to_a_yes_is_told() -> None:
    assert cell(refused("role-not-allowed"), refused("expired"), refused("no-consent")).told.reason == "expired"
    assert not cell(refused("expired")).permitted


def test_a_custodian_sees_its_own_which_is_no_permission() -> None:
    own = seen(holder=True, basis=None, withheld=(), until=None)
    assert not cell(own).permitted
    assert words().tell(cell(own)) == ["This service made it."]
    assert cell(own, refused("expired", "d-2")).told.reason == "expired"


def test_every_reason_of_a_judgement_has_its_place() -> None:
    after_judgement = {"facts-changed", "permit-unfounded", "clock-untrusted", "engine-unavailable"}
    assert set(CLOSEST) == REASONS - after_judgement - {"custodian-unavailable"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("eye", [Eye.CLIENT, Eye.OFFICER])
def test_every_cell_has_words_in_every_register(eye: Eye, language: str) -> None:
    told = words(eye, language)
    for reason in REASONS:
        assert all(told.tell(refused(reason)))
    for basis in BASES:
        lines = told.tell(cell(seen(basis=basis)))
        assert len(lines) == 3
        assert "{" not in " ".join(lines)
    assert len(told.tell(seen(None, until=None))) == 2


def test_the_section_of_law_is_told_with_the_law() -> None:
    row = seen(basis="statutory", relation="r-1", section_of_law="189/2001 22 §")
    for eye in (Eye.CLIENT, Eye.OFFICER):
        assert "189/2001 22 §" in words(eye).tell(row)[1]
    assert "§" not in words().tell(seen(section_of_law="189/2001 22 §"))[1]


def test_a_table_of_nobody_says_that_nobody_is_named() -> None:
    matrix = Matrix("c" * 32, datetime(2026, 11, 27, tzinfo=UTC), (), (), {}, "p", "d", (BEFORE_LOG,))
    begins, nobody = words().table(matrix).splitlines()
    assert begins.startswith("The log begins after")
    assert nobody.startswith("No consent")


def test_a_table_and_json_say_what_the_cells_say() -> None:
    matrix = Matrix(
        "c" * 32, datetime(2026, 11, 27, tzinfo=UTC), (KELA,), (PLAN,), {(KELA, PLAN): cell(seen())}, "p", "d",
        tuple(sorted(CAVEATS)),
    )  # fmt: skip
    table = words().table(matrix).splitlines()
    assert len(table) == len(CAVEATS) + 3
    assert table[-2].startswith("  + work-ability plan  May see a part of this.")
    assert table[-1].strip() == "- health"
    told = json.loads(words().json(matrix))
    assert told["cells"][0]["told"] == words().tell(cell(seen()))
    assert told["cells"][0]["seen"][0]["withheld"] == ["health"]
    assert "c" * 32 not in words().json(matrix)
    assert [code for code, _ in told["caveats"]] == sorted(CAVEATS)
