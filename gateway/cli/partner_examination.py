"""What `saattaen doctor` asks of the register of partner systems: whose keys these are, and if the log knows them."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.sql.log_search import SqlSearchStore
from adapters.sql.partner_register import marked_partners, registered_partners
from gateway.cli.finding import Finding, Patient, well, wrong
from gateway.disclosure.history import History
from gateway.disclosure.logged_partners import LogsWord
from gateway.installation import open_data_keys


def partners(patient: Patient) -> Iterator[Finding]:
    """Whether a demo's partner could get a token here."""
    marked = marked_partners(patient.database)
    if marked and not patient.settings.demo:
        yield wrong(
            "partners", f"{len(marked)} partner systems have a demo's key: {', '.join(marked)}.",
            "Register keys of their own, or run `saattaen partner suspend ID`.",
        )  # fmt: skip
    else:
        yield well("partners", "No partner system has a demo's key." if not marked else "A demo's partners, in a demo.")


def logged_partners(patient: Patient) -> Iterator[Finding]:
    """Whether the log knows each partner system as the register has it."""
    with open_data_keys(patient.settings, patient.keyring) as data_keys:
        word = LogsWord(History(SqlSearchStore(patient.database), data_keys))
        before = registered_partners(patient.database)
        word.read_on()
    # What was changed while the log was read is not compared: its entry may stand on either side of what was read.
    there = [row for row in registered_partners(patient.database) if row in before]
    doubted = list(word.differing(*there))
    for id, what in doubted:
        yield wrong(
            "partners", f"The partner system {id} gets no token: {what}.",
            "Run `saattaen verify`; then register it again, or run `saattaen partner suspend ID`.",
        )  # fmt: skip
    if not doubted:
        yield well("partners", f"The log says the same of the {len(there)} partner systems as the register.")
