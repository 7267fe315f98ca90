"""Rebuild `saattaen.json` from the published seed. A change in it is a change of the format, and breaks old logs."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from audit.checkpoint import Checkpoint, Signer
from audit.merkle import Frontier, leaf_hash
from tests.simulators.checkpoints import sign_checkpoint

ORIGIN = "gw.saattaen.example/audit/2026"


def build() -> dict[str, object]:
    """Return the vector."""
    signer = Signer(sha256(b"demo").digest())
    entries = ["entry-0", "entry-1", "entry-2"]
    frontier = Frontier()
    leaves = [leaf_hash(entry.encode()) for entry in entries]
    for leaf in leaves:
        frontier.push(leaf)
    return {
        "seed": "SHA-256 of demo",
        "origin": ORIGIN,
        "entries": entries,
        "root": frontier.root().hex(),
        "vkey": signer.verifier(ORIGIN).vkey(),
        "note": sign_checkpoint(Checkpoint(ORIGIN, len(entries), frontier.root()), [signer]).decode(),
        "inclusion_of_1": [leaves[0].hex(), leaves[2].hex()],
    }


if __name__ == "__main__":
    target = Path(__file__).with_name("saattaen.json")
    target.write_text(json.dumps(build(), indent=2, ensure_ascii=False) + "\n", "utf-8")
