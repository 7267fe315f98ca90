"""Rendering a page: template, language, size of text, and the headers that every page has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from hashlib import sha256
from pathlib import Path
from typing import Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.directory.instants import HELSINKI, from_micros, last_day, parse_instant
from gateway.directory.model import Directory
from gateway.directory.names import LANGUAGES
from gateway.web.addresses import way_back
from gateway.web.breaking import broken_well
from gateway.web.language import NAMES, html_language, language_of, locale_of, text_direction, translations
from gateway.web.numbers import number_of
from gateway.web.on_behalf import FOR_ANOTHER
from gateway.web.session import Session

WEB: Final = Path(__file__).parent
SIZE_COOKIE: Final = "saattaen-text-size"
SIZES: Final = ("normal", "large", "largest")
_AT_WORK: Final = ("desk", "oversight")
_DAY, _INSTANT = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    # Other hosts are told nothing. Ours are: under `no-referrer` a browser says of a form only `Origin: null`.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "vary": "Cookie, Accept-Language",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What the layout knows of the request: in every template as `page`."""

    language: str
    text_size: str
    path: str
    session: Session | None = field(repr=False)
    demo: bool
    room: str
    """The first part of the address: portal, desk, oversight, sign-in; empty on the front page."""

    @property
    def html_language(self) -> str:
        """The value of `lang`."""
        return html_language(self.language)

    @property
    def direction(self) -> str:
        """The value of `dir`."""
        return text_direction(self.language)

    @property
    def csrf(self) -> str:
        """The value that every form carries; empty without a session."""
        return "" if self.session is None else self.session.csrf

    @property
    def back(self) -> str:
        """Where a choice of language or size leads back to."""
        return way_back(self.path)

    @property
    def for_another(self) -> str:
        """The name of the client whose pages a representative reads; empty on every other page."""
        other = None if self.session is None else self.session.signed_in.acting_for
        return "" if other is None or self.room != "portal" else other.name

    @property
    def is_easy(self) -> bool:
        """Whether this is easy Finnish."""
        return self.language == "fi-x-selko"


class Pages:
    """Renders the templates of all rooms in one installation."""

    def __init__(self, directory: Directory, *, demo: bool) -> None:
        self.directory, self._demo = directory, demo
        self._environments = {language: _environment(language, directory) for language in LANGUAGES}

    def page(self, request: Request, session: Session | None = None) -> Page:
        """Return what the layout knows of *request*."""
        size, path = request.cookies.get(SIZE_COOKIE), request.scope["path"]
        return Page(
            language=language_of(request), text_size=size if size in SIZES else SIZES[0], path=path, session=session,
            demo=self._demo, room=path.split("/")[1],
        )  # fmt: skip

    def render(
        self, request: Request, template: str, session: Session | None = None, *, status: int = 200, **values: object
    ) -> Response:
        """Return the page that *template* (`portal/start.html`) makes of *values*."""
        text = self.text(self.page(request, session), template, **values)
        return Response(text, status, headers=HEADERS, media_type="text/html; charset=utf-8")

    def text(self, page: Page, template: str, **values: object) -> str:
        """Return the text of the page alone."""
        made = self._environments[page.language].get_template(template).render(page=page, **values)
        return broken_well(made, page.language)

    def filters(self, language: str) -> Mapping[str, object]:
        """Return how dates, numbers and codes are said in one of LANGUAGES, by the names of the templates' filters."""
        return self._environments[language].filters

    def gettext(self, request: Request, text: str, **values: object) -> str:
        """Return a text of code (`N_`) in the request's language, its `%(name)s` filled in."""
        told = translations(language_of(request)).gettext(text)
        return told % values if values else told


def see_other(address: str) -> Response:
    """Return the answer to a form that was done: the browser reads *address* next, and does not send it again."""
    return RedirectResponse(address, 303, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"})


def _environment(language: str, directory: Directory) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(WEB), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"], auto_reload=False,
    )  # fmt: skip
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        _said_to_reader(translations(language)), translations(language).ngettext, newstyle=True
    )
    environment.filters.update(_Said(language, directory).filters())
    environment.globals.update(languages=NAMES, sizes=SIZES, static=static_address)
    return environment


def _said_to_reader(catalogue: NullTranslations) -> Callable[[Context, str], str]:
    """Return how a text of a template is said: as FOR_ANOTHER has it where a representative reads."""

    @pass_context
    def gettext(context: Context, text: str) -> str:
        return catalogue.gettext(FOR_ANOTHER.get(text, text) if _reads_for_another(context) else text)

    return gettext


@cache
def static_address(name: str) -> str:
    """Return the address of a file of `static/`, which changes with its content: browsers may keep it for a year."""
    return f"/static/{sha256((WEB / 'static' / name).read_bytes()).hexdigest()[:12]}/{name}"


def begun(text: str) -> str:
    """Return a text as it begins a line: its first letter a capital one, and names in it left as they are."""
    return text[:1].upper() + text[1:]


class _Said:
    """How dates, numbers and codes are said in one register."""

    def __init__(self, language: str, directory: Directory) -> None:
        self._language, self._directory, self._locale = language, directory, locale_of(language)

    def filters(self) -> Mapping[str, object]:
        """Return the filters of the templates."""
        named = {
            group: self._named(group) for group in ("role", "section", "sensitivity", "capture", "basis", "told_as")
        }
        return {
            "day": self.day, "instant": self.instant, "last_day": self.last_day, "end": self.end,
            "written": self.written, "number_of": number_of, "number": self.number, "service": self.service,
            "organisation": self.organisation, "category": self.category, "purpose": self._purpose(), "task": self.task,
            "begun": begun, **named,
        }  # fmt: skip

    def day(self, at: date | datetime | int) -> str:
        """Say a day, as in 5.3.2027; *at* is a date, an instant, or microseconds since the epoch."""
        return format_date(_in_helsinki(at), "d MMMM y" if self._language == "en" else "d.M.y", self._locale)

    def instant(self, at: datetime | int) -> str:
        """Say a day and a time of the clock in Helsinki; no line breaks between `klo` and its time."""
        clock = {
            "fi": "'klo'\u00a0H.mm",
            "fi-x-selko": "'kello'\u00a0H.mm",
            "sv": "'kl.'\u00a0H.mm",
            "en": "'at'\u00a0H:mm",
        }
        written = ("d MMMM y " if self._language == "en" else "d.M.y ") + clock[self._language]
        return format_datetime(_in_helsinki(at), written, locale=self._locale)

    def last_day(self, until: datetime | int) -> str:
        """Say the last day of a period whose end is exclusive: the one before where it ends at midnight."""
        end = from_micros(until) if isinstance(until, int) else until
        return self.day(end - timedelta(microseconds=1))

    def end(self, until: datetime | int) -> str:
        """Say the last day of a period that ends at midnight in Helsinki, and the instant of any other end."""
        day = last_day(from_micros(until) if isinstance(until, int) else until)
        return self.instant(until) if day is None else self.day(day)

    def written(self, line: str) -> str:
        """Say a line of a document: a line that is a day or an instant and no more as one, any other as it stands."""
        try:
            if _DAY.fullmatch(line):
                return self.day(date.fromisoformat(line))
            return self.instant(parse_instant(line)) if _INSTANT.match(line) else line
        except ValueError:
            return line

    def number(self, value: int | float) -> str:
        """Say a number."""
        return format_decimal(value, locale=self._locale)

    def service(self, code: str) -> str:
        """Say the name of a service, or of a register that records relations."""
        row = self._directory.service(code) or self._directory.registers.get(code)
        return code if row is None else row.name.text(self._language)

    def organisation(self, code: str) -> str:
        """Say the name of an organisation."""
        row = self._directory.organisation(code)
        return code if row is None else row.name.text(self._language)

    def category(self, code: str) -> str:
        """Say the name of a category of documents."""
        row = self._directory.category(code)
        return code if row is None else row.name.text(self._language)

    def task(self, code: str) -> str:
        """Say a purpose to who is not the client: its name for staff, or the client's where it has none."""
        row = self._directory.task(code)
        return code if row is None else row.text(self._language)

    def _purpose(self) -> object:
        """Return the filter of purposes: the client's names for the client, staff's for whoever is not the client."""
        clients = self._named("purpose")

        @pass_context
        def purpose(context: Context, code: str) -> str:
            return self.task(code) if _reads_for_another(context) else clients(context, code)

        return purpose

    def _named(self, group: str) -> Callable[[Context, str], str]:
        @pass_context
        def name(context: Context, code: str) -> str:
            row = self._directory.name(group, code)
            return code if row is None else row.text(self._register(context))

        return name

    def _register(self, context: Context) -> str:
        """Return the register of a name on a page: easy names say *you* to the client, and nobody else is meant."""
        page = context.get("page")
        at_work = isinstance(page, Page) and page.room in _AT_WORK
        others = at_work or _reads_for_another(context)
        return LANGUAGES[0] if others and self._language == LANGUAGES[1] else self._language


def _reads_for_another(context: Context) -> bool:
    page = context.get("page")
    return isinstance(page, Page) and bool(page.for_another)


def _in_helsinki(at: date | datetime | int) -> date:
    if isinstance(at, int):
        at = from_micros(at)
    return at.astimezone(HELSINKI) if isinstance(at, datetime) else at
