"""Reading the wording files: every fault told at once, with file, line and key path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from gateway.consent.placeholders import placeholders
from gateway.consent.wording import CONSENT, NOTICES, RECEIPTS, Template, Wording, Wordings
from gateway.directory.model import LANGUAGES
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml
from gateway.errors import DirectoryError

WORDINGS = Path(__file__).with_name("wordings")
_TICKS = ("health", "mental-health", "substance-use")
_BUTTONS = ("give", "refuse", "help")
_STATUSES = ("draft", "in-use")
_IN_ROW = frozenset({"luovuttaja", "tieto", "vastaanottaja", "tarkoitus"})
_DATED = ("starts", "until_day", "until_time", "dated_from", "dated_until")
_IN_NOTICE = frozenset({"sana", "tieto", "vastaanottaja", "pvm", "yhteys"})


class BrokenWording(DirectoryError):
    """A wording file has faults; the start stops here. `faults` lists each with file, line and key path."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("the wordings have faults:\n" + "\n".join(faults))
        self.faults = faults


def load_wordings(folder: Path = WORDINGS) -> Wordings:
    """Return every wording in *folder*. Raises BrokenWording with the faults of all files."""
    found: list[str] = []
    versions: dict[tuple[str, int], Wording] = {}
    for path in sorted(folder.glob("*.yaml")):
        content, faults = read_yaml(path)
        if not faults.found:
            wording = _wording(Row(content, (), faults))
            if (wording.id, wording.version) in versions:
                faults.add(("version",), f"{wording.id} version {wording.version} is in another file already")
            if path.stem != f"{wording.id}-{wording.version}":
                faults.add(("id",), f"the file's name must be {wording.id}-{wording.version}.yaml")
            versions[wording.id, wording.version] = wording
            earlier = wording.supersedes
            if (earlier is None) != (wording.version == 1) or (earlier and (wording.id, earlier) not in versions):
                faults.add(("supersedes",), "must name an earlier version of the same text, and version 1 names none")
        found += faults.found
    if not found and not any(id == CONSENT for id, _ in versions):
        found.append(f"{folder.name}: there is no wording of {CONSENT!r}")
    if found:
        raise BrokenWording(tuple(found))
    return Wordings(MappingProxyType(versions))


def _wording(file: Row) -> Wording:
    id, version, status = file.text("id"), file.number("version"), file.text("status")
    if status not in _STATUSES:
        file.fault("status", f"one of {', '.join(_STATUSES)} is expected")
    supersedes = file.number("supersedes") if file.has("supersedes") else None
    key = "notices" if id == RECEIPTS else "texts"
    languages = file.row(key)
    templates: dict[str, Template] = {}
    for language in LANGUAGES:
        row = languages.row(language)
        templates[language] = _notices(language, row) if key == "notices" else _template(language, row)
    languages.done()
    file.done()
    return Wording(id, version, status, supersedes, MappingProxyType(templates))


def _template(language: str, row: Row) -> Template:
    inner, ticks, buttons = row.row("row"), row.row("ticks"), row.row("buttons")
    body = inner.texts("body")
    heading = _checked(inner, "heading", _IN_ROW)
    missing = _IN_ROW - frozenset[str]().union(placeholders(heading), *(placeholders(text) for text in body))
    if missing:
        inner.fault("body", f"must tell {', '.join(sorted(missing))}")
    for index, text in enumerate(body):
        if strange := placeholders(text) - _IN_ROW:
            says = f"placeholder {', '.join(sorted(strange))} is not known here"
            inner.faults.add((*inner.path, "body", index), says)
    general = row.texts("general")
    if frozenset[str]().union(*(placeholders(text) for text in general)) != {"yhteys"}:
        row.fault("general", "must tell yhteys and no other placeholder")
    row_texts = {key: _checked(inner, key, frozenset({"pvm"}), all_of=True) for key in _DATED}
    row_texts["once"] = _checked(inner, "once", frozenset())
    template = Template(
        language,
        _digest(row),
        title=_checked(row, "title", frozenset()),
        heading=heading,
        body=body,
        row_texts=MappingProxyType(row_texts),
        ticks=MappingProxyType({code: _checked(ticks, code, frozenset()) for code in _TICKS}),
        general=general,
        buttons=MappingProxyType({code: _checked(buttons, code, frozenset()) for code in _BUTTONS}),
    )
    for part in (inner, ticks, buttons, row):
        part.done()
    return template


def _notices(language: str, row: Row) -> Template:
    notices: Mapping[str, str] = MappingProxyType({kind: _checked(row, kind, _IN_NOTICE) for kind in NOTICES})
    row.done()
    return Template(language, _digest(row), notices=notices)


def _checked(row: Row, key: str, allowed: frozenset[str], *, all_of: bool = False) -> str:
    text = row.text(key)
    found = placeholders(text)
    if row.has(key) and (found - allowed or (all_of and found != allowed)):
        says = f"placeholders {', '.join(sorted(found)) or 'none'}; known here: {', '.join(sorted(allowed)) or 'none'}"
        row.fault(key, says)
    return text


def _digest(row: Row) -> str:
    # Sorted keys, no spaces, UTF-8: comments and layout of the file do not count, every letter that is shown does.
    text = json.dumps(row.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
