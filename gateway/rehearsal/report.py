"""What a rehearsal says: one line a case as it is played, and at the end the table."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.rehearsal.runner import Outcome


def line(outcome: Outcome) -> str:
    """Return a case's line; of one that failed, the step and what came instead too."""
    if outcome.failure is None:
        return f"passed  {outcome.case.id}: {outcome.case.title}"
    return f"FAILED  {outcome.case.id}: {outcome.case.title}\n        {outcome.failure}"


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the table's lines; the last is `N passed, N failed`."""
    width = max((len(outcome.case.id) for outcome in outcomes), default=4)
    files = max((len(outcome.case.file) for outcome in outcomes), default=4)
    lines = [f"{'case':{width}}  {'file':{files}}  steps  seconds  result"]
    for outcome in outcomes:
        one = outcome.case
        result = "passed" if outcome.passed else "FAILED"
        lines.append(f"{one.id:{width}}  {one.file:{files}}  {len(one.steps):5}  {outcome.seconds:7.2f}  {result}")
    passed = sum(outcome.passed for outcome in outcomes)
    return [*lines, f"{passed} passed, {len(outcomes) - passed} failed"]
