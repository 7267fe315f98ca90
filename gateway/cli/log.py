"""`saattaen verify`, `export` and `log`: proving the log, writing it out, searching it.

A client is named by our id, or by an identity code that is read from standard input: never on the command line, where
other users of the machine and the shell's history would see it.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from adapters.sql import schema
from adapters.sql.engine import open_database
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.log_store import SqlLogStore
from adapters.sql.verifications import SqlVerifications
from audit.checkpoint import Verifier, parse_note, parse_vkey
from audit.entry import unpack_openings
from audit.errors import AuditError
from audit.export import export_logs
from audit.proof import parse_log_proof
from audit.store import Head
from audit.verify import verify_rows
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.demo.verification import verify_gateway
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import parse_instant, to_micros
from gateway.disclosure.account_context import context_of
from gateway.disclosure.accounts import Accounts
from gateway.disclosure.log_output import as_csv, as_json, as_table
from gateway.disclosure.log_query import Officer, Query
from gateway.disclosure.log_search import LogSearch
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.verification import Verification, verify_folder
from gateway.errors import RequestInvalid
from gateway.open_gateway import Gateway
from gateway.settings import Settings

log_app = typer.Typer(no_args_is_help=True, help="Search the log; each look is an entry of its own.")

FORMATS = {"table": as_table, "json": as_json, "csv": as_csv}
Client = Annotated[bool, typer.Option("--client", help="Of one client; the identity code is read from standard input.")]
ClientId = Annotated[str | None, typer.Option(help="Of one client, by our id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify")(verify)
    app.command("export")(export)
    app.add_typer(log_app, name="log")


def verify(
    target: Annotated[
        Path | None, typer.Argument(help="An exported folder or a database file; else the installation.")
    ] = None,
    vkey: Annotated[Path | None, typer.Option(help="The log's verifier key; else the log.vkey in the folder.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep the figures, which the officers' page shows as the last check.")
    ] = False,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Check the log offline: tree, signatures and, with the installation's keys, sealed sections and the order law.

    Exit status 1 when something is wrong; says what could not be checked, and why.
    """
    if target is not None and target.is_dir():
        found = _verify_export(target, vkey)
    elif target is not None:
        found = _verify_file(target, vkey)
    else:
        found = with_gateway(settings_of(demo, folder), _verify_installation, read_only=True)
        if record:
            _record(settings_of(demo, folder), found)
    for sentence in found.sentences():
        typer.echo(sentence)
    raise typer.Exit(found.exit_status)


async def _verify_installation(gateway: Gateway) -> Verification:
    return await asyncio.to_thread(verify_gateway, gateway)


def _record(settings: Settings, found: Verification) -> None:
    database = open_database(settings.database, settings.patience)
    try:
        schema.check(database)
        SqlVerifications(database).add(found.figures(to_micros(datetime.now(UTC))))
    finally:
        database.close()


def _verify_export(folder: Path, vkey: Path | None) -> Verification:
    return verify_folder(folder, None if vkey is None else parse_vkey(vkey.read_text("utf-8").strip()))


def _verify_file(file: Path, vkey: Path | None) -> Verification:
    if vkey is None:
        raise RequestInvalid("Give the log's verifier keys with --vkey (GET /audit/log.vkey, a line a log).")
    verifiers = [parse_vkey(line) for line in vkey.read_text("utf-8").split()]
    database = open_database(f"sqlite:///{file.resolve()}")
    try:
        with SqlLogStore(database).read() as reader:
            return Verification(verify_rows(reader, verifiers), None)
    finally:
        database.close()


def export(
    target: Annotated[Path, typer.Argument(help="A folder; each log becomes a folder in it.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Write the log as C2SP tiles with its checkpoint and log.vkey, for other people's verifiers."""

    async def do(gateway: Gateway) -> list[Path]:
        with gateway.log_store.read() as reader:
            verifiers = [_signed_by(gateway, head) for head in reader.heads()]
            return export_logs(reader, verifiers, target)

    for written in with_gateway(settings_of(demo, folder), do, read_only=True):
        typer.echo(
            f"{written}: fsck --storage_url=file://{written.resolve()}/ --public_key={written / 'log.vkey'} --ui=false"
        )


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

    async def do(gateway: Gateway) -> None:
        query = Query(
            client=await client_named(gateway, client, client_id), requester=requester, recipient=recipient,
            custodian=custodian, person=person, category=category, outcome=outcome, basis=basis,
            kinds=tuple(kind or ()), since=_micros(since), until=_micros(until), after=after, count=count,
        )  # fmt: skip
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
    receipt = file.read_bytes()
    if receipt.startswith(b"{"):
        receipt = str(orjson.loads(receipt)["receipt"]).encode()
    try:
        proof = parse_log_proof(receipt)
        entry, openings = unpack_openings(proof.extra or b"{}")
        checkpoint = proof.verify(entry, [parse_vkey(line) for line in vkey.read_text("utf-8").split()])
    except AuditError as error:
        typer.echo(f"WRONG: {error}")
        raise typer.Exit(1) from None
    typer.echo(f"{checkpoint.origin}: entry {proof.index} is in the signed tree of {checkpoint.size} entries.")
    for one in openings:
        typer.echo(f"{one.section}: {one.plaintext.decode()}")


def _signed_by(gateway: Gateway, head: Head) -> Verifier:
    """Return the first of our keys that signed a head: an ended log bears the signatures of its own days alone."""
    signed = {one.key_id for one in parse_note(head.note).signatures}
    return next(one for one in gateway.log.head_verifiers(head) if one.key_id in signed)


def _search_of(gateway: Gateway) -> LogSearch:
    new_event_id = gateway.parts.new_event_id
    return LogSearch(SqlSearchStore(gateway.database), gateway.keys, gateway.log, gateway.log, new_event_id)


async def client_named(gateway: Gateway, asked: bool, client_id: str | None) -> str | None:
    """Return our id of the client asked about: as given, or of the identity code that is read where it is *asked*."""
    if client_id is not None or not asked:
        return client_id
    text = getpass("Personal identity code: ") if sys.stdin.isatty() else sys.stdin.readline()
    found = await gateway.recording.client_of(Identifier.personal(PersonalIdentityCode.parse(text)))
    if found is None:
        raise RequestInvalid("Nobody is known by that code.")
    return found


def _micros(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return to_micros(parse_instant(text))
    except ValueError as error:
        raise RequestInvalid(f"{text}: {error}.") from None
