"""The main job, played over real HTTP: Suvi's plan reaches whom she names, nobody else, and only while she wishes."""

from __future__ import annotations

from collections.abc import Collection

import httpx

from adapters.tokens.acting import Acting
from gateway.consent.model import ConsentState
from gateway.demo.documents import SAMPLES, sample_named
from gateway.demo.partner import TokenRefused, any_worker, worker
from gateway.demo.population import identifier_of
from gateway.demo.stage import CONFIRMATIONS_PATH, CONSENTS_PATH, Look, Stage, content_of
from gateway.http.acting import CONSENTS
from gateway.verification import has_doubts, verify_gateway

CLIENT = "suvi"
_TOLD = "sote-keskus"
"""The service that Suvi tells of her withdrawal: the one that holds the plan."""


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
        self._health_check = any_worker(directory, "terveystarkastus")
        self._health_centre = any_worker(directory, _TOLD)

    async def play(self) -> None:
        """Play it from the first token to the proof."""
        self._introduce()
        await self._begin_anew()
        self._teller.say()
        try:
            await self._get_token()
            await self._refused("suvi-plan", self._coach, {"no-consent", "withdrawn"})
            consent, handle = await self._record_unconfirmed()
            await self._refused("suvi-plan", self._coach, {"unconfirmed"})
            await self._confirm(handle)
            await self._read("suvi-plan", self._coach, without={"health", "mental-health", "substance-use"})
            await self._refused("suvi-plan", self._kela, {"recipient-not-named"})
            await self._record(self._health_check, "suvi-feedback", self._coach)
            await self._read("suvi-feedback", self._coach)
            await self._refused("suvi-feedback", self._social, {"recipient-not-named"})
            await self._record(self._coach, "suvi-referral", self._job_coach)
            await self._read("suvi-referral", self._job_coach)
            await self._refused("suvi-referral", self._workshop, {"recipient-not-named"})
            await self._withdraw(consent)
            await self._hear_of_it(consent)
            await self._refused("suvi-plan", self._coach, {"withdrawn"})
        except Broken as broken:
            self._teller.say(f"    The story stops here: {broken}.")
        self._verify()

    def _introduce(self) -> None:
        say, services = self._teller.say, self._stage.world.directory.services
        say("Who is who:")
        say(f"  {'Suvi':16} {self._stage.world.clients[CLIENT].name}, the client whose documents these are")
        asking = (self._coach, self._kela, self._social, self._job_coach, self._workshop)
        for one in asking:
            say(f"  {one.service:16} {services[one.service].name.fi}: {one.role}, for {one.purpose}")
        holding = {sample.custodian for sample in SAMPLES if sample.client == CLIENT}
        for code in sorted(holding - {one.service for one in asking}):
            say(f"  {code:16} {services[code].name.fi}: holds documents of hers")

    async def _begin_anew(self) -> None:
        """Withdraw what stands from an earlier play: the story begins with nothing given."""
        recording, client = self._stage.gateway.recording, self._stage.clients[CLIENT]
        standing = [one for one in (await recording.for_client(client)).consents if one.state is ConsentState.GIVEN]
        for consent in standing:
            await recording.withdraw(consent.id, client=client)
        if standing:
            self._teller.say(
                f"{len(standing)} of Suvi's consents stood from an earlier play; she has withdrawn them on her own"
                " page, so that the story begins anew."
            )

    async def _get_token(self) -> None:
        asked = f"{_by(self._coach)} asks for an access token, with a request that its own key signs"
        try:
            await self._stage.system(self._coach).token(self._coach, "system/CarePlan.rs")
        except (TokenRefused, httpx.HTTPError) as error:
            self._teller.step(asked, f"none: {error}", "expected a token")
            raise Broken("without a token nobody may ask") from error
        bound = f"bound to {self._coach.role} and {self._coach.purpose}"
        self._teller.step(asked, f"200 a token for five minutes, {bound}")

    async def _refused(self, document: str, acting: Acting, reasons: Collection[str]) -> None:
        look = await self._stage.read(document, acting)
        reason = self._stage.last_reason()
        right = look.is_empty and reason in reasons and _says_demo(look.answer)
        nothing = "nothing found" if look.by_search else "not available"
        came = f"{look.answer.status_code} {nothing}, whatever the reason; the log alone says it: {reason}"
        wrong = f"expected {200 if look.by_search else 404} and {' or '.join(sorted(reasons))}"
        self._teller.step(f"{_by(acting)} {_asks(look)} {self._what(document)}", came, None if right else wrong)

    async def _read(self, document: str, acting: Acting, without: Collection[str] = ()) -> None:
        look = await self._stage.read(document, acting)
        answer, asked = look.answer, f"{_by(acting)} {_asks(look)} {self._what(document)}"
        if look.document is None:
            self._teller.step(asked, f"{answer.status_code}: {self._stage.last_reason()}", "expected the document")
            return
        directory, category = self._stage.world.directory, sample_named(document).category
        released = look.sections(directory.layouts[category])
        every = directory.categories[category].sections
        withheld = [section for section in every if section not in released]
        came = f"200 with {', '.join(section for section in every if section in released)}"
        came += f"; without {', '.join(withheld)}, not ticked" if withheld else ""
        came += f"; entry {answer.headers.get('saattaen-entry')} with its proof"
        right = set(withheld) == set(without) and "saattaen-proof" in answer.headers and _says_demo(answer)
        wrong = f"expected a proof and every section but {', '.join(sorted(without)) or 'none'}"
        self._teller.step(asked, came, None if right else wrong)

    async def _record_unconfirmed(self) -> tuple[str, str]:
        answer = await self._stage.record_consent(self._coach, "suvi-plan", self._coach)
        what = f"her plan to {self._coach.service} alone, nothing ticked"
        asked = f"{_by(self._coach)} records Suvi's consent with her: {what}"
        match content_of(answer):
            case {"consent": {"id": str(id_), "grants": [{"confirmed": False}]}, "confirmation": {"handle": str(hint)}}:
                self._teller.step(asked, "201 recorded, unconfirmed, for the recipient recorded it: Suvi gets a code")
                return id_, hint
            case _:
                self._teller.step(asked, str(answer.status_code), "expected an unconfirmed consent")
                raise Broken("there is no consent to go on with")

    async def _confirm(self, handle: str) -> None:
        asked = "Suvi confirms it with the code sent to her own phone (a file in the demo's outbox)"
        code = await self._stage.code_on_phone(CLIENT, handle)
        if code is None:
            self._teller.step(asked, "no code", "expected one")
            raise Broken("no code came to Suvi's phone")
        answer = await self._stage.web.post(f"{CONFIRMATIONS_PATH}/{handle}", json={"code": code})
        right = content_of(answer).get("status") == "confirmed"
        self._teller.step(asked, f"{answer.status_code}{' confirmed' * right}", None if right else "expected 200")

    async def _record(self, acting: Acting, document: str, recipient: Acting) -> None:
        answer = await self._stage.record_consent(acting, document, recipient)
        names = self._stage.world.directory.categories[sample_named(document).category].name
        asked = f"{_by(acting)} records Suvi's consent with her: her {names.en} to {recipient.service}"
        match content_of(answer):
            case {"consent": {"grants": [{"confirmed": True}]}}:
                self._teller.step(asked, "201 recorded, confirmed: the one who gives has heard her")
            case _:
                self._teller.step(asked, str(answer.status_code), "expected a confirmed consent")

    async def _withdraw(self, consent: str) -> None:
        acting, path = self._health_centre, f"{CONSENTS_PATH}/{consent}/withdraw"
        body = {"client": identifier_of(self._stage.world.clients[CLIENT])}
        answer = await self._stage.system(acting).ask(acting, CONSENTS, "POST", path, body=body)
        right = content_of(answer).get("state") == "withdrawn"
        asked = f"Suvi withdraws her consent to the plan, by telling {_TOLD}; no reason is asked"
        came = f"{answer.status_code}{' withdrawn at once' * right}"
        self._teller.step(asked, came, None if right else "expected 200")

    async def _hear_of_it(self, consent: str) -> None:
        kinds = await self._stage.messages_about(consent, self._coach)
        wrong = None if kinds[-1:] == ["consent.withdrawn"] else "expected consent.withdrawn as the last"
        self._teller.step(f"{_by(self._coach)} reads its messages about it", f"200 {', '.join(kinds)}", wrong)

    def _verify(self) -> None:
        found = verify_gateway(self._stage.gateway)
        asked = "The log is verified: hashes, signature, sealed sections; and each release rests on a yes that stood"
        *doubts, total = found.sentences()
        self._teller.step(asked, total, "; ".join(doubts[:3]) or "something is wrong" if has_doubts(found) else None)

    def _what(self, document: str) -> str:
        names = self._stage.world.directory.categories[sample_named(document).category].name
        return f"Suvi's {names.en} ({names.fi})"


def _by(acting: Acting) -> str:
    return f"{acting.service} ({acting.role})"


def _asks(look: Look) -> str:
    return "searches for" if look.by_search else "asks for"


def _says_demo(answer: httpx.Response) -> bool:
    return str(answer.headers.get("saattaen-demo")) == "true"
