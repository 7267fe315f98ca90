"""Checkpoints signed at will, as somebody with a log's key could: the product signs steps of its own log alone."""

from __future__ import annotations

from collections.abc import Sequence

from audit.checkpoint import Checkpoint, Signer


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """Return the checkpoint as a note with one signature line for each signer, in order."""
    text = checkpoint.text()
    return text + b"\n" + "".join(one.signature_line(checkpoint.origin, text) for one in signers).encode()
