"""What the log says last of each partner system, and whether the register of the installation says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.disclosure.section_fields import Fields, optional_text, texts


@dataclass(frozen=True, slots=True)
class Registration:
    """The log's last word of one partner system; what no entry told is None.

    `keys` are key ids, `thumbprints` those of the same keys in the same order (RFC 7638): an id is its owner's choice,
    and entries of before told ids alone.
    """

    organisation: str | None = None
    services: frozenset[str] | None = None
    scope: str | None = None
    keys: tuple[str, ...] | None = None
    thumbprints: tuple[str, ...] | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """One partner system as it stands in the register. Keys that cannot be read are none."""

    id: str
    organisation: str
    services: frozenset[str]
    scope: str
    keys: tuple[str, ...]
    thumbprints: tuple[str, ...]
    suspended: bool


def registration(known: Registration, kind: str, body: Fields) -> Registration:
    """Return what stands after an entry about a partner system; raises Malformed."""
    if kind == "partner.suspended":
        known = replace(known, suspended=True)
    elif body.get("change") == "resumed":
        known = replace(known, suspended=False)
    if "organisation" in body:
        known = replace(known, organisation=optional_text(body, "organisation"))
    if "services" in body:
        known = replace(known, services=frozenset(texts(body, "services")))
    if "scope" in body:
        known = replace(known, scope=optional_text(body, "scope"))
    if "keys" in body:
        prints = texts(body, "thumbprints") if "thumbprints" in body else None
        known = replace(known, keys=texts(body, "keys"), thumbprints=prints)
    return known


def differing_partners(
    said: Mapping[str, Registration], register: Sequence[Registered], *, all_known: bool
) -> Iterator[tuple[str, str]]:
    """Yield partner systems of which the register says otherwise than the log's last word, each with what is wrong.

    *all_known* is whether every entry about partner systems could be read; else what is not told is no fault.
    """
    there = {row.id: row for row in register}
    for id, row in there.items():
        known = said.get(id)
        if known is None:
            if all_known:
                yield id, "no entry registered it"
            continue
        pairs = None if known.keys is None or known.thumbprints is None else _paired(known.keys, known.thumbprints)
        told_and_found = (
            ("organisation", known.organisation, row.organisation), ("services", known.services, row.services),
            ("scope", known.scope, row.scope), ("suspended", known.suspended, row.suspended),
            ("keys", None if known.keys is None else sorted(known.keys), sorted(row.keys)),
            ("thumbprints of keys", pairs, _paired(row.keys, row.thumbprints)),
        )  # fmt: skip
        wrong = [name for name, told, found in told_and_found if told is not None and told != found]
        if wrong:
            yield id, f"the register says otherwise than the log: {', '.join(wrong)}"
    for id in sorted(said.keys() - there.keys()):
        yield id, "the log registered it and the register lacks it"


def _paired(keys: Sequence[str], thumbprints: Sequence[str]) -> list[tuple[str, str]]:
    return sorted(zip(keys, thumbprints, strict=False))
