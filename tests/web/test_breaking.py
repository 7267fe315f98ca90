"""Where lines of pages may break: at the seams of long Swedish words, never within a number of a consent."""

from __future__ import annotations

import pytest

from gateway.directory.names import LANGUAGES
from gateway.web.breaking import HARD, SOFT, broken_well
from tests.web.people import People, words


@pytest.mark.parametrize(
    ("word", "broken"),
    [
        ("sysselsättningstjänster", "sysselsättnings-tjänster"),
        ("Arbetspensionsrehabilitering", "Arbetspensions-rehabilitering"),
        ("arbetsförmågepoäng", "arbetsförmåge-poäng"),
        ("hälsoundersökningen", "hälso-undersökningen"),
        ("missbrukartjänster", "missbrukar-tjänster"),
        ("arbetstagare", "arbetstagare"),
        ("välfärdsområde", "välfärdsområde"),
    ],
)
def test_a_long_swedish_compound_may_break_at_its_seam_and_a_short_one_nowhere(word: str, broken: str) -> None:
    assert broken_well(f"<p>{word}, {word}</p>", "sv") == f"<p>{broken}, {broken}</p>".replace("-", SOFT)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"sv"}))
def test_another_language_has_no_swedish_seams(language: str) -> None:
    assert broken_well("<p>sysselsättningstjänster</p>", language) == "<p>sysselsättningstjänster</p>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_of_a_consent_stays_on_one_line(language: str) -> None:
    assert broken_well("<h1>X 9E11-08BA, 1</h1>", language) == '<h1>X <span class="whole">9E11-08BA</span>, 1</h1>'
    for other in ("9E11-08BA-77AA", "19E11-08BA", "9E11-08BAF", "2026-1-1"):
        assert broken_well(other, language) == other


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("30.11.2026 klo 9.00.", f"30.11.2026 klo{HARD}9.00."),
        ("30.11.2026 kello 12.30", f"30.11.2026 kello{HARD}12.30"),
        ("30.11.2026 kl. 9.00", f"30.11.2026 kl.{HARD}9.00"),
        ("(FPA +358 50 555 0103)", '(FPA <span class="together">+358 50 555 0103</span>)'),
    ],
)
def test_neither_the_time_of_a_clock_nor_the_number_of_a_phone_is_broken(text: str, kept: str) -> None:
    assert {broken_well(f"<p>{text}</p>", language) for language in LANGUAGES} == {f"<p>{kept}</p>"}


@pytest.mark.parametrize(
    "html",
    [
        '<a title="sysselsättningstjänster 9E11-08BA">x</a>',
        "<textarea>sysselsättningstjänster 9E11-08BA\n9E11-08BA</textarea>",
        "<option>sysselsättningstjänster</option>",
        "<title>Tillstånd 9E11-08BA</title>",
        "<pre>sysselsättningstjänster 9E11-08BA</pre>",
        '<svg><text x="1">sysselsättningstjänster</text></svg>',
    ],
)
def test_what_is_sent_drawn_or_named_stays_as_it_is(html: str) -> None:
    assert broken_well(html, "sv") == html


async def test_pages_have_the_seams_and_their_names_have_none(people: People) -> None:
    page = await (await people.client("suvi", "sv")).get("/portal/give")
    assert f"sysselsättnings{SOFT}tjänster" in page.text
    assert "Exempelby sysselsättningstjänster (kommunförsök)" in words(page)
    assert SOFT not in page.text.partition("<body>")[0]
