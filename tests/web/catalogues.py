"""The catalogues beside the texts: what templates and code say, by room, and `make catalogues`, which adds what is new.

A room's texts are those of its folder; what the rooms share is the room `shell`.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from gateway.web.language import FOLDER
from gateway.web.page import WEB

REGISTERS = ("fi", "fi_SIMPLE", "sv")
"""The folders of catalogues; English is what the texts themselves are in."""
ROOMS = ("portal", "review", "desk", "oversight", "sign_in")
_KEYWORDS = {"_": None, "gettext": None, "N_": None}
_HEADER = ("#", '"POT-', '"PO-', '"Last-', '"Language-Team', '"Report', '"Generated', '"Project')
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "extensions": "jinja2.ext.do", "silent": "false"}
"""As the pages' environment has it; a template that cannot be read is a fault and no empty one."""


def room_of(file: Path) -> str:
    """Return the room whose catalogue a file's texts are in."""
    first = file.relative_to(WEB).parts[0]
    return first if first in ROOMS else "shell"


def texts() -> dict[str, dict[str, str]]:
    """Return every text by room, with the file where it was seen first. No text has forms of a plural."""
    found: dict[str, dict[str, str]] = {"shell": {}} | {room: {} for room in ROOMS}
    for file in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py")]):
        method = "python" if file.suffix == ".py" else "jinja2.ext:babel_extract"
        with file.open("rb") as source:
            for _, message, *_ in extract(method, source, _KEYWORDS, options=_OPTIONS):
                if not isinstance(message, str):
                    raise TypeError(f"{file}: write a text without forms of a plural, as in `Permissions: 3`")
                found[room_of(file)].setdefault(message, file.relative_to(WEB).as_posix())
    return found


def catalogue(register: str, room: str) -> Catalog:
    """Return a catalogue as it stands; an empty one where there is none."""
    file = FOLDER / register / f"{room}.po"
    if not file.exists():
        return Catalog(locale="fi" if register == "fi_SIMPLE" else register)
    with file.open("rb") as source:
        return read_po(source, locale="fi" if register == "fi_SIMPLE" else register)


def update() -> None:
    """Add every new text to each catalogue, take out what nobody says any more."""
    for room, said in texts().items():
        for register in REGISTERS:
            there = catalogue(register, room)
            new = Catalog(locale=there.locale, charset="utf-8", fuzzy=False)
            for text in sorted(said):
                old = there.get(text)
                string = old.string if old is not None else ""
                if string or register != "fi_SIMPLE":
                    new.add(text, string)
            written = BytesIO()
            write_po(written, new, omit_header=False, width=0, sort_output=True, no_location=True)
            if said:
                # The header's dates and authors would change at each run and tell nothing.
                lines = [line for line in written.getvalue().decode().splitlines() if not line.startswith(_HEADER)]
                (FOLDER / register).mkdir(exist_ok=True)
                (FOLDER / register / f"{room}.po").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    update()
