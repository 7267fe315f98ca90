"""The tree against the published vectors, against a plain recursive definition, and against mutations."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import ProofInvalid
from audit.merkle import (
    EMPTY_ROOT,
    Extension,
    Frontier,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.vectors.audit.rebuild import build

VECTORS = Path(__file__).parents[2] / "vectors" / "audit"
SIZES = [0, 1, 2, 3, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000]
LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]


class Stored:
    """The hashes of the first *size* leaves, as a store would hold them."""

    def __init__(self, size: int) -> None:
        self.levels: dict[int, list[bytes]] = {0: LEAVES[:size]}
        frontier = Frontier()
        self.roots = {0: frontier.root()}
        for leaf in LEAVES[:size]:
            for level, index, root in frontier.push(leaf):
                row = self.levels.setdefault(level, [])
                assert index == len(row)
                row.append(root)
            if frontier.size in SIZES or frontier.size < 600:
                self.roots[frontier.size] = frontier.root()

    def hashes(self, level: int, start: int, end: int) -> list[bytes]:
        return self.levels.get(level, [])[start:end]


@lru_cache(maxsize=1)
def big() -> Stored:
    return Stored(70_000)


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 2.1 writes it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def test_roots_are_those_of_the_published_vectors() -> None:
    vectors = json.loads((VECTORS / "rfc6962.json").read_text())
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == bytes.fromhex(vectors["roots"][0])
    for leaf, root in zip(vectors["leaves"], vectors["roots"][1:], strict=True):
        frontier.push(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex() == root


def test_the_published_log_of_three_entries_is_built_byte_for_byte() -> None:
    known = json.loads((VECTORS / "saattaen.json").read_text("utf-8"))
    assert build() == known
    assert known["root"] == "a64bf26e09128f6fe2fe6f8b2d8c801e166b57c047a7cd9b2b809e7a96a2f1cb"
    assert known["vkey"] == "gw.saattaen.example/audit/2026+6c5fc855+AaXp4tRzPmQ9am4Zt0nig5UeVkwd5POznFVhFoag3dqK"
    signature = "bF/IVb0OH5FLJ2BMVNulwEpL/WB2BPQbma+eFrnWYsXdIfZA3bjOritc83obtCpJqL4YpWOsftee6rYBkmWaBWOLLw8="
    assert known["note"].endswith(f" {signature}\n")
    leaf = leaf_hash(b"entry-1")
    path = [bytes.fromhex(one) for one in known["inclusion_of_1"]]
    verify_inclusion(leaf, 1, 3, path, bytes.fromhex(known["root"]))


@pytest.mark.parametrize("size", SIZES)
def test_frontier_tree_and_definition_agree_at_each_size(size: int) -> None:
    root = by_definition(LEAVES[:size])
    assert big().roots[size] == root
    assert Tree(big(), size).root() == root


@pytest.mark.parametrize("size", SIZES[1:])
def test_proofs_of_every_kind_of_leaf_verify_at_each_size(size: int) -> None:
    tree, root = Tree(big(), size), big().roots[size]
    for index in {0, 1, size // 3, size // 2, size - 2, size - 1, 255, 256} & set(range(size)):
        verify_inclusion(LEAVES[index], index, size, tree.inclusion_proof(index), root)
    for old in [old for old in SIZES[1:] if old <= size]:
        verify_consistency(old, big().roots[old], size, root, tree.consistency_proof(old))


def test_proofs_verify_for_every_pair_of_small_sizes() -> None:
    for size in range(1, 34):
        tree, root = Tree(big(), size), big().roots[size]
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, tree.inclusion_proof(index), root)
        for old in range(1, size + 1):
            verify_consistency(old, big().roots[old], size, root, tree.consistency_proof(old))


@given(st.lists(st.integers(1, 400), max_size=8))
def test_every_split_into_batches_gives_the_same_root(batches: list[int]) -> None:
    packed, size = b"", 0
    for batch in batches:
        frontier = Frontier.from_bytes(size, packed)
        for leaf in LEAVES[size : size + batch]:
            frontier.push(leaf)
        packed, size = frontier.to_bytes(), frontier.size
    assert Frontier.from_bytes(size, packed).root() == Tree(big(), size).root()


@given(st.data())
def test_an_inclusion_proof_with_anything_altered_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 599))
    index = data.draw(st.integers(0, size - 1))
    proof, root = Tree(big(), size).inclusion_proof(index), big().roots[size]
    parts = [LEAVES[index], root, *proof]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[at])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[at] = bytes(flipped)
    with pytest.raises(ProofInvalid):
        verify_inclusion(parts[0], index, size, parts[2:], parts[1])
    other = data.draw(st.integers(0, size + 2))
    if other != index:
        with pytest.raises(ProofInvalid):
            verify_inclusion(LEAVES[index], other, size, proof, root)
    with pytest.raises(ProofInvalid):
        verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    if proof:
        with pytest.raises(ProofInvalid):
            verify_inclusion(LEAVES[index], index, size, proof[:-1], root)


@given(st.data())
def test_a_consistency_proof_with_anything_altered_fails(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 599))
    old = data.draw(st.integers(1, new - 1))
    proof = Tree(big(), new).consistency_proof(old)
    parts = [big().roots[old], big().roots[new], *proof]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[at])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[at] = bytes(flipped)
    with pytest.raises(ProofInvalid):
        verify_consistency(old, parts[0], new, parts[1], parts[2:])
    for wrong in ([*proof, proof[0]], proof[:-1], [proof[0], *proof]):
        with pytest.raises(ProofInvalid):
            verify_consistency(old, big().roots[old], new, big().roots[new], wrong)


def test_from_the_empty_tree_there_is_nothing_to_prove() -> None:
    with pytest.raises(ProofInvalid):
        verify_consistency(0, EMPTY_ROOT, 3, big().roots[3], [])
    with pytest.raises(ProofInvalid):
        Tree(big(), 3).consistency_proof(0)
    with pytest.raises(ProofInvalid):
        Tree(big(), 3).inclusion_proof(3)


def test_a_store_that_lacks_a_hash_gives_no_proof() -> None:
    with pytest.raises(ProofInvalid, match="not all in the store"):
        Tree(Stored(10), 11).inclusion_proof(0)


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError):
        Frontier.from_bytes(3, bytes(32))
    with pytest.raises(ValueError):
        Frontier.from_bytes(1, bytes(31))


@pytest.mark.parametrize("before", [0, 1, 2, 3, 7, 8, 255, 256, 257, 300])
def test_a_tree_that_has_just_grown_proves_its_new_leaves_without_a_store(before: int) -> None:
    for grown in (1, 2, 3, 17):
        frontier = Frontier()
        for leaf in LEAVES[:before]:
            frontier.push(leaf)
        size = before + grown
        extension = Extension(frontier, LEAVES[before:size])
        tree = Tree(Stored(size), size)
        for index in range(before, size):
            assert extension.inclusion_proof(index) == tree.inclusion_proof(index)
        for index in (before - 1, size):
            with pytest.raises(ProofInvalid):
                extension.inclusion_proof(index)
