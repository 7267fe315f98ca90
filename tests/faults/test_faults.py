"""Each fault of the table, on each store: a clear refusal, an entry where one can be, no bytes without one, and the
gateway comes back by itself."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from gateway.disclosure.opened import Opened
from tests.faults.scene import scene_in
from tests.faults.table import FAULTS, PATIENCE, Fault
from tests.laws.gateway_world import Store, installed, removed

_MOST_READS, _MOST_WRITES = 60, 8


def _rows() -> list[object]:
    rows = []
    for fault in FAULTS:
        for store in fault.stores:
            marks = [pytest.mark.needs_postgres] if store == "postgresql" else []
            marks += [pytest.mark.needs_opa] if fault.with_opa else []
            rows.append(pytest.param(fault, store, marks=marks, id=f"{fault.name}, on {store}"))
    return rows


@pytest.mark.parametrize(("fault", "store"), _rows())
async def test_a_fault_is_answered_as_its_row_says_and_passes(
    fault: Fault, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "gateway.http.problems")
    caplog.set_level(logging.WARNING, "adapters.custodian")
    try:
        place = installed(tmp_path, store)
        async with scene_in(
            place,
            store,
            with_opa=fault.with_opa,
            with_custodian=fault.with_custodian,
            patience=fault.patience,
            waits=fault.waits,
        ) as scene:
            # Tokens and keys are there, and all is well.
            assert (await scene.read()).status_code == 200
            assert (await scene.write()).status_code == 204
            before = len(await scene.entries())
            answers: list[httpx.Response] = []
            counted = scene.counted()
            with fault.cause(scene):
                answers.append(await scene.read())
                while fault.wears_on and answers[-1].status_code == 200 and len(answers) < _MOST_READS:
                    answers.append(await scene.read())
                unready = {name for name, is_ready in (await scene.ready()).items() if not is_ready}
                # Once the store's own outcome is open, a read after it tells the same.
                written, tries = await scene.write(), 1
                while fault.wears_on and written.status_code == 204 and tries < _MOST_WRITES:
                    # What a full disk has left over takes a little still.
                    written, tries = await scene.write(), tries + 1
                counted = scene.counted() - counted
                seen = {one.part for one in await scene.doctor()} if fault.doctor else set()
            if fault.patience < PATIENCE:
                await scene.settled()
            new = (await scene.entries())[before:]
            recovered = await scene.recovered()
            assert recovered.status_code == 200, recovered.text
            assert (await scene.write()).status_code == 204
            faults = scene.laws.verify()
    finally:
        removed(tmp_path)
    last = answers[-1]
    assert (last.status_code, _code(last) if last.status_code != 404 else None) == fault.read
    assert (written.status_code, _code(written)) == fault.write
    assert unready == fault.unready
    for answer in (last, written):
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "2"
            assert f"{answer.headers['x-request-id']} failed: {_code(answer)}" in caplog.text
    # What the operator sees: each failed answer, the part that failed, the reason; the doctor's word; the log's line.
    failed_answers = [answer for answer in (*answers, written) if answer.status_code == 503]
    assert counted["requests 503"] == len(failed_answers) + bool(fault.unready)
    assert {name.removeprefix("failures ") for name in counted if name.startswith("failures ")} == fault.failed
    if fault.entry not in (None, "disclosure"):
        outcome = "error" if last.status_code == 503 else "deny"
        assert counted[f"decisions {outcome} {fault.entry}"] >= 1
    assert {fault.doctor.split("|")[-1 if store == "postgresql" else 0]} - {""} <= seen
    assert fault.said.split("|")[-1 if store == "postgresql" else 0] in caplog.text
    # No bytes without an entry; and no entry of a kind that the row does not say.
    released = [answer for answer in answers if answer.status_code == 200]
    disclosures = [entry for entry in new if entry.kind == "disclosure"]
    assert {f"{entry.origin}/{entry.index}" for entry in disclosures} >= {
        answer.headers["saattaen-entry"] for answer in released
    }
    assert _reasons(new[len(released) - (last.status_code == 200) :]) == ([fault.entry] if fault.entry else [])
    assert faults == []


def _code(answer: httpx.Response) -> str | None:
    """Return the code of an error in its caller's format, None of an answer that is none."""
    if answer.status_code < 400:
        return None
    if answer.request.url.path.startswith("/fhir/"):
        assert answer.headers["content-type"] == "application/fhir+json"
        said = answer.json()
        assert said["resourceType"] == "OperationOutcome"
        return str(said["issue"][0]["details"]["coding"][0]["code"])
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["code"])


def _reasons(entries: list[Opened]) -> list[str]:
    """Return what the read's entries say: the reason of a refusal or failure, `disclosure` of a release."""
    return [
        "disclosure" if entry.kind == "disclosure" else str((entry.b or {})["reasons"][0])  # type: ignore[index]
        for entry in entries if entry.kind in ("disclosure", "decision")
    ]  # fmt: skip
