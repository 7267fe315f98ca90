"""Personal identity codes: what is one, what is not, and that none is ever shown. All are test codes."""

from __future__ import annotations

import copy
import pickle
import traceback
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.business_id import organisation_oid, parse_business_id
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, IdentityCodeError, PersonalIdentityCode

PUBLISHED = [  # by the Digital and Population Data Services Agency, for testing
    "010594Y9032",
    "010594Y9021",
    "020594X903P",
    "020594X902N",
    "030594W903B",
    "030694W9024",
    "040594V9030",
    "040594V902Y",
    "050594U903M",
    "050594U902L",
    "010516B903X",
    "010516B902W",
    "020516C903K",
    "020516C902J",
    "030516D9037",
    "030516D9026",
    "010501E9032",
    "020502E902X",
    "020503F9037",
    "020504A902E",
    "020504B904H",
    "210281-9988",
    "150552-9979",
    "010180-9026",
]
OURS = [
    "140395-9022",
    "020975-9042",
    "211170-903L",
    "300679X906T",
    "050502A905Y",
    "170809A9081",
    "010190W998V",
    "121284-911F",
    "010190-999W",
]


@pytest.mark.parametrize("number", range(len(PUBLISHED) + len(OURS)))
def test_a_test_code_is_accepted_and_temporary(number: int) -> None:
    text = (PUBLISHED + OURS)[number]
    code = PersonalIdentityCode.parse(text)
    assert (code.reveal() == text, code.is_temporary) == (True, True)


WRONG = [
    "010190-999K",
    "010190-999X",
    "010190-999Y",
    "310293-9021",
    "131052-308U",
    "",
    "140395-902",
    "140395-90222",
    "1403959022",
    "140395_9022",
    "140395\u20139022",
    "140395\u22129022",
    "14 0395-9022",
    "000095-9022",
    "140395-001P",
    "140395G9022",
    "140395-902\u0130",
    "\uff11\uff1440395-9022",
    "140395-9022\x00",
    "abc",
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_anything_else_is_refused_and_not_told(number: int) -> None:
    with pytest.raises(IdentityCodeError) as caught:
        PersonalIdentityCode.parse(WRONG[number])
    told = "".join(traceback.format_exception(caught.value, chain=True)).split("IdentityCodeError: ")[-1]
    assert caught.value.code == "request-invalid"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not WRONG[number].strip() or WRONG[number] not in told


def test_spaces_and_lower_case_are_set_right_and_nothing_else() -> None:
    assert PersonalIdentityCode.parse("  300679x906t\n") == PersonalIdentityCode.parse("300679X906T")


def test_codes_that_differ_in_the_separator_alone_are_different_people() -> None:
    codes = {PersonalIdentityCode.parse(text) for text in ("010190-998V", "010190Y998V", "010190W998V")}
    assert len(codes) == 3
    assert len({Identifier.personal(code).canonical() for code in codes}) == 3


def test_a_code_of_the_ordinary_series_is_not_temporary() -> None:
    assert not PersonalIdentityCode.parse("131052-308T").is_temporary


@pytest.mark.parametrize(("number", "born"), [(0, date(1995, 3, 14)), (3, date(1979, 6, 30)), (4, date(2002, 5, 5))])
def test_the_separator_tells_the_century_of_birth(number: int, born: date) -> None:
    assert PersonalIdentityCode.parse(OURS[number]).birth_date == born


def test_a_birth_in_the_future_is_refused() -> None:
    text = "170809A9081"
    assert PersonalIdentityCode.parse(text, at=datetime(2009, 8, 16, 21, tzinfo=UTC)).birth_date == date(2009, 8, 17)
    with pytest.raises(IdentityCodeError, match="future"):
        PersonalIdentityCode.parse(text, at=datetime(2009, 8, 16, 20, 59, tzinfo=UTC))


def test_a_code_shows_itself_only_when_told_to() -> None:
    code = PersonalIdentityCode.parse("140395-9022")
    shown = [
        repr(code),
        str(code),
        f"{code}",
        repr([code]),
        repr(Identifier.personal(code, "1.2.3")),
        f"{Identifier.personal(code)}",
    ]
    assert not any("9022" in text or "1403" in text for text in shown)
    assert code.masked == "140395-****"
    assert copy.deepcopy(code) is code
    with pytest.raises(TypeError):
        pickle.dumps(code)
    with pytest.raises(TypeError):
        PersonalIdentityCode()
    with pytest.raises(AttributeError):
        code.value = "x"


def test_a_temporary_code_is_an_identifier_only_with_its_issuer() -> None:
    code = PersonalIdentityCode.parse("140395-9022")
    assert not Identifier.personal(code).is_complete
    assert Identifier.personal(code, "1.2.246.10.99000018").is_complete
    assert Identifier.personal(PersonalIdentityCode.parse("131052-308T")).is_complete
    assert Identifier.personal(code).authority == NATIONAL_AUTHORITY


@pytest.mark.parametrize("authority", [NATIONAL_AUTHORITY, "urn:OID:1.2.246.21", "URN:oid:1.2.246.21"])
@pytest.mark.parametrize("issuer", [None, "dvv", "1.2.246.10.99000018"])
def test_one_person_has_one_identifier_however_it_is_written(authority: str, issuer: str | None) -> None:
    one = Identifier.personal(PersonalIdentityCode.parse("131052-308T"))
    other = Identifier.assigned(authority, " 131052-308t", issuer)
    assert (one, one.canonical()) == (other, other.canonical())


def test_a_temporary_code_of_another_issuer_is_another_person() -> None:
    one, other = (Identifier.assigned(NATIONAL_AUTHORITY, "140395-9022", issuer) for issuer in ("1.2.3", "1.2.4"))
    assert one.canonical() != other.canonical()


@pytest.mark.parametrize("authority", ["urn:oid:1.2.246.21.", "urn:oid:1.2.246.021", "urn:oid:1.2.246.22", "urn:x:y"])
def test_an_identity_code_is_of_no_other_authority(authority: str) -> None:
    with pytest.raises(IdentityCodeError) as refused:
        Identifier.assigned(authority, "131052-308T", None)
    assert "308T" not in str(refused.value)


def test_an_authority_is_the_same_in_whatever_case_its_scheme_is_written() -> None:
    written = ["https://a.example/Id", "HTTPS://A.example/Id", "https://a.example/id"]
    first, same, other = (Identifier.assigned(one, "A-1", None) for one in written)
    assert first == same
    assert first != other


_PART = st.text(max_size=6)


@given(_PART, _PART, st.none() | _PART, _PART, _PART, st.none() | _PART)
def test_different_identifiers_have_different_bytes(
    a: str, v: str, i: str | None, b: str, w: str, j: str | None
) -> None:
    same = Identifier(a, v, i) == Identifier(b, w, j)
    assert (Identifier(a, v, i).canonical() == Identifier(b, w, j).canonical()) is same


def test_a_business_id_is_checked_and_gives_the_oid() -> None:
    assert parse_business_id("9900001-8") == "9900001-8"
    assert organisation_oid("0204819-8") == "1.2.246.10.2048198"
    for wrong in ("9900001-9", "99000018", "990000-18", "", "9900001-8 "):
        with pytest.raises(ValueError, match="not a business id"):
            parse_business_id(wrong)
