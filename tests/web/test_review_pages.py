"""The client's pages of looking, on the composed gateway."""

from __future__ import annotations

import pytest

from gateway.directory.names import LANGUAGES
from gateway.disclosure.release import Released
from tests.laws.gateway_world import PLAN
from tests.web.people import People, words

PAGES = (
    "/portal/matrix", "/portal/matrix?everyone=1", "/portal/matrix?on=2026-11-21",
    f"/portal/matrix/kuntakokeilu/{PLAN}", f"/portal/matrix/kela/{PLAN}", "/portal/recipients/kuntakokeilu",
    f"/portal/preview?recipient=kuntakokeilu&category={PLAN}", "/portal/timeline", "/portal/log", "/portal/concerns",
    "/portal/documents", "/portal/walk", "/portal/walk/done", "/portal/print",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_opens_in_every_register(people: People, language: str) -> None:
    laws = people.laws
    document = await laws.deposit()
    await laws.give()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    visitor = await people.client("suvi", language)
    for path in PAGES:
        answer = await visitor.get(path)
        assert answer.status_code == 200, (path, words(answer)[:300])
        assert answer.text.count("<h1") == 1
        assert " style=" not in answer.text and "<script" not in answer.text
