"""The Merkle tree of RFC 6962 and RFC 9162: hashing, the frontier, proofs and their verification.

Nothing here reads a store. Proofs are built from a `HashReader`, which knows the leaves and the roots of complete
subtrees of 256, 256**2 ... leaves, as C2SP tlog-tiles lays them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from audit.errors import ProofInvalid

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry (RFC 6962 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others (RFC 6962 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the perfect subtrees that a tree of *size* leaves consists of, largest first.

    It is all that appending needs: 32 bytes for each bit set in the size.
    """

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count() or any(len(root) != HASH_SIZE for root in self._roots):
            raise ValueError(f"a frontier of size {size} has {size.bit_count()} hashes of {HASH_SIZE} bytes")

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> Frontier:
        """Read a frontier as `to_bytes` wrote it; raises ValueError when it does not fit the size."""
        return cls(size, (packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)))

    def to_bytes(self) -> bytes:
        """Return the roots, concatenated, largest first."""
        return b"".join(self._roots)

    def ranges(self) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yield each root with the range of leaves [start, end) that it stands over."""
        start = 0
        heights = (height for height in reversed(range(self.size.bit_length())) if self.size >> height & 1)
        for height, root in zip(heights, self._roots, strict=True):
            yield (start, start + (1 << height)), root
            start += 1 << height

    def push(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Append one leaf hash; return the tile-level subtrees that it completed, as (level, index, root)."""
        completed: list[tuple[int, int, bytes]] = []
        roots, index, height = self._roots, self.size, 0
        self.size += 1
        while index & 1:
            leaf = sha256(b"\x01" + roots.pop() + leaf).digest()
            index >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                completed.append((height // TILE_HEIGHT, index, leaf))
        roots.append(leaf)
        return completed

    def root(self) -> bytes:
        """Return the tree's root, folded from the right; the empty tree's is SHA-256 of nothing."""
        if not self._roots:
            return EMPTY_ROOT
        result = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            result = node_hash(left, result)
        return result


class HashReader(Protocol):
    """Reads stored hashes: level 0 are the leaves, level L the roots of complete subtrees of 256**L leaves."""

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes [start, end) of a level, in order; fewer when they are not there."""
        ...


class Tree:
    """A tree of *size* leaves, seen through a reader. Tiles once read are kept for the tree's life."""

    def __init__(self, reader: HashReader, size: int) -> None:
        self._reader = reader
        self.size = size
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def _tile(self, level: int, number: int) -> Sequence[bytes]:
        key = (level, number)
        tile = self._tiles.get(key)
        if tile is None:
            start = number * TILE_WIDTH
            end = min(start + TILE_WIDTH, self.size >> (TILE_HEIGHT * level))
            tile = self._reader.hashes(level, start, end)
            if len(tile) != end - start:
                raise ProofInvalid(f"hashes {start} to {end} of level {level} are not all in the store")
            self._tiles[key] = tile
        return tile

    def _perfect(self, height: int, index: int) -> bytes:
        """Return the root of the perfect subtree of 2**height leaves, the *index*-th of that height."""
        level, above = divmod(height, TILE_HEIGHT)
        start = index << above
        tile = self._tile(level, start // TILE_WIDTH)
        offset = start % TILE_WIDTH
        row = list(tile[offset : offset + (1 << above)])
        while len(row) > 1:
            row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        return row[0]

    def range_hash(self, start: int, end: int) -> bytes:
        """Return MTH(D[start:end]) of RFC 6962 2.1; *start* is a multiple of the power of two that covers it."""
        if start == end:
            return EMPTY_ROOT
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._perfect(height, start >> height)
        middle = start + _split(count)
        return node_hash(self.range_hash(start, middle), self.range_hash(middle, end))

    def root(self) -> bytes:
        """Return the root at this size."""
        return self.range_hash(0, self.size)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf, sibling first (RFC 6962 2.1.1)."""
        return _audit_path(index, self.size, self.range_hash)

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Return the proof that the tree of *old_size* is a prefix of this one (RFC 6962 2.1.2)."""
        if not 0 < old_size <= self.size:
            raise ProofInvalid(f"there is no proof from size {old_size} to size {self.size}")
        path: list[bytes] = []
        start, end, known = 0, self.size, True
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self.range_hash(middle, end))
                end = middle
            else:
                path.append(self.range_hash(start, middle))
                start, known = middle, False
        if not known:
            path.append(self.range_hash(start, end))
        path.reverse()
        return path


class Extension:
    """A tree that has just grown, told by its frontier of before and the leaves that came: it proves those, storeless.

    To the left of a new leaf's path lie roots of the old frontier and nothing else of the old tree.
    """

    __slots__ = ("_known", "_leaves", "_old", "size")

    def __init__(self, before: Frontier, leaves: Sequence[bytes]) -> None:
        self._old, self._leaves = before.size, leaves
        self.size = before.size + len(leaves)
        self._known = dict(before.ranges())

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of a new leaf; raises ProofInvalid for any other."""
        if index < self._old:
            raise ProofInvalid(f"index {index} is not among the leaves that came")
        return _audit_path(index, self.size, self._range_hash)

    def _range_hash(self, start: int, end: int) -> bytes:
        known = self._known.get((start, end))
        if known is None:
            count = end - start
            if count == 1:
                return self._leaves[start - self._old]
            middle = start + _split(count)
            known = self._known[(start, end)] = node_hash(
                self._range_hash(start, middle), self._range_hash(middle, end)
            )
        return known


def _audit_path(index: int, size: int, range_hash: Callable[[int, int], bytes]) -> list[bytes]:
    if not 0 <= index < size:
        raise ProofInvalid(f"index {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end))
            end = middle
        else:
            path.append(range_hash(start, middle))
            start = middle
    path.reverse()
    return path


def _split(count: int) -> int:
    """Return the largest power of two smaller than *count*."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that *leaf* is the leaf at *index* of the tree with this size and root; raises ProofInvalid."""
    # RFC 9162 2.1.3.2; the numbers are its steps.
    if not 0 <= index < size:  # 1
        raise ProofInvalid(f"index {index} is not in a tree of {size}")
    _check_widths((leaf, root, *proof))
    fn, sn, r = index, size - 1, leaf  # 2, 3
    for p in proof:  # 4
        if sn == 0:
            raise ProofInvalid("the proof is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    if sn != 0:  # 5
        raise ProofInvalid("the proof is too short")
    if r != root:
        raise ProofInvalid("the proof leads to another root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of *old_size* is a prefix of the other one; raises ProofInvalid.

    From the empty tree there is nothing to prove, and asking is an error.
    """
    # RFC 9162 2.1.4.2; the numbers are its steps.
    if not 0 < old_size <= new_size:
        raise ProofInvalid(f"there is no proof from size {old_size} to size {new_size}")
    _check_widths((old_root, new_root, *proof))
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofInvalid("the sizes are equal, the roots or the proof are not")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:  # 2
        path.insert(0, old_root)
    if not path:  # 1
        raise ProofInvalid("the proof is empty")
    fn, sn = old_size - 1, new_size - 1  # 3
    while fn & 1:  # 4
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]  # 5
    for c in path[1:]:  # 6
        if sn == 0:
            raise ProofInvalid("the proof is too long")
        if fn & 1 or fn == sn:
            fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    if sn != 0:  # 7
        raise ProofInvalid("the proof is too short")
    if fr != old_root or sr != new_root:
        raise ProofInvalid("the proof leads to other roots")


def _check_widths(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofInvalid(f"every hash has {HASH_SIZE} bytes")
