"""What nobody may ignore: each of these stops the caller, none of them is ever returned as False."""

from __future__ import annotations


class AuditError(Exception):
    """The log cannot do, or does not believe, what it was asked."""


class ProofInvalid(AuditError):
    """An inclusion or consistency proof does not prove what it claims."""


class SignatureInvalid(AuditError):
    """A checkpoint is not signed by the key that it must be signed by, or is not a checkpoint."""


class KeyRetired(SignatureInvalid):
    """The head of an open log is signed by keys alone that sign no more."""


class EntryInvalid(AuditError):
    """Bytes are not a canonical entry, or a draft cannot become one."""


class OpeningInvalid(AuditError):
    """A sealed section does not open, or what it opens to is not what the entry is committed to."""


class LogBusy(AuditError):
    """The queue is full; nothing was written. Try again later."""


class LogBroken(AuditError):
    """The disk failed during a commit, or holds a part of a batch: this process writes no more."""


class LogForked(AuditError):
    """The stored head contradicts a checkpoint seen before: a restored backup, or a second history."""


class NotSigned(AuditError):
    """A checkpoint was not signed: the signing process is away, or refuses a head; nothing was written."""


class NotKept(AuditError):
    """What was written stands and is in effect, and is not yet durable outside the store too. Ask again later."""


class CommitFailed(AuditError):
    """COMMIT failed and nothing of the batch is in the log."""


class CommitUnknown(AuditError):
    """COMMIT failed and nobody can say whether the batch is in the log. It is never appended again."""
