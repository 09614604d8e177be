"""What of a request is taken out of the answer that repeats it, and what stays."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.answers.echo import Echo

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "phat_9fQ2xV7kLmN4pR8sT1uW3yZ5"
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
NAME, TITLE, STREET = "Quentin Röe", "Head of Yachts", "Wall Street 5"
PERSON = {
    "_id": "65f1c0ffee65f1c0ffee65f1",
    "externalId": "zoe-ext-4711",
    "companyExternalId": "union-acc",
    "email": "jane.roe@acme.example",
    "name": NAME,
    "position": TITLE,
    "phone": "+49 170 1234567",
    "custom": {"Lives in": STREET, "home_street": STREET, "Birthday": "1980-05-17", "Seats": 12},
}
SENT = orjson.dumps([PERSON])
SECRETS = (TOKEN, TENANT)
TOLD = ("Quentin", "Röe", "Yachts", "1234567", "Street", "Wall", "1980-05-17")


def echo(document: object = (PERSON,), *, of_people: bool = True) -> Echo:
    return Echo(SECRETS, orjson.dumps(document), of_people=of_people)


def _basic(text: str) -> str:
    return base64.b64encode(f"user:{text}".encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "in a URL": lambda text: quote(text, safe=""),
    "twice in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "in JSON": json.dumps,
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "all in escapes": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "in HTML": lambda text: html.escape(text).replace("ö", "&#246;"),
    "four times in a URL": lambda text: quote(quote(quote(quote(text, safe="@")))),
    "in escapes of JavaScript": lambda text: "".join(f"\\u{{{ord(sign):x}}}" for sign in text),
    "in escapes of Python": lambda text: "".join(f"\\U{ord(sign):08x}" for sign in text),
    "between breaks in JSON in JSON": lambda text: f"\\n{text}\\t",
    "with signs of no width": "\u200b".join,
    "with soft hyphens": lambda text: f"{text[:4]}\u00ad{text[4:]}",
    "with NUL": "\0".join,
    "in wide signs": lambda text: "".join(
        chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text
    ),
    "in hexadecimal": lambda text: text.encode().hex(),
    "in UTF-16 in base64": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "in base64 in base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "as basic authentication": _basic,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("value", [TOKEN, TENANT, NAME])
def test_what_was_sent_is_masked_in_every_form(value: str, form: Callable[[str], str]) -> None:
    told = echo().cleaned(f"401 of [{form(value)}]: not allowed")

    assert " ".join(told.replace('"', "").split()) in {
        "401 of [***]: not allowed",
        "401 of [ *** ]: not allowed",
    }


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        (f"Bearer {TOKEN[:20]}", "Bearer ***"),
        (f"{TOKEN[5:]} is no token", "*** is no token"),
        (f"...{TENANT[10:25]}...", "...***..."),
        ('[{"name":"Quent', '[{"name":"***'),
        ('[{"name":"Qu', '[{"name":"***'),
        ('"Quent..." is too long', '"***..." is too long'),
    ],
)
def test_a_piece_of_what_was_sent_is_masked(cut: str, left: str) -> None:
    assert echo().cleaned(cut) == left


@pytest.mark.parametrize("between", ["-", " ", " | ", "\u200d", "\n"])
def test_a_secret_that_is_broken_into_pieces_is_masked(between: str) -> None:
    broken = between.join(TOKEN[at : at + 5] for at in range(0, len(TOKEN), 5))

    assert echo().cleaned(f"no such token: {broken}.") == "no such token: ***."


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("QuentinRöe exists", "*** exists"),
        ("user_Quentin exists", "user_*** exists"),
        ("用户张伟不存在", "用户***不存在"),
        (base64.b64encode(b"al@bo.example").decode(), "***"),
        ("call 0170 1234567 or 1701234567", "call *** or ***"),
        ("call 00491701234567", "call ***"),
        ("no Yilmaz here", "no *** here"),
    ],
)
def test_names_and_numbers_are_masked_where_they_are_written_together(said: str, left: str) -> None:
    others = [
        {"name": "张伟"},
        {"name": "@ayse.yilmaz"},
        {"email": "al@bo.example", "name": "Al Bo"},
    ]

    assert echo([PERSON, *others]).cleaned(said) == left


@pytest.mark.parametrize(
    "text",
    [
        "see https://docs.planhat.com/ for more",
        'the value 2026-13-01T00:00:00Z of "Last login" is not a date',
        "Operation `companies.find()` buffering timed out after 10000ms",
        "Cast to Number failed: request entity too large",
    ],
)
def test_what_tells_why_stays_though_somebody_has_words_like_it(text: str) -> None:
    person = {
        "email": "jane@mail.com",
        "position": "Operation Entity Cast",
        "custom": {"Last login": "2026-01-02T00:00:00Z"},
    }

    assert echo([person]).cleaned(text) == text


@pytest.mark.parametrize("text", [STREET, "+49170 1234567", "(0)49 170-1234567", "1980-05-17"])
def test_what_is_hidden_by_its_name_is_masked_for_companies_too(text: str) -> None:
    company = {"name": "Wall Ltd", "phone": "+49 170 1234567", "custom": {"birth": "1980-05-17"}}
    company["address"] = {"first": STREET}

    told = echo([company], of_people=False).cleaned(f"wrong: {text}, Wall Ltd")

    assert [one for one in ("Street", "1234567", "1980") if one in told] == []
    assert "Ltd" in told


@pytest.mark.parametrize(
    "text",
    [
        "400 email is required",
        "E11000 duplicate key error: externalId zoe-ext-4711, companyId 65f1c0ffee65f1c0ffee65f1",
        "Company with externalId union-acc not found",
        "externalId,email duplicated",
        'custom field "Seats" must be a number, 12 was given',
        "Cannot PUT /endusers",
        "the position of this user is not valid",
    ],
)
def test_the_words_of_planhat_and_ids_stay(text: str) -> None:
    assert echo().cleaned(text) == text


def test_an_address_is_left_to_the_doors() -> None:
    text = "jane.roe@acme.example has no company; jane.roe has none"

    told = echo().cleaned(text)

    assert told == "jane.roe@acme.example has no company; *** has none"


@pytest.mark.parametrize("body", [b"", b"not JSON", b"7", b"[null, [], {}]", b"[" * 10_000])
def test_a_body_of_any_kind_is_looked_into(body: bytes) -> None:
    assert Echo((), body, of_people=True).cleaned("Quentin said no") == "Quentin said no"


@pytest.mark.parametrize("secret", ["", "abc"])
def test_what_is_too_short_to_be_told_from_a_text_is_not_masked(secret: str) -> None:
    assert Echo((secret,), b"", of_people=True).cleaned("abc of it") == "abc of it"


def test_a_short_secret_that_is_a_word_of_planhat_is_not_masked() -> None:
    assert Echo(("token",), b"", of_people=True).cleaned("a bad token") == "a bad token"


@given(
    before=st.text(max_size=40),
    after=st.text(max_size=40),
    form=st.sampled_from(["as it is", "in capitals", "in a URL", "in base64"]),
)
def test_whatever_stands_around_it_a_secret_is_masked(before: str, after: str, form: str) -> None:
    told = echo().cleaned(f"{before} {FORMS[form](TOKEN)} {after}").lower()

    assert TOKEN[4:16].lower() not in told
    assert base64.b64encode(TOKEN.encode()).decode()[4:16].lower() not in told


@given(st.text(max_size=300))
def test_cleaning_never_raises_and_ends(text: str) -> None:
    echo().cleaned(text)
