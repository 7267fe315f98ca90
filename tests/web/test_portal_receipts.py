"""Receipts as people have them: on the page, on paper, as a code and as signed data."""

from __future__ import annotations

import re
import zlib

import orjson
import pytest
from weasyprint.urls import FatalURLFetchingError

from adapters.tokens.receipt_signer import verify_receipt
from gateway.consent.model import ConsentId
from gateway.web.portal.paper import to_pdf
from tests.web.people import People, words
from tests.web.test_on_behalf import give_for_another, guardian


async def _receipt(people: People, client: str = "suvi") -> tuple[str, str]:
    consent = await people.laws.give(client)
    return consent.id, (await people.laws.gateway.recording.receipts(consent.id))[-1].id


async def test_the_signed_receipt_verifies_offline_and_its_way_to_withdraw_is_a_page(people: People) -> None:
    consent, receipt = await _receipt(people)
    suvi = await people.client("suvi")
    signed = await suvi.get(f"/portal/receipts/{receipt}/signed")
    content = verify_receipt(signed.text, orjson.dumps(people.laws.gateway.receipt_keys.jwks()))
    assert content["consent_id"] == consent and content["receipt_id"] == receipt
    withdrawal = content["withdrawal"]
    assert isinstance(withdrawal, dict)
    assert (await suvi.get(withdrawal["url"])).status_code == 200
    assert "attachment" in signed.headers["content-disposition"]


async def test_the_code_leads_to_the_receipt_and_tells_nobody_anything(people: People) -> None:
    _, receipt = await _receipt(people)
    suvi = await people.client("suvi")
    drawn = await suvi.get(f"/portal/receipts/{receipt}/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml" and "style=" not in drawn.text
    assert drawn.text.startswith("<?xml") and drawn.text.rstrip().endswith("</svg>")
    stranger = await people.visitor()
    assert (await stranger.get(f"/portal/receipts/{receipt}")).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("language", ["fi", "sv"])
async def test_the_paper_is_a_tagged_pdf_in_the_readers_language_without_a_persons_name(
    people: People, language: str
) -> None:
    _, receipt = await _receipt(people)
    paper = await (await people.client("suvi", language)).get(f"/portal/receipts/{receipt}/pdf")
    assert paper.headers["content-type"] == "application/pdf" and paper.content.startswith(b"%PDF-")
    inside = _opened(paper.content)
    assert b"pdfuaid" in inside and b"/MarkInfo" in inside and f"/Lang ({language})".encode() in inside
    assert len(re.findall(rb"/Type ?/Page\b", inside)) == 1
    assert b"Suvi" not in inside


@pytest.mark.parametrize("address", ["file:///etc/hostname", "https://evil.example/x.png", "data:image/png;base64,AA"])
def test_a_paper_loads_nothing(address: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        to_pdf(f'<html lang="fi"><title>t</title><img src="{address}" alt="x"></html>')


async def test_the_page_of_a_withdrawal_tells_when_and_no_end_that_no_longer_counts(people: People) -> None:
    consent, _ = await _receipt(people)
    suvi = await people.client("suvi")
    await suvi.post(f"/portal/consents/{consent}/withdraw", {"what": "all"})
    receipts = await people.laws.gateway.recording.receipts(ConsentId(consent))
    receipt = next(one for one in receipts if one.kind == "consent.withdrawn")
    page = words(await suvi.get(f"/portal/receipts/{receipt.id}"))
    assert "Receipt: permission withdrawn" in page and "Withdrawn 22 November 2026" in page and "Until" not in page
    assert "Could see" in page and "May see" not in page and "an withdraw it" not in page
    assert "Change or withdraw this permission" not in page


async def test_the_paper_of_who_acts_for_another_is_one_sheet_too(people: People) -> None:
    await give_for_another(people)
    child = await people.client_id("nuori")
    consent = (await people.laws.gateway.recording.for_client(child)).consents[0]
    receipt = (await people.laws.gateway.recording.receipts(consent.id))[-1]
    paper = await (await guardian(people, "sv")).get(f"/portal/receipts/{receipt.id}/pdf")
    assert len(re.findall(rb"/Type ?/Page\b", _opened(paper.content))) == 1


def _opened(pdf: bytes) -> bytes:
    """Return what a PDF says, its packed parts unpacked."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompressobj().decompress(one) for one in packed if one[:1] == b"x")
