"""Versioned consent texts: what exactly was shown, by hash. A text is superseded, never edited.

A wording has one template per language; `fi-x-selko` is Finnish in the register `easy`. A template's digest goes to
wordings.lock, that of the rendered text to the consent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from gateway.consent.model import GrantRow, Shown
from gateway.consent.placeholders import fill
from gateway.directory.instants import HELSINKI
from gateway.directory.model import Directory, LocalizedName

CONSENT, RECEIPTS = "consent", "receipts"
NOTICES = ("given", "refused", "withdrawn")
_SPRING = ("January", "February", "March", "April", "May", "June")
_AUTUMN = ("July", "August", "September", "October", "November", "December")
_MONTHS = (*_SPRING, *_AUTUMN)


@dataclass(frozen=True, slots=True)
class Template:
    """One language's text with its placeholders; `sha256` is over the canonical JSON of everything in it."""

    language: str
    sha256: str
    title: str = ""
    heading: str = ""
    body: tuple[str, ...] = ()
    row_texts: Mapping[str, str] = field(default_factory=dict)
    ticks: Mapping[str, str] = field(default_factory=dict)
    general: tuple[str, ...] = ()
    buttons: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of one text in its languages (LANGUAGES)."""

    id: str
    version: int
    status: str
    supersedes: int | None
    templates: Mapping[str, Template]

    def template(self, language: str, register: str) -> Template:
        """Return the template, the plain one where there is no easy text. Raises KeyError for an unknown language."""
        return self.templates["fi-x-selko" if (language, register) == ("fi", "easy") else language]


@dataclass(frozen=True, slots=True)
class RenderedRow:
    """What was shown of one grant; every tick is off until the client ticks it."""

    heading: str
    paragraphs: tuple[str, ...]
    ticks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The exact text as shown, in parts for the page and whole in `text`, over whose UTF-8 bytes `sha256` is."""

    wording: str
    version: int
    language: str
    register: str
    title: str
    rows: tuple[RenderedRow, ...]
    general: tuple[str, ...]
    buttons: Mapping[str, str]
    text: str
    sha256: str

    def shown(self) -> Shown:
        """Return what a consent keeps of it."""
        return Shown(self.wording, self.version, self.language, self.register, self.sha256)


@dataclass(frozen=True, slots=True)
class Wordings:
    """Every version of every text."""

    versions: Mapping[tuple[str, int], Wording]

    def get(self, id: str, version: int) -> Wording | None:
        """Return one version, superseded or not."""
        return self.versions.get((id, version))

    def current(self, id: str = CONSENT) -> Wording:
        """Return the newest version in use. Raises KeyError where there is none."""
        in_use = [w for w in self.versions.values() if w.id == id and w.status == "in-use"]
        if not in_use:
            raise KeyError(id)
        return max(in_use, key=lambda wording: wording.version)

    def has_changed(self, shown: Shown) -> bool:
        """Return whether a newer version than the one shown is in use: the page then says "the text has changed"."""
        return self.current(shown.wording).version > shown.version


def render(
    wording: Wording, language: str, register: str, rows: Sequence[GrantRow], *, at: datetime, directory: Directory
) -> Rendered:
    """Return the text that a client sees at the instant *at*, before choosing, for these rows.

    A row's start is told only where it lies after *at*, so a start "at once" gives the same text whenever it is given.
    The rows' codes must be known to the directory (giving checks that first); an unknown one is a KeyError.
    """
    template = wording.template(language, register)
    shown = tuple(_row(template, row, at, directory) for row in rows)
    contact = {"yhteys": _contacts([row.custodian for row in rows], directory, template.language)}
    general = tuple(fill(text, contact) for text in template.general)
    lines = [template.title]
    for row in shown:
        lines += ["", row.heading, *row.paragraphs, *(f"☐ {label}" for _, label in row.ticks)]
    lines += ["", *general, "", " ".join(f"[{label}]" for label in template.buttons.values())]
    text = "\n".join(lines) + "\n"
    return Rendered(
        wording.id,
        wording.version,
        "fi" if template.language == "fi-x-selko" else template.language,
        "easy" if template.language == "fi-x-selko" else "plain",
        template.title,
        shown,
        general,
        template.buttons,
        text,
        sha256(text.encode()).hexdigest(),
    )


def notice(
    wording: Wording,
    kind: str,
    language: str,
    register: str,
    row: GrantRow,
    *,
    basis: str,
    at: datetime,
    directory: Directory,
) -> str:
    """Return what the client's receipt says of one row: *kind* is one of NOTICES, *at* the instant of the act.

    The word for the basis is the law row's `told_as`; unknown codes are a KeyError.
    """
    template = wording.template(language, register)
    law = directory.law(basis, at)
    if law is None:
        raise KeyError(basis)
    values = {
        "sana": directory.names["told_as"][law.told_as].text(template.language),
        "tieto": directory.categories[row.category].name.text(template.language),
        "vastaanottaja": directory.services[row.recipient].name.text(template.language),
        "pvm": _instant(at, template.language),
        "yhteys": _contacts([row.custodian], directory, template.language),
    }
    return fill(template.notices[kind], values)


def _row(template: Template, row: GrantRow, at: datetime, directory: Directory) -> RenderedRow:
    language = template.language
    category = directory.categories[row.category]
    values = {
        "luovuttaja": _service(row.custodian, directory).text(language),
        "vastaanottaja": _service(row.recipient, directory).text(language),
        "tieto": category.name.text(language),
        "tarkoitus": directory.names["purpose"][row.purpose].text(language),
    }
    texts = [fill(text, values) for text in template.body]

    def dated(key: str, day: datetime, *, last_day: bool = False) -> None:
        texts.append(fill(template.row_texts[key], {"pvm": _instant(day, language, last_day=last_day)}))

    if row.valid_from > at:
        dated("starts", row.valid_from)
    midnight = _is_midnight(row.until)
    dated("until_day" if midnight else "until_time", row.until, last_day=midnight)
    if row.dated_from is not None:
        dated("dated_from", row.dated_from)
    if row.dated_until is not None:
        dated("dated_until", row.dated_until)
    if row.once or category.single_use:
        texts.append(template.row_texts["once"])
    ticks = tuple((code, label) for code, label in template.ticks.items())
    return RenderedRow(fill(template.heading, values), tuple(texts), ticks)


def _service(code: str, directory: Directory) -> LocalizedName:
    return directory.services[code].name


def _contacts(custodians: Sequence[str], directory: Directory, language: str) -> str:
    told: dict[str, None] = {}
    for custodian in custodians:
        organisation = directory.organisations[directory.services[custodian].organisation]
        phone = "" if organisation.contact is None else f" {organisation.contact.phone}"
        told[organisation.name.text(language) + phone] = None
    return ", ".join(told)


def _is_midnight(at: datetime) -> bool:
    local = at.astimezone(HELSINKI)
    return (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)


def _instant(at: datetime, language: str, *, last_day: bool = False) -> str:
    """Return a day, with the time where it is not midnight; with *last_day* the last full day before midnight *at*."""
    local = at.astimezone(HELSINKI)
    if last_day:
        local = (local.replace(tzinfo=None) - timedelta(days=1)).replace(tzinfo=HELSINKI)
    english = language == "en"
    day = f"{local.day}.{local.month}.{local.year}"
    if english:
        day = f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    if last_day or _is_midnight(at):
        return day
    join = {"en": " at ", "sv": " kl. "}.get(language, " klo ")
    return f"{day}{join}{local.hour}{':' if english else '.'}{local.minute:02}"
