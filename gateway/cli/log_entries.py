"""`saattaen log`: searching the log, what a client sees of it, the proof of one entry.

A client is named by our id, or by an identity code that is read from standard input: never on the command line, where
other users of the machine and the shell's history would see it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from getpass import getpass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from adapters.sql.log_search import SqlSearchStore
from audit.entry import unpack_openings
from audit.errors import AuditError
from audit.proof import parse_log_proof
from gateway.cli.given_files import read_text, read_vkeys
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.consent.model import ClientId as KnownClient
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import parse_instant, to_micros
from gateway.directory.model import BASES, LANGUAGES
from gateway.disclosure.account_context import context_of
from gateway.disclosure.accounts import Accounts
from gateway.disclosure.log_output import as_csv, as_json, as_table
from gateway.disclosure.log_query import Officer, Query
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.phrases import KINDS, load_phrases
from gateway.errors import RequestInvalid
from gateway.open_gateway import Gateway

log_app = typer.Typer(no_args_is_help=True, help="Search the log; each look is an entry of its own.")

FORMATS = {"table": as_table, "json": as_json, "csv": as_csv}
OUTCOMES = ("permit", "deny", "error", "na")
Client = Annotated[bool, typer.Option("--client", help="Of one client; the identity code is read from standard input.")]
ClientId = Annotated[str | None, typer.Option(help="Of one client, by our id.")]


@log_app.command("search")
def search(
    client: Client = False,
    client_id: ClientId = None,
    requester: Annotated[str | None, typer.Option(help="A partner system.")] = None,
    recipient: Annotated[str | None, typer.Option(help="A service.")] = None,
    custodian: Annotated[str | None, typer.Option(help="A service.")] = None,
    person: Annotated[str | None, typer.Option(help="A worker's id in the partner system.")] = None,
    category: Annotated[str | None, typer.Option()] = None,
    outcome: Annotated[str | None, typer.Option(help="permit, deny, error or na.")] = None,
    basis: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[list[str] | None, typer.Option(help="disclosure, decision, consent.given, ...")] = None,
    since: Annotated[str | None, typer.Option(help="An instant, a date or a year.")] = None,
    until: Annotated[str | None, typer.Option(help="Exclusive.")] = None,
    after: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    count: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    operator: Operator = "officer",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Search the log by client, requester, recipient, person, category, outcome and period; newest first."""
    if output not in FORMATS:
        raise RequestInvalid("The format is table, json or csv.")
    asked = Query(
        requester=requester, recipient=recipient, custodian=custodian, person=person, category=category,
        outcome=outcome, basis=basis, kinds=tuple(kind or ()), since=micros_of(since), until=micros_of(until),
        after=after, count=count,
    )  # fmt: skip

    async def do(gateway: Gateway) -> None:
        _check(asked, gateway)
        query = replace(asked, client=await client_named(gateway, client, client_id))
        page = await _search_of(gateway).search(query, Officer(operator))
        typer.echo(FORMATS[output](page.entries), nl=output == "json")
        if page.more is not None:
            typer.echo(f"There are more: --after {page.more}", err=True)

    with_gateway(settings_of(demo, folder), do)


@log_app.command("of-client")
def of_client(
    client_id: ClientId = None,
    language: Annotated[str, typer.Option(help="fi, fi-x-selko, sv or en.")] = "fi",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Print what a client sees of the log: every access and refusal, in sentences, newest first."""
    if language not in LANGUAGES:
        raise RequestInvalid(f"The language is one of {', '.join(LANGUAGES)}.")

    async def do(gateway: Gateway) -> None:
        whom = await client_named(gateway, client_id is None, client_id)
        if whom is None:
            raise RequestInvalid("Name a client.")
        page = await _search_of(gateway).own(whom)
        accounts = Accounts(gateway.directory, load_phrases(), language)
        for account in accounts.tell(page.entries, context_of(page.context)):
            typer.echo("\n  ".join(account.lines()) + "\n")

    with_gateway(settings_of(demo, folder), do)


@log_app.command("prove")
def prove(
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    year: Annotated[str, typer.Option(help="The year of its log; after a restore with its number, as in 2026-2.")],
    operator: Operator = "officer",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Print the receipt of one entry (tlog-proof@v1): its inclusion, and the opening of its sections."""

    async def do(gateway: Gateway) -> None:
        origin = f"{gateway.settings.log_name}/audit/{year}"
        receipt = await _search_of(gateway).receipt(origin, index, Officer(operator))
        if receipt is None:
            raise RequestInvalid(f"The log {origin} has no entry {index}.")
        typer.echo(receipt, nl=False)

    with_gateway(settings_of(demo, folder), do)


@log_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A receipt, or the file of an officer's page that holds one.")],
    vkey: Annotated[Path, typer.Option(help="The log's verifier keys (GET /audit/log.vkey, a line a log).")],
) -> None:
    """Check the proof of one entry without the installation: signature, inclusion, openings. Exit status 1 if not."""
    receipt, verifiers = read_text(file).encode(), read_vkeys(vkey)
    if receipt.startswith(b"{"):
        try:
            receipt = str(orjson.loads(receipt)["receipt"]).encode()
        except (orjson.JSONDecodeError, KeyError):
            raise RequestInvalid(f"{file} holds no receipt.") from None
    try:
        proof = parse_log_proof(receipt)
        entry, openings = unpack_openings(proof.extra or b"{}")
        checkpoint = proof.verify(entry, verifiers)
    except AuditError as error:
        typer.echo(f"WRONG: {error}")
        raise typer.Exit(1) from None
    typer.echo(f"{checkpoint.origin}: entry {proof.index} is in the signed tree of {checkpoint.size} entries.")
    for one in openings:
        typer.echo(f"{one.section}: {one.plaintext.decode()}")


def _check(asked: Query, gateway: Gateway) -> None:
    """Raise RequestInvalid for a filter that nothing can ever fit: an empty answer to it would read as a fact."""
    directory = gateway.directory
    closed = (("outcome", asked.outcome, OUTCOMES), ("basis", asked.basis, BASES))
    for name, value, choices in (*closed, *(("kind", kind, KINDS) for kind in asked.kinds)):
        if value is not None and value not in choices:
            raise RequestInvalid(f"--{name} {value}: it is one of {', '.join(sorted(choices))}.")
    for name, value in (("recipient", asked.recipient), ("custodian", asked.custodian)):
        if value is not None and directory.service(value) is None:
            raise RequestInvalid(f"--{name} {value}: the directory never knew such a service.")
    if asked.category is not None and directory.category(asked.category) is None:
        raise RequestInvalid(f"--category {asked.category}: the directory never knew such a category.")
    if asked.requester is not None and asked.requester not in {one.id for one in gateway.partners.list()}:
        with SqlSearchStore(gateway.database).read() as reader:
            if asked.requester not in reader.systems():
                raise RequestInvalid(f"--requester {asked.requester}: no such partner system ever was.")


def _search_of(gateway: Gateway) -> LogSearch:
    new_event_id = gateway.parts.new_event_id
    return LogSearch(SqlSearchStore(gateway.database), gateway.keys, gateway.log, gateway.log, new_event_id)


async def client_named(gateway: Gateway, asked: bool, client_id: str | None) -> str | None:
    """Return our id of the client asked about: as given, or of the identity code that is read where it is *asked*.

    None where no client is asked about. Raises RequestInvalid where nobody is known by it.
    """
    if client_id is not None:
        with gateway.database.read() as connection:
            if gateway.register.standing(connection, KnownClient(client_id)) is None:
                raise RequestInvalid("Nobody is known by that id.")
        return client_id
    if not asked:
        return None
    text = getpass("Personal identity code: ") if sys.stdin.isatty() else sys.stdin.readline()
    found = await gateway.recording.client_of(Identifier.personal(PersonalIdentityCode.parse(text)))
    if found is None:
        raise RequestInvalid("Nobody is known by that code.")
    return found


def micros_of(text: str | None) -> int | None:
    """Return the instant that somebody typed, in microseconds; None for none. Raises RequestInvalid."""
    if text is None:
        return None
    try:
        return to_micros(parse_instant(text))
    except ValueError as error:
        raise RequestInvalid(f"{text}: {error}.") from None
