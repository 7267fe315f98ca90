"""Where the demo's story plays: a gateway that serves over HTTP, and what partner systems and the client do there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
import orjson

from adapters.fhir.samples import sections_in
from adapters.tokens.acting import Acting
from gateway.consent.model import ClientId
from gateway.demo.documents import Sample, path_type, sample_named
from gateway.demo.partner import PartnerSystem
from gateway.demo.phone import read_messages
from gateway.demo.population import identifier_of, system_of, written
from gateway.demo.telling import Teller
from gateway.demo.world import World
from gateway.directory.instants import HELSINKI
from gateway.directory.layout import Layout
from gateway.disclosure.opened import Opener
from gateway.disclosure.sections import Document
from gateway.http.acting import CONSENTS
from gateway.http.openapi import PREFIX
from gateway.open_gateway import Gateway

CONSENTS_PATH, WORDS_PATH, MESSAGES_PATH = f"{PREFIX}/consents", f"{PREFIX}/wordings/render", f"{PREFIX}/messages"
CONFIRMATIONS_PATH = f"{PREFIX}/confirmations"
_PHONE_PATIENCE = 60.0
_LASTS = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker saw who asked for a sample: by its id, or by a search where nobody knows an id of ours yet."""

    answer: httpx.Response
    document: dict[str, object] | None
    by_search: bool

    def sections(self, layout: Layout) -> set[str]:
        """Return the sections that were shown."""
        shown: Document = orjson.loads(orjson.dumps(self.document))
        return sections_in(shown, layout)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was shown, in the one way in which nothing is."""
        return self.document is None and self.answer.status_code == (200 if self.by_search else 404)


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of the story. *documents* are our ids of the samples, by name; of those that lie with a custodian
    outside, once a search has shown them."""

    gateway: Gateway
    world: World
    web: httpx.AsyncClient
    systems: Mapping[str, PartnerSystem]
    clients: Mapping[str, ClientId]
    documents: dict[str, str]
    teller: Teller

    def system(self, acting: Acting) -> PartnerSystem:
        """Return the partner system that a worker uses."""
        return self.systems[system_of(acting.service)]

    def address(self, sample: Sample) -> str:
        """Return a sample's address below the base address."""
        return f"/fhir/{path_type(self.world, sample.category)}/{self.documents[sample.name]}"

    async def read(self, document: str, acting: Acting) -> Look:
        """Let a worker ask for a sample."""
        sample = sample_named(document)
        path = path_type(self.world, sample.category)
        if document not in self.documents:
            return await self._search(sample, path, acting)
        answer = await self.system(acting).ask(acting, f"system/{path}.r", "GET", self.address(sample))
        return Look(answer, content_of(answer) if answer.status_code == 200 else None, by_search=False)

    async def _search(self, sample: Sample, path: str, acting: Acting) -> Look:
        client = identifier_of(self.world.clients[sample.client])
        form = {"patient.identifier": written(client), "category": sample.category}
        answer = await self.system(acting).ask(acting, f"system/{path}.s", "POST", f"/fhir/{path}/_search", form=form)
        match content_of(answer):
            case {"entry": [{"resource": {"id": str(id_)} as document}]}:
                self.documents[sample.name] = id_
                return Look(answer, document, by_search=True)
            case _:
                return Look(answer, None, by_search=True)

    async def record_consent(self, acting: Acting, document: str, recipient: Acting) -> httpx.Response:
        """Let a worker show the client the words and record the consent to one document's category, nothing ticked."""
        sample = sample_named(document)
        until = (self.gateway.clock.now().astimezone(HELSINKI) + _LASTS).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        grants = [
            {
                "custodian": sample.custodian, "recipient": recipient.service, "category": sample.category,
                "purpose": recipient.purpose, "until": until.isoformat(), "sensitivities": [],
            }
        ]  # fmt: skip
        person, system = self.world.clients[sample.client], self.system(acting)
        words = {"wording": "consent", "language": person.language, "register": person.register, "grants": grants}
        shown = content_of(await system.ask(acting, CONSENTS, "POST", WORDS_PATH, body=words))
        body = {
            "client": identifier_of(person), "grants": grants,
            "capture": {"method": "with-professional", "evidence": {"identity_check": "passport seen"}},
            "shown": {key: shown.get(key) for key in ("wording", "version", "language", "register", "sha256")},
        }  # fmt: skip
        return await system.ask(acting, CONSENTS, "POST", CONSENTS_PATH, body=body)

    async def messages_about(self, consent: str, acting: Acting) -> list[str]:
        """Return the kinds of the messages that a worker's service was sent about a consent, oldest first."""
        kinds: list[str] = []
        query = "?limit=200"
        while True:
            match content_of(await self.system(acting).ask(acting, CONSENTS, "GET", MESSAGES_PATH + query)):
                case {"messages": list(listed), "next": following}:
                    kinds += [str(one["kind"]) for one in listed if one["consent"] == consent]
                    query = f"?limit=200&after={following}"
                case _:
                    return [*kinds, "unread"]
            if following is None:
                return kinds

    async def code_on_phone(self, client: str, handle: str) -> str | None:
        """Wait for the code that was sent to a client's own phone; None where none comes."""
        give_up = asyncio.get_running_loop().time() + _PHONE_PATIENCE
        while asyncio.get_running_loop().time() < give_up:
            for message in read_messages(self.gateway.settings.outbox, self.clients[client]):
                match message:
                    case {"body": {"handle": str(its), "code": str(code)}} if its == handle:
                        return code
                    case _:
                        continue
            await asyncio.sleep(0.05)
        return None

    def last_reason(self) -> str:
        """Return why the newest refused request was refused, as the officer reads it in the log; else its kind."""
        opener = Opener(self.gateway.keys)
        with self.gateway.log_store.read() as reader:
            head = reader.heads()[-1]
            for entry in reversed(opener.read(reader, head, max(0, head.size - 50), head.size)):
                if entry.kind in ("decision", "disclosure", "search"):
                    reasons = (entry.b or {}).get("reasons")
                    return ", ".join(map(str, reasons)) if isinstance(reasons, list) else entry.kind
        return "no entry"


def content_of(answer: httpx.Response) -> dict[str, object]:
    """Return the JSON object in an answer, an empty one where there is none."""
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
