"""Numbers of the last days for the first page. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.disclosure.log_survey import Survey


@dataclass(frozen=True, slots=True)
class Tally:
    """How often what happened. `whole` is whether all of the period was counted; `counted` how many entries were."""

    released: int
    refused: int
    failed: int
    given: int
    withdrawn: int
    counted: int
    whole: bool


def tally(survey: Survey) -> Tally:
    """Return the numbers of a survey."""
    requests = [one for one in survey.sights if one.kind in ("disclosure", "decision", "search")]
    kinds = [one.kind for one in survey.sights]
    return Tally(
        released=sum(one.outcome == "permit" for one in requests),
        refused=sum(one.outcome == "deny" for one in requests),
        failed=sum(one.outcome == "error" for one in requests),
        given=kinds.count("consent.given") + kinds.count("consent.changed"),
        withdrawn=kinds.count("consent.withdrawn"),
        counted=len(survey.sights),
        whole=survey.stopped is None,
    )
