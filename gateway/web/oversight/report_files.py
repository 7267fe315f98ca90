"""The files of a client's report: a tagged PDF, CSV that spreadsheets read rightly and take for no formulas, JSON."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

import orjson
from babel.dates import format_datetime

from gateway.directory.instants import HELSINKI, from_micros
from gateway.directory.model import Directory
from gateway.disclosure.client_report import Line, Package
from gateway.disclosure.client_reporting import Report, ReportFile
from gateway.disclosure.log_output import harmless
from gateway.disclosure.phrases import Phrases
from gateway.web.language import N_, html_language, locale_of, translations
from gateway.web.page import Page, Pages

_STYLE: Final = Path(__file__).with_name("report.css")
_WHEN: Final = N_("When")
_COLUMNS: Final = {
    Package.ACCESS: (_WHEN, N_("What happened"), N_("Purpose"), N_("Category"), N_("Recipient"), N_("Custodian")),
    Package.USE: (_WHEN, N_("What happened"), N_("Who"), N_("To whom"), N_("Category"), N_("Purpose"), N_("Basis")),
}
TITLES: Final = {
    Package.ACCESS: N_("Use and disclosure of your information (GDPR, article 15)"),
    Package.USE: N_("Who has used or received your information (Act 703/2023, section 11)"),
}
"""What a report is called to its client, whose it is."""
OFFICERS_TITLES: Final = {
    Package.ACCESS: N_("Use and disclosure of the client's information (GDPR, article 15)"),
    Package.USE: N_("Who has used or received the client's information (Act 703/2023, section 11)"),
}
"""What the same report is called to the officer who makes it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report in words: what each file shows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class ReportFiles:
    """Makes the files of a report in its client's language."""

    def __init__(self, pages: Pages, phrases: Phrases, *, demo: bool) -> None:
        self._pages, self._phrases, self._demo = pages, phrases, demo

    async def render(self, report: Report) -> tuple[ReportFile, ...]:
        """Return the files. The PDF is made in a thread, and loads nothing."""
        sheet = self.sheet(report)
        page = Page(report.language, "normal", "/oversight/clients", None, self._demo, "oversight")
        html = self._pages.text(page, "oversight/report_document.html", sheet=sheet, report=report)
        pdf = await asyncio.to_thread(_to_pdf, html)
        return (
            ReportFile("report.pdf", pdf),
            ReportFile("report.csv", _to_csv(sheet)),
            ReportFile("report.json", _to_json(report, sheet)),
        )

    def sheet(self, report: Report) -> Sheet:
        """Return the report in words."""
        say = translations(report.language).gettext
        rows = [_row(line, report, self._pages.directory, self._phrases, say) for line in report.lines]
        return Sheet(say(TITLES[report.package]), [say(one) for one in _COLUMNS[report.package]], rows)


def _row(
    line: Line, report: Report, directory: Directory, phrases: Phrases, say: Callable[[str], str]
) -> Sequence[str]:
    language = report.language

    def named(group: str, codes: Sequence[str]) -> str:
        rows = [directory.name(group, code) for code in codes]
        return ", ".join(code if row is None else row.text(language) for code, row in zip(codes, rows, strict=True))

    def services(codes: Sequence[str]) -> str:
        found = [directory.service(code) for code in codes]
        return ", ".join(
            code if row is None else row.name.text(language) for code, row in zip(codes, found, strict=True)
        )

    categories = [directory.category(code) for code in line.categories]
    what = ", ".join(
        code if row is None else row.name.text(language) for code, row in zip(line.categories, categories, strict=True)
    )
    at = from_micros(line.t).astimezone(HELSINKI)
    when = format_datetime(at, "d.M.y H.mm", locale=locale_of(language))
    happened, purpose = phrases.kind(line.kind, language), named("purpose", line.purposes)
    if report.package is Package.ACCESS:
        return (when, happened, purpose, what, services(line.recipients), services(line.custodians))
    person = f"{line.name} ({line.person})" if line.name and line.person else line.name or line.person
    who = ", ".join(one for one in (person, named("role", (line.role,) if line.role else ())) if one)
    basis = ", ".join(phrases.basis(code, language) for code in line.bases)
    return (when, happened, who or "-", services(line.recipients), what, purpose, basis)


def _to_csv(sheet: Sheet) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(sheet.columns)
    writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    # Without a mark of its own, Excel reads a file as of the machine's old code page: ä and ö as something else.
    return written.getvalue().encode("utf-8-sig")


def _to_json(report: Report, sheet: Sheet) -> bytes:
    content = {
        "report": report.id, "package": str(report.package), "title": sheet.title,
        "language": html_language(report.language), "complete": report.complete, "withheld": report.withheld,
        "lines": [
            {
                "log": line.origin, "index": line.index, "t": line.t, "kind": line.kind, "recipients": line.recipients,
                "custodians": line.custodians, "categories": line.categories, "purposes": line.purposes,
                **({"bases": line.bases, "role": line.role, "person": line.person, "name": line.name}
                   if report.package is Package.USE else {}),
                "told": dict(zip(sheet.columns, row, strict=True)),
            }
            for line, row in zip(report.lines, sheet.rows, strict=True)
        ],
    }  # fmt: skip
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def _to_pdf(html: str) -> bytes:
    # WeasyPrint is imported when the first report is made: it loads its libraries for a second.
    from weasyprint import CSS, HTML

    style = CSS(string=_style(), url_fetcher=_refuse)
    document = HTML(string=html, url_fetcher=_refuse)
    return bytes(document.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1"))


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")


def _refuse(url: str) -> NoReturn:
    raise ValueError("a report loads nothing")
