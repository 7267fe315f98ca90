"""Paths, widths and bundles of tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import EntryInvalid
from audit.tiles import ENTRIES, Tile, pack_bundle, parse_tile_path, tiles_of, unpack_bundle


def test_paths_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path() == "tile/0/x001/x234/067"
    assert Tile(2, 0, 7).path() == "tile/2/000.p/7"
    assert Tile(ENTRIES, 1000).path() == "tile/entries/x001/000"


@given(st.integers(-1, 7), st.integers(0, 10**10), st.integers(1, 256))
def test_a_path_is_read_back(level: int, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert parse_tile_path(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/0/x000/001",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/00/001",
        "tile/0/001/002",
        "tile/-1/001",
        "tile/64/000",
        "tile/0/../001",
        "tile/entries/001.p/257",
        "tile/0/\u0661\u0661\u0661",
        "tile/0/001\n",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError):
        parse_tile_path(path)


def test_a_log_has_full_tiles_and_one_partial_a_level() -> None:
    paths = [tile.path() for tile in tiles_of(70_000)]
    assert "tile/0/273.p/112" in paths
    assert "tile/entries/273.p/112" in paths
    assert "tile/1/000" in paths
    assert "tile/1/001.p/17" in paths
    assert "tile/2/000.p/1" in paths
    assert not any(path.startswith("tile/3") for path in paths)
    assert list(tiles_of(0)) == []
    assert all(tile.exists_at(70_000) for tile in tiles_of(70_000))
    assert Tile(0, 273, 5).exists_at(70_000)
    assert not Tile(0, 273, 113).exists_at(70_000)
    assert not Tile(0, 0, 0).exists_at(70_000)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert unpack_bundle(pack_bundle(entries)) == entries


def test_a_bundle_that_ends_too_early_is_refused() -> None:
    for wrong in (b"\x00", b"\x00\x02a", b"\x00\x01a\x00"):
        with pytest.raises(EntryInvalid):
            unpack_bundle(wrong)
    with pytest.raises(EntryInvalid):
        pack_bundle([bytes(65_536)])
