"""What leaves: a permitted document, minimised, told about its client by the recipient's own reference, as bytes."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from adapters.fhir.release import render
from gateway.directory.model import Directory
from gateway.disclosure.decision import Permit
from gateway.disclosure.minimise import minimise
from gateway.disclosure.request import DisclosureRequest
from gateway.disclosure.sections import holds_a_section
from gateway.disclosure.snapshot import DocumentFacts, Snapshot
from gateway.errors import CustodianUnavailable


class Disclosing:
    """Renders released documents. *pairwise* makes the client's reference for one recipient from (recipient,
    client)."""

    def __init__(self, directory: Directory, pairwise: Callable[[str, str], str], *, demo: bool) -> None:
        self._directory, self._pairwise, self._demo = directory, pairwise, demo
        self._projections = {(one.id, one.version): one for one in directory.projections}

    def __call__(
        self, request: DisclosureRequest, snapshot: Snapshot, document: DocumentFacts, permit: Permit, content: bytes
    ) -> bytes | None:
        """Return the bytes that may go to the requester, None when no section is left to show.

        Raises CustodianUnavailable for content that is no document.
        """
        recipient, directory = request.requester.service, self._directory
        layout = directory.layout(document.category)
        projection = self._projections.get(permit.projection)
        if layout is None or projection is None or projection.category != document.category:
            raise CustodianUnavailable("The permit's projection is not one of the directory's.")
        try:
            parsed = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise CustodianUnavailable("The stored document is not JSON.") from None
        left = minimise(parsed, layout, projection, permit.sections, "strip-location" in permit.obligations)
        if not holds_a_section(left, layout):
            return None
        return render(
            left,
            document.id,
            layout,
            [directory.sensitivities[code].label for code in sorted(self._told_labels(document, permit))],
            self._pairwise(recipient, snapshot.client.id),
            demo=self._demo,
        )

    def _told_labels(self, document: DocumentFacts, permit: Permit) -> set[str]:
        """Return the sensitivities of what is released; those of what stays behind are not told."""
        told = set(document.labels)
        for section in permit.sections:
            told |= self._directory.nature(document.category, section) | set(document.sections[section])
        return told
