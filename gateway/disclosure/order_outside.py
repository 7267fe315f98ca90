"""Documents outside in the order law: nobody deposits them, so each release says anew what it was that left."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.disclosure.order_records import DocumentRecord, Records
from gateway.disclosure.section_fields import Fields, number, text, texts, within


def take_in(client: str, row: Fields, rests_on: Fields, records: Records) -> Iterator[str]:
    """Take in what a release tells of a document outside, and yield what is wrong with it; raises Malformed."""
    met = within(rests_on, "met")
    sections = within(met, "sections")
    document = DocumentRecord(
        client, text(row, "id"), number(rests_on, "version"), text(row, "custodian"), text(row, "category"),
        number(row, "dated"), frozenset(texts(met, "labels")),
        {section: frozenset(texts(sections, section)) for section in sections}, text(met, "source"),
        text(met, "sha256"),
    )  # fmt: skip
    known = records.documents.get(document.id)
    told = (document.client, document.custodian, document.category)
    if known is not None and known.source is None:
        yield "a document that was deposited is released as one outside"
    elif known is not None and (known.client, known.custodian, known.category) != told:
        yield "a document outside is released as another client's, custodian's or of another category"
    elif known is not None and known.version == document.version and known != document:
        yield "a document outside has changed without its version"
    elif not _follows(document.version, 0 if known is None else known.version, records):
        yield "a version of a document outside does not follow the one released before"
    else:
        records.documents[document.id] = document


def _follows(version: int, last: int, records: Records) -> bool:
    if records.complete and records.releases_known:
        return version in (max(last, 1), last + 1)
    return version >= max(last, 1)
