"""What desks keep between two pages, in the main database, sealed under a data key of each service's desk.

See `gateway.consent.desk_records.DeskRecords`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import orjson
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from adapters.sql.engine import Database
from adapters.sql.sealing import Sealing
from adapters.sql.tables.desks import DeskAnswerRow, DeskContactRow, DeskDraftRow
from gateway.consent.desk_records import AnswerKind, Contact, DeskAnswer, KeptDraft
from gateway.consent.lifecycle import new_id
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, PersonalIdentityCode
from gateway.directory.instants import from_micros, to_micros

CONTACT_LASTS = timedelta(days=90)
"""As long as a question to them is remembered; a service meets a person again under the same reference."""
DRAFT_LASTS = timedelta(days=1)

_ROWS = SQLModel.metadata.tables
_CONTACTS = _ROWS[DeskContactRow.__tablename__]
_DRAFTS = _ROWS[DeskDraftRow.__tablename__]
_ANSWERS = _ROWS[DeskAnswerRow.__tablename__]
T = TypeVar("T")


class SqlDeskRecords:
    """Records of all desks, on SQLite and PostgreSQL alike.

    *lookups* are the keyed hashes of an identifier: the first it is stored under, any of them it is found by, since
    there are two keys while the look-up key is rotated.
    """

    def __init__(
        self, database: Database, sealing: Sealing, lookups: Callable[[Identifier], Sequence[bytes]],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._database, self._sealing, self._lookups, self._now = database, sealing, lookups, now

    async def contact(self, service: str, identifier: Identifier) -> Contact:
        """Return the service's contact with that person, made where there is none."""
        # Sealing asks the store of keys, which is not done inside a transaction of the main database.
        ref, lookups = new_id(), [bytes(one) for one in self._lookups(identifier)]
        sealed = await asyncio.to_thread(self._seal, service, f"contact {ref}", _written(identifier))
        row, ends = _CONTACTS.c, to_micros(self._now() + CONTACT_LASTS)

        def write(connection: Connection) -> str:
            connection.execute(delete(_CONTACTS).where(row.ends <= to_micros(self._now())))
            met = (row.service == service) & row.lookup.in_(lookups)
            found = connection.execute(select(row.lookup, row.ref).where(met)).all()
            if found:
                # Two are there where two processes met somebody at the moment of the change of keys: the one under the
                # former key stays.
                _, known = max(found, key=lambda one: lookups.index(bytes(one.lookup)))
                connection.execute(update(_CONTACTS).where(row.ref == known).values(ends=ends))
                return str(known)
            values = {"ref": ref, "service": service, "lookup": lookups[0], "sealed": sealed, "ends": ends}
            connection.execute(insert(_CONTACTS).values(**values))
            return ref

        try:
            return Contact(await self._write(write), identifier)
        except IntegrityError:
            # A colleague looked the same person up at the same moment: theirs stands by now.
            return Contact(await self._write(write), identifier)

    def rehash(self) -> int:
        """Store every contact under the look-up key of now; return how many were under another.

        Every process stores under that key by then, and finds by both until this is done.
        """
        row = _CONTACTS.c
        with self._database.read() as connection:
            rows = connection.execute(select(row.ref, row.service, row.lookup, row.sealed)).all()
        moved = 0
        for ref, service, old, sealed in rows:
            content = self._sealing.open(_owner(service), f"contact {ref}", sealed)
            new = None if content is None else self._lookups(_identifier(content))[0]
            if new is None or new == bytes(old):
                continue
            # Each is short: whoever serves waits for the head's lock meanwhile.
            with self._database.write() as connection:
                twin = connection.execute(
                    select(row.ref).where(row.service == service, row.lookup == new)
                ).scalar_one_or_none()
                if twin is not None:
                    mine = (_ANSWERS.c.service == service) & (_ANSWERS.c.ref == twin)
                    connection.execute(update(_ANSWERS).where(mine).values(ref=ref))
                    connection.execute(delete(_CONTACTS).where(row.ref == twin))
                moved += connection.execute(update(_CONTACTS).where(row.ref == ref).values(lookup=new)).rowcount
                connection.commit()
        return moved

    async def contact_of(self, service: str, ref: str) -> Contact | None:
        """Return a contact of the service's by its reference."""
        row = _CONTACTS.c
        query = select(row.sealed).where(row.ref == ref, row.service == service, row.ends > to_micros(self._now()))
        sealed = await self._database.reading(lambda connection: connection.execute(query).scalar_one_or_none())
        content = None if sealed is None else await self._open(service, f"contact {ref}", sealed)
        return None if content is None else Contact(ref, _identifier(content))

    async def save_draft(self, service: str, draft: str, content: bytes, scan: bytes | None = None) -> None:
        """Keep a draft for a day from now on, and a scan with it: of neither is there ever one of another write."""
        sealed = await asyncio.to_thread(self._seal, service, f"draft {draft}", content)
        paper = None if scan is None else await asyncio.to_thread(self._seal, service, f"scan {draft}", scan)
        row, now = _DRAFTS.c, self._now()

        def write(connection: Connection) -> None:
            connection.execute(delete(_DRAFTS).where(row.ends <= to_micros(now)))
            values: dict[str, object] = {"sealed": sealed, "ends": to_micros(now + DRAFT_LASTS)}
            if paper is not None:
                values["scan"] = paper
            mine = update(_DRAFTS).where(row.id == draft, row.service == service)
            if connection.execute(mine.values(**values)).rowcount == 0:
                connection.execute(insert(_DRAFTS).values(id=draft, service=service, **({"scan": None} | values)))

        await self._write(write)

    async def scan(self, service: str, draft: str) -> bytes | None:
        """Return the scan of a draft."""
        row = _DRAFTS.c
        query = select(row.scan).where(row.id == draft, row.service == service, row.ends > to_micros(self._now()))
        sealed = await self._database.reading(lambda connection: connection.execute(query).scalar_one_or_none())
        return None if sealed is None else await self._open(service, f"scan {draft}", sealed)

    async def draft(self, service: str, draft: str) -> KeptDraft | None:
        """Return a draft of the service's."""
        return next(iter(await self._drafts(service, draft)), None)

    async def drafts(self, service: str) -> tuple[KeptDraft, ...]:
        """Return the service's drafts."""
        return await self._drafts(service, None)

    async def drop_draft(self, service: str, draft: str) -> None:
        """Forget a draft and its scan."""
        gone = delete(_DRAFTS).where(_DRAFTS.c.id == draft, _DRAFTS.c.service == service)

        def write(connection: Connection) -> None:
            connection.execute(gone)

        await self._write(write)

    async def note(self, service: str, answers: Sequence[DeskAnswer]) -> None:
        """Keep answers until they may be asked for again; those that held back the same question go."""
        row = _ANSWERS.c

        def write(connection: Connection) -> None:
            connection.execute(delete(_ANSWERS).where(row.not_before <= to_micros(self._now())))
            for one in answers:
                same = (row.service == service) & (row.ref == one.ref)
                same &= (row.recipient == one.recipient) & (row.category == one.category)
                connection.execute(delete(_ANSWERS).where(same))
                # Whom it is about must be met by the same reference for as long as the answer counts.
                until, contact = to_micros(one.not_before), _CONTACTS.c
                mine = (contact.ref == one.ref) & (contact.service == service) & (contact.ends < until)
                connection.execute(update(_CONTACTS).where(mine).values(ends=until))
                connection.execute(
                    insert(_ANSWERS).values(
                        id=new_id(), service=service, ref=one.ref, answer=str(one.kind), recipient=one.recipient,
                        category=one.category, at=to_micros(one.at), not_before=to_micros(one.not_before),
                    )
                )  # fmt: skip

        await self._write(write)

    async def answers(self, service: str) -> tuple[DeskAnswer, ...]:
        """Return the service's answers that still hold back a question, newest first."""
        row = _ANSWERS.c
        query = select(_ANSWERS).where(row.service == service, row.not_before > to_micros(self._now()))
        found = await self._database.reading(
            lambda connection: connection.execute(query.order_by(row.at.desc(), row.id)).all()
        )
        return tuple(
            DeskAnswer(
                one.ref, AnswerKind(one.answer), one.recipient, one.category, from_micros(one.at),
                from_micros(one.not_before),
            )
            for one in found
        )  # fmt: skip

    async def _drafts(self, service: str, draft: str | None) -> tuple[KeptDraft, ...]:
        row = _DRAFTS.c
        query = select(row.id, row.sealed, row.ends).where(row.service == service, row.ends > to_micros(self._now()))
        if draft is not None:
            query = query.where(row.id == draft)
        found = await self._database.reading(lambda connection: connection.execute(query.order_by(row.ends)).all())
        kept = []
        for id_, sealed, ends in found:
            content = await self._open(service, f"draft {id_}", sealed)
            if content is not None:
                kept.append(KeptDraft(id_, content, from_micros(ends)))
        return tuple(kept)

    async def _write(self, do: Callable[[Connection], T]) -> T:
        def write() -> T:
            with self._database.write() as connection:
                done = do(connection)
                connection.commit()
                return done

        return await asyncio.to_thread(write)

    def _seal(self, service: str, kind: str, content: bytes) -> bytes:
        return self._sealing.seal(_owner(service), kind, content)

    async def _open(self, service: str, kind: str, sealed: bytes) -> bytes | None:
        return await asyncio.to_thread(self._sealing.open, _owner(service), kind, sealed)


def _owner(service: str) -> str:
    """Return whose data key it is: no client's, for a person looked up may be nobody that we know."""
    return f"desk/{service}"


def _written(identifier: Identifier) -> bytes:
    value = identifier.value
    code = value.reveal() if isinstance(value, PersonalIdentityCode) else value
    return orjson.dumps([identifier.authority, code, identifier.issuer])


def _identifier(content: bytes) -> Identifier:
    authority, value, issuer = orjson.loads(content)
    if authority == NATIONAL_AUTHORITY:
        return Identifier.personal(PersonalIdentityCode.parse(value), issuer)
    return Identifier(authority, value, issuer)
