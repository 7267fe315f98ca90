"""What pages say to who acts for another: whose affairs they tell of, in every register."""

from __future__ import annotations

import re
from html import unescape

import pytest

from gateway.consent.model import Capture, CaptureMethod, Giver, GiverKind, Shown
from gateway.directory.names import LANGUAGES
from gateway.web.language import translations
from gateway.web.on_behalf import FOR_ANOTHER
from tests.web.catalogues import texts
from tests.web.crawl import pages_of
from tests.web.people import People, Visitor, words
from tests.web.portal_steps import request_of

_PLACE = re.compile(r"%\(\w+\)s")
_CLIENTS_OWN = re.compile(r"\b(?:my|mine|yours?)\b", re.IGNORECASE)
_PASSED_BY = ("use your browser's own print command",)
"""What is the representative's own."""


async def guardian(people: People, language: str = "en") -> Visitor:
    """Return the browser of Maija, who acts for the young client."""
    people.laws.gateway.mandates.add(await people.client_id("nuori"), GiverKind.GUARDIAN, "register:1")
    return await people.client("maija", language, acting_for="nuori")


async def give_for_another(people: People) -> None:
    """Let the guardian give a permission for the young client."""
    laws, child = people.laws, await people.client_id("nuori")
    laws.gateway.mandates.add(child, GiverKind.GUARDIAN, "register:1")
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    await laws.gateway.recording.give(
        child, (laws.row(),), Capture(CaptureMethod.SELF_SERVICE), shown,
        giver=Giver(GiverKind.GUARDIAN, register_reference="register:1"),
    )  # fmt: skip


def test_every_text_that_is_said_otherwise_is_said_to_clients_and_fills_in_the_same() -> None:
    said = {text for room in ("portal", "review", "shell") for text in texts()[room]}
    assert not set(FOR_ANOTHER) - said
    for text, other in FOR_ANOTHER.items():
        assert set(_PLACE.findall(text)) == set(_PLACE.findall(other)), text


async def test_no_page_calls_the_clients_affairs_the_representatives(people: People) -> None:
    await people.laws.deposit("nuori")
    await people.laws.relate("nuori")
    await request_of(people, "nuori", "kela", purpose="rehabilitation-decision")
    await give_for_another(people)
    visitor, found = await guardian(people), dict[str, list[str]]()
    async for address, answer in pages_of(people.app, visitor, ["/portal", "/portal/settings", "/portal/withdraw-all"]):
        if not address.startswith("/portal") or not answer.headers["content-type"].startswith("text/html"):
            continue
        # The sentences of the log and the texts of consent speak to the client; a line above them says who that is.
        whole = re.sub(r'<div class="reading".*?</div>|<ul class="log">.*?</ul>', "", answer.text, flags=re.DOTALL)
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", whole.split("<main")[1].split("</main>")[0]))
        for own in _PASSED_BY:
            text = text.replace(own, "")
        found[address] = [text[max(0, one.start() - 40) : one.end() + 40] for one in _CLIENTS_OWN.finditer(text)]
    assert len(found) > 15, sorted(found)
    assert not any(found.values()), {address: where for address, where in found.items() if where}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "Who may see my information"), ("/settings", "Who acts for you"), ("/documents", "My documents"),
        ("/matrix", "Who can see my information"), ("/log", "Who has looked at my information"),
        ("/prohibitions", "Forbidden by you"), ("/walk", "Go through my permissions"),
    ],
)  # fmt: skip
async def test_headings_say_whose_they_are_in_every_register(
    people: People, language: str, path: str, text: str
) -> None:
    say = translations(language).gettext
    theirs, own = await (await guardian(people, language)).get(f"/portal{path}"), await people.client("suvi", language)
    assert say(FOR_ANOTHER[text]) in words(theirs) and say(text) not in words(theirs)
    assert say(text) in words(await own.get(f"/portal{path}"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_log_says_whom_it_speaks_to_where_another_reads(people: People, language: str) -> None:
    await give_for_another(people)
    visitor = await guardian(people, language)
    line = translations(language).gettext('In the sentences below, "you" means this person: %(name)s.')
    name = people.laws.world.clients["nuori"].name
    assert line % {"name": name} in words(await visitor.get("/portal/log"))
    assert line.split("%")[0] not in words(await (await people.client("nuori", language)).get("/portal/log"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_documents_are_promised_only_where_there_are_some(people: People, language: str) -> None:
    lead = "These documents are about you. You can read them here."
    say = translations(language).gettext
    client, other = await people.client("nuori", language), await guardian(people, language)
    for visitor in (client, other):
        page = words(await visitor.get("/portal/documents"))
        assert say(lead) not in page and say(FOR_ANOTHER[lead]) not in page
        assert say("There are no documents to show.") in page
    await people.laws.deposit("nuori")
    assert say(lead) in words(await client.get("/portal/documents"))
    assert say(FOR_ANOTHER[lead]) in words(await other.get("/portal/documents"))


@pytest.mark.parametrize(("language", "purpose"), [("en", "supporting the client into work"),
                                                   ("fi-x-selko", "Asiakasta autetaan löytämään töitä")])  # fmt: skip
async def test_purposes_of_another_have_the_names_that_do_not_speak_to_the_reader(
    people: People, language: str, purpose: str
) -> None:
    await give_for_another(people)
    visitor = await guardian(people, language)
    consent = (await people.laws.gateway.recording.for_client(await people.client_id("nuori"))).consents[0]
    assert purpose in words(await visitor.get(f"/portal/consents/{consent.id}"))
    own = await people.client("nuori", language)
    assert purpose not in words(await own.get(f"/portal/consents/{consent.id}"))


async def test_text_of_consent_is_said_to_speak_to_the_person_whom_it_is_about(people: People) -> None:
    visitor = await guardian(people)
    chosen = {"row": "sote-keskus:work-ability-plan", "until": "6"}
    page = await visitor.get("/portal/give/kuntakokeilu")
    key = re.search(r'name="row" value="([^"]+)"', page.text)
    assert key is not None
    check = words(await visitor.post("/portal/give/kuntakokeilu", chosen | {"row": key[1]}))
    assert "This text speaks to the person for whom you decide: Nuori Esimerkki." in check
    own = await people.client("nuori")
    assert "for whom you decide" not in words(await own.post("/portal/give/kuntakokeilu", chosen | {"row": key[1]}))


@pytest.mark.parametrize(
    ("language", "because", "none"),
    [
        ("fi", "hänen lupansa", "Suostumusta ei ole annettu."), ("fi-x-selko", "hänen lupansa", "Lupaa ei ole."),
        ("sv", "personens tillstånd", "Inget samtycke har getts."),
        ("en", "this person's permission", "No consent has been given."),
    ],
)  # fmt: skip
async def test_reasons_tell_who_acts_for_another_of_the_other_and_the_client_of_themselves(
    people: People, language: str, because: str, none: str
) -> None:
    await people.laws.deposit("nuori")
    await give_for_another(people)
    other, client = await guardian(people, language), await people.client("nuori", language)
    seen, unseen = "/portal/matrix/kuntakokeilu/work-ability-plan", "/portal/matrix/kela/work-ability-plan"
    for path, told in ((seen, because), (unseen, none)):
        first = [re.search("<dd>([^<]*)</dd>", (await one.get(path)).text) for one in (other, client)]
        assert [unescape(one[1]) == told for one in first if one] == [True, False]
    line = translations(language).gettext('In the sentences below, "you" means this person: %(name)s.').split("%")[0]
    assert line not in words(await other.get(seen))
