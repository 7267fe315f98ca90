"""The four kinds of readers that every page is looked at with."""

from __future__ import annotations

from tests.web.crawl import pages_of
from tests.web.live import Live
from tests.web.people import Visitor

READERS = ("stranger", "client", "professional", "officer")


def reader(site: Live, who: str, language: str) -> tuple[Visitor, str]:
    """Return somebody's browser and where they begin."""
    people = site.people
    match who:
        case "client":
            return site.run(people.client("suvi", language)), "/portal"
        case "professional":
            return site.run(people.professional("sote-keskus", "laakari", language)), "/desk"
        case "officer":
            return site.run(people.officer("hyvinvointialue", language)), "/oversight"
        case _:
            return site.run(people.visitor(language=language)), "/"


def crawled(site: Live, visitor: Visitor, start: str) -> dict[str, str]:
    """Return one page of each kind, by its address."""

    async def crawl() -> dict[str, str]:
        return {address: answer.text async for address, answer in pages_of(site.people.app, visitor, start)}

    return site.run(crawl())
