"""The five kinds of readers that every page is looked at with."""

from __future__ import annotations

from collections.abc import Sequence

from tests.web.crawl import pages_of
from tests.web.live import Live
from tests.web.people import People, Visitor

READERS = ("stranger", "client", "representative", "professional", "officer")
HOMES = {
    "stranger": "/", "client": "/portal", "representative": "/portal", "professional": "/desk", "officer": "/oversight",
}  # fmt: skip


async def visit(people: People, who: str, language: str) -> tuple[Visitor, Sequence[str]]:
    """Return somebody's browser, and where they begin: at home, and at what only a form leads to."""
    starts = [HOMES[who], *people.places.get(who, ())]
    match who:
        case "client":
            return await people.client("suvi", language), starts
        case "representative":
            return await people.client("maija", language, acting_for="nuori"), starts
        case "professional":
            doctor = await people.professional("sote-keskus", "laakari", language)
            await doctor.post("/desk/work", {"work": "sote-keskus.laakari.care"})
            return doctor, starts
        case "officer":
            officer = await people.officer("hyvinvointialue", language)
            asked = await officer.post("/oversight/search", {"reason": "pistokoe"})
            return officer, [*starts, asked.headers["location"]]
        case _:
            return await people.visitor(language=language), starts


def reader(site: Live, who: str, language: str) -> tuple[Visitor, Sequence[str]]:
    """Return the same of a gateway on a port."""
    return site.run(visit(site.people, who, language))


def crawled(site: Live, visitor: Visitor, starts: Sequence[str]) -> dict[str, str]:
    """Return one page of each kind, by its address."""

    async def crawl() -> dict[str, str]:
        return {
            address: answer.text
            async for address, answer in pages_of(site.people.app, visitor, starts)
            if answer.headers.get("content-type", "").startswith("text/html")
        }

    return site.run(crawl())
