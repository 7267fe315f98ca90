"""The main job, played over real HTTP: Suvi's plan reaches whom she names, and nobody else, for as long as she wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

import httpx
import orjson

from adapters.fhir.samples import sections_in
from adapters.tokens.acting import Acting
from gateway.consent.model import ConsentState
from gateway.demo.documents import SAMPLES, path_type
from gateway.demo.partner import PartnerSystem, any_worker, worker
from gateway.demo.phone import read_messages
from gateway.demo.population import identifier_of, system_of
from gateway.demo.stage import Stage
from gateway.demo.verification import verify_gateway
from gateway.directory.instants import HELSINKI
from gateway.http.acting import CONSENTS
from gateway.http.openapi import PREFIX

CLIENT = "suvi"
_PHONE_PATIENCE = 15.0
_LASTS = timedelta(days=180)


class Broken(Exception):
    """The story cannot go on: a step that later ones stand on did not go as told."""


class Story:
    """The steps in order. Each says who asked what and what came back, and is checked."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._teller, directory = stage, stage.teller, stage.world.directory
        self._coach = worker(directory, "kuntakokeilu", "omavalmentaja", "employment-support")
        self._kela = worker(directory, "kela", "kuntoutusasiantuntija", "rehabilitation-decision")
        self._social = worker(directory, "sosiaalityo", "omatyontekija", "care-coordination")
        self._job_coach = worker(directory, "tyohonvalmennus", "tyohonvalmentaja", "employment-support")
        self._workshop = worker(directory, "tyopaja", "tyohonvalmentaja", "employment-support")

    async def play(self) -> None:
        """Play it from the first token to the proof."""
        self._introduce()
        await self._begin_anew()
        self._teller.say()
        try:
            await self._get_token()
            await self._refused("suvi-plan", self._coach, {"no-consent", "withdrawn"})
            consent, handle = await self._record_plan_consent()
            await self._refused("suvi-plan", self._coach, {"unconfirmed"})
            await self._confirm(handle)
            await self._read("suvi-plan", self._coach, absent={"health", "mental-health", "substance-use"})
            await self._refused("suvi-plan", self._kela, {"recipient-not-named"})
            await self._record("terveystarkastus", "suvi-feedback", self._coach)
            await self._read("suvi-feedback", self._coach)
            await self._refused("suvi-feedback", self._social, {"recipient-not-named"})
            await self._record("kuntakokeilu", "suvi-referral", self._job_coach)
            await self._read("suvi-referral", self._job_coach)
            await self._refused("suvi-referral", self._workshop, {"recipient-not-named"})
            await self._withdraw(consent)
            await self._refused("suvi-plan", self._coach, {"withdrawn"})
        except Broken as broken:
            self._teller.say(f"    The story stops here: {broken}")
        self._verify()

    def _introduce(self) -> None:
        say, directory = self._teller.say, self._stage.world.directory
        say("Who is who:")
        say(f"  {'Suvi':16} {self._stage.world.clients[CLIENT].name}, the client whose documents these are")
        asking = (self._coach, self._kela, self._social, self._job_coach, self._workshop)
        for acting in asking:
            say(f"  {acting.service:16} {self._stage.service(acting.service)}: {acting.role}, for {acting.purpose}")
        for code in sorted({sample.custodian for sample in SAMPLES if sample.client == CLIENT} - {one.service for one in asking}):
            say(f"  {code:16} {directory.services[code].name.fi}: holds documents of hers")

    async def _begin_anew(self) -> None:
        """Withdraw what stands from an earlier play: the story begins with nothing given."""
        recording, client = self._stage.gateway.recording, self._stage.clients[CLIENT]
        standing = [one for one in (await recording.for_client(client)).consents if one.state is ConsentState.GIVEN]
        for consent in standing:
            await recording.withdraw(consent.id, client=client)
        if standing:
            self._teller.say(
                f"The data of the last start is kept. {len(standing)} of Suvi's consents stood; she withdraws them on her own"
                " page, so that the story can begin anew."
            )

    async def _get_token(self) -> None:
        asked = f"{self._by(self._coach)} asks for an access token, with a request that its own key signs"
        try:
            token = await self._system(self._coach).token(self._coach, "system/CarePlan.rs")
        except Exception as error:
            self._teller.step(asked, "none", f"expected a token: {type(error).__name__}")
            raise Broken("no token, no question") from error
        self._teller.step(asked, f"200 a token for five minutes, bound to {self._coach.role} and {self._coach.purpose}" if token else "an empty one")

    async def _refused(self, document: str, acting: Acting, reasons: Collection[str]) -> None:
        answer = await self._get(document, acting)
        reason = self._stage.last_reason()
        wrong = None
        if answer.status_code != 404 or reason not in reasons or not _says_demo(answer):
            wrong = f"expected 404 and {' or '.join(sorted(reasons))}"
        came = f"{answer.status_code} not available, whatever the reason; the log alone says it: {reason}"
        self._teller.step(f"{self._by(acting)} asks for {self._what(document)}", came, wrong)

    async def _read(self, document: str, acting: Acting, absent: Collection[str] = ()) -> None:
        directory = self._stage.world.directory
        sample = next(one for one in SAMPLES if one.name == document)
        answer = await self._get(document, acting)
        asked = f"{self._by(acting)} asks for {self._what(document)}"
        if answer.status_code != 200:
            self._teller.step(asked, f"{answer.status_code}: {self._stage.last_reason()}", "expected the document")
            return
        released = sections_in(orjson.loads(answer.content), directory.layouts[sample.category])
        every = directory.categories[sample.category].sections
        withheld = [one for one in every if one not in released]
        came = f"200 with {', '.join(one for one in every if one in released)}"
        came += f"; without {', '.join(withheld)}, not ticked" if withheld else ""
        came += f"; entry {answer.headers.get('saattaen-entry')} with its proof"
        right = set(withheld) == set(absent) and "saattaen-proof" in answer.headers and _says_demo(answer)
        self._teller.step(asked, came, None if right else f"expected all but {', '.join(sorted(absent)) or 'nothing'}")

    async def _record_plan_consent(self) -> tuple[str, str]:
        answer = await self._give("kuntakokeilu", "suvi-plan", self._coach)
        asked = f"{self._by(self._coach)} records Suvi's consent with her: her plan to kuntakokeilu alone, no sensitive part ticked"
        match _json(answer):
            case {"consent": {"id": str(id_), "grants": [{"confirmed": False}]}, "confirmation": {"handle": str(handle)}}:
                self._teller.step(asked, "201 recorded, unconfirmed, since the recipient itself recorded it: a code goes to Suvi")
                return id_, handle
        self._teller.step(asked, str(answer.status_code), "expected an unconfirmed consent")
        raise Broken("there is no consent to go on with")

    async def _confirm(self, handle: str) -> None:
        code = await self._code_on_phone(handle)
        asked = "Suvi confirms it with the code sent to her own phone (a file in the demo's outbox)"
        answer = await self._stage.web.post(f"{PREFIX}/confirmations/{handle}", json={"code": code})
        wrong = None if answer.status_code == 200 else "expected 200"
        self._teller.step(asked, f"{answer.status_code} confirmed" if wrong is None else str(answer.status_code), wrong)

    async def _record(self, custodian: str, document: str, recipient: Acting) -> None:
        acting = any_worker(self._stage.world.directory, custodian)
        answer = await self._give(custodian, document, recipient)
        match _json(answer):
            case {"consent": {"grants": [{"confirmed": True}]}}:
                came, wrong = "201 recorded, confirmed: the one who gives has heard her", None
            case _:
                came, wrong = str(answer.status_code), "expected a confirmed consent"
        what = f"{self._what(document, own=True)} to {recipient.service}"
        self._teller.step(f"{self._by(acting)} records Suvi's consent with her: {what}", came, wrong)

    async def _withdraw(self, consent: str) -> None:
        stage, told = self._stage, "sote-keskus"
        acting = any_worker(stage.world.directory, told)
        body = {"client": identifier_of(stage.world.clients[CLIENT])}
        path = f"{PREFIX}/consents/{consent}/withdraw"
        answer = await self._system(acting).ask(acting, CONSENTS, "POST", path, body=body)
        asked = f"Suvi withdraws her consent to the plan, by telling {told}; no reason is asked"
        match _json(answer):
            case {"state": "withdrawn"}:
                self._teller.step(asked, "200 withdrawn at once")
            case _:
                self._teller.step(asked, str(answer.status_code), "expected 200")
        path = f"{PREFIX}/messages"
        messages: list[str] = []
        after: str | None = None
        while True:
            query = f"?limit=200&after={after}" if after else "?limit=200"
            page = _json(await self._system(self._coach).ask(self._coach, CONSENTS, "GET", path + query))
            match page:
                case {"messages": list(listed), "next": str() | None as after}:
                    messages += [str(one["kind"]) for one in listed if one["consent"] == consent]
                case _:
                    break
            if after is None:
                break
        wrong = None if messages[-1:] == ["consent.withdrawn"] else "expected consent.withdrawn last"
        self._teller.step(f"{self._by(self._coach)} reads its messages about this consent", ", ".join(messages) or "none", wrong)

    def _verify(self) -> None:
        found = verify_gateway(self._stage.gateway)
        asked = "The log is verified: hashes, signature, sealed sections, and that each release rests on a yes that stood"
        if found.wrong or found.unchecked:
            self._teller.step(asked, "it does not prove itself", "; ".join((*found.wrong, *found.unchecked)[:3]))
        else:
            self._teller.step(asked, f"{found.entries} entries, all of them sound")

    async def _give(self, captured_by: str, document: str, recipient: Acting) -> httpx.Response:
        """Let a worker of *captured_by* show Suvi the words and record what she chose."""
        stage = self._stage
        sample = next(one for one in SAMPLES if one.name == document)
        acting = self._coach if captured_by == "kuntakokeilu" else any_worker(stage.world.directory, captured_by)
        system = self._system(acting)
        until = (datetime.now(HELSINKI) + _LASTS).replace(hour=0, minute=0, second=0, microsecond=0)
        grants = [
            {
                "custodian": sample.custodian, "recipient": recipient.service, "category": sample.category,
                "purpose": recipient.purpose, "until": until.isoformat(), "sensitivities": [],
            }
        ]  # fmt: skip
        person = stage.world.clients[CLIENT]
        words = {"wording": "consent", "language": person.language, "register": person.register, "grants": grants}
        shown = _json(await system.ask(acting, CONSENTS, "POST", f"{PREFIX}/wordings/render", body=words))
        body = {
            "client": identifier_of(person), "grants": grants,
            "capture": {"method": "with-professional", "evidence": {"identity_check": "passport seen"}},
            "shown": {key: shown.get(key) for key in ("wording", "version", "language", "register", "sha256")},
        }  # fmt: skip
        return await system.ask(acting, CONSENTS, "POST", f"{PREFIX}/consents", body=body)

    async def _code_on_phone(self, handle: str) -> str:
        stage = self._stage
        give_up = asyncio.get_running_loop().time() + _PHONE_PATIENCE
        while asyncio.get_running_loop().time() < give_up:
            for message in read_messages(stage.gateway.settings.outbox, stage.clients[CLIENT]):
                match message:
                    case {"body": {"handle": str(its), "code": str(code)}} if its == handle:
                        return code
            await asyncio.sleep(0.05)
        raise Broken("no code came to Suvi's phone")

    async def _get(self, document: str, acting: Acting) -> httpx.Response:
        sample = next(one for one in SAMPLES if one.name == document)
        scope = f"system/{path_type(self._stage.world, sample.category)}.r"
        return await self._system(acting).ask(acting, scope, "GET", self._stage.address(document))

    def _system(self, acting: Acting) -> PartnerSystem:
        return self._stage.systems[system_of(acting.service)]

    def _by(self, acting: Acting) -> str:
        return f"{acting.service} ({acting.role})"

    def _what(self, document: str, *, own: bool = False) -> str:
        sample = next(one for one in SAMPLES if one.name == document)
        names = self._stage.world.directory.categories[sample.category].name
        return f"her {names.en}" if own else f"Suvi's {names.en} ({names.fi})"


def _json(answer: httpx.Response) -> dict[str, object]:
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _says_demo(answer: httpx.Response) -> bool:
    return answer.headers.get("saattaen-demo") == "true"
