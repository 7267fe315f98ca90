"""Wordings over the wire: the texts to show before a client chooses, and the hash of exactly what was shown."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from gateway.consent.wording import Rendered, Template, Wording
from gateway.http.schemas.base import Code, Incoming, Outgoing
from gateway.http.schemas.consent import MAX_ROWS, GrantBody, Language, Register


class RenderBody(Incoming):
    """Which text, for which rows."""

    wording: Code
    version: int | None = Field(default=None, ge=1, le=9999, description="Without it, the version in use.")
    language: Language
    register_: Register = Field(default="plain", alias="register")
    grants: list[GrantBody] = Field(min_length=1, max_length=MAX_ROWS)


class RenderedRowAnswer(Outgoing):
    """What to show of one grant; every tick is off until the client ticks it."""

    heading: str
    paragraphs: list[str]
    ticks: dict[str, str]


class RenderedAnswer(Outgoing):
    """The exact text: in parts for a page, and whole in `text`, over whose UTF-8 bytes `sha256` is."""

    wording: str
    version: int
    language: str
    register_: str = Field(alias="register")
    title: str
    rows: list[RenderedRowAnswer]
    general: list[str]
    buttons: dict[str, str]
    text: str
    sha256: str

    @classmethod
    def from_domain(cls, rendered: Rendered) -> Self:
        """Return the rendered text."""
        rows = [
            RenderedRowAnswer(heading=row.heading, paragraphs=list(row.paragraphs), ticks=dict(row.ticks))
            for row in rendered.rows
        ]
        return cls(
            wording=rendered.wording, version=rendered.version, language=rendered.language, register=rendered.register,
            title=rendered.title, rows=rows, general=list(rendered.general), buttons=dict(rendered.buttons),
            text=rendered.text, sha256=rendered.sha256,
        )  # fmt: skip


class WordingAnswer(Outgoing):
    """One version of one text: a newer one supersedes it, nobody edits it."""

    id: str
    version: int
    status: str
    supersedes: int | None
    languages: list[str] = Field(description="`fi-x-selko` is easy Finnish: language `fi`, register `easy`.")

    @classmethod
    def from_domain(cls, wording: Wording) -> Self:
        """Return the version without its texts."""
        return cls(
            id=wording.id, version=wording.version, status=wording.status, supersedes=wording.supersedes,
            languages=sorted(wording.templates),
        )  # fmt: skip


class WordingsAnswer(Outgoing):
    """Every version of every text."""

    wordings: list[WordingAnswer]


class TemplateAnswer(Outgoing):
    """One version in one language, `{placeholders}` not filled; `sha256` is of the template, not of a shown text."""

    id: str
    version: int
    status: str
    language: str
    title: str
    heading: str
    body: list[str]
    ticks: dict[str, str]
    general: list[str]
    buttons: dict[str, str]
    sha256: str

    @classmethod
    def from_domain(cls, wording: Wording, template: Template) -> Self:
        """Return the template's texts."""
        return cls(
            id=wording.id, version=wording.version, status=wording.status, language=template.language,
            title=template.title, heading=template.heading, body=list(template.body), ticks=dict(template.ticks),
            general=list(template.general), buttons=dict(template.buttons), sha256=template.sha256,
        )  # fmt: skip
