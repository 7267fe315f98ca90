"""Every text of the pages exists in every register, with the same places to fill in."""

from __future__ import annotations

import re

import pytest

from gateway.web.language import translations
from tests.web.catalogues import REGISTERS, catalogue, texts

_PLACE = re.compile(r"%\((\w+)\)[sd]|%(?!\()")


def test_every_text_is_said_in_finnish_and_swedish() -> None:
    missing = [
        (register, room, text)
        for room, said in texts().items()
        for register in ("fi", "sv")
        for text in said
        if (entry := catalogue(register, room).get(text)) is None or not entry.string
    ]
    assert not missing, missing


@pytest.mark.parametrize("register", REGISTERS)
def test_a_translation_fills_in_what_its_text_does_and_nothing_is_left_over(register: str) -> None:
    for room, said in texts().items():
        for entry in catalogue(register, room):
            if not entry.id or not entry.string:
                continue
            assert entry.id in said, f"{room}: nobody says {entry.id!r}; run make catalogues"
            assert set(_PLACE.findall(str(entry.string))) == set(_PLACE.findall(str(entry.id))), (room, entry.id)


def test_easy_finnish_falls_back_to_finnish_and_finnish_to_nothing() -> None:
    assert translations("fi-x-selko").gettext("Accessibility") != "Accessibility"
    assert translations("en").gettext("Accessibility") == "Accessibility"


@pytest.mark.parametrize("register", REGISTERS)
def test_a_text_is_said_alike_in_every_room(register: str) -> None:
    # All catalogues are one to the reader: whichever is looked into first says it for all.
    said: dict[str, dict[str, str]] = {}
    for room in texts():
        for entry in catalogue(register, room):
            if entry.id and entry.string:
                said.setdefault(str(entry.id), {})[room] = str(entry.string)
    apart = {text: rooms for text, rooms in said.items() if len(set(rooms.values())) > 1}
    assert not apart, apart
