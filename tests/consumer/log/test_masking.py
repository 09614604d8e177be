from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.log.masking import Secrets, masked_emails
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ADDRESS = re.compile(
    r"""(?P<local> "[^"\n]{1,64}" | [^\s@<>"'(),:;\[\]{}\\|=/&?]{1,128} )
        (?P<at> @ | %40 )
        (?P<host> (?! \w\*\*\* ) [\w\u0080-\uffff] [\w.\u0080-\uffff-]{0,254} )""",
    re.VERBOSE,
)
"""What an address is, for whoever has the time."""
PIECES = [
    *(
        "a",
        "b",
        "@",
        "%40",
        '"',
        ".",
        " ",
        "***",
        "*",
        "%",
        "4",
        "0",
        "-",
        "<",
        "\n",
        "\u00a0",
        "é",
    ),
    *("a" * 60, "a" * 127, '"a b"@c'),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jane.doe+news@acme.co.uk", "j***@a***.uk"),
        ("to <jane@acme.com>, bob@x.org.", "to <j***@a***.com>, b***@x***.org"),
        ("/endusers?email=jane%40acme.com&limit=1", "/endusers?email=j***%40a***.com&limit=1"),
        ('"jane doe"@acme.com', "j***@a***.com"),
        ("é@ü.de", "é***@ü***.de"),
        ("root@localhost", "r***@l***"),
        ('{"email":"jane@acme.com"}', '{"email":"j***@a***.com"}'),
        ("@mention, and 3 @ 4", "@mention, and 3 @ 4"),
        ("no address at all", "no address at all"),
    ],
)
def test_an_address_keeps_its_first_letters_and_its_last_label(text: str, expected: str) -> None:
    assert masked_emails(text) == expected


@given(
    st.text(LETTERS, min_size=2, max_size=30),
    st.text(LETTERS, min_size=2, max_size=30),
    st.text(max_size=20),
)
def test_no_address_comes_through_whatever_is_around_it(local: str, host: str, around: str) -> None:
    address = f"{local}@{host}.example"

    assert address not in masked_emails(f"{around} {address} {around}")


@given(st.text(alphabet="ab.@*%40 <>\"'é-", max_size=60))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = masked_emails(text)

    assert masked_emails(once) == once


def slowly_masked(text: str) -> str:
    def mask(found: re.Match[str]) -> str:
        host = found["host"].rstrip(".")
        last = f".{host.rpartition('.')[2]}" if "." in host else ""
        first = found["local"].lstrip('"')[:1]
        return f"{first}***{found['at']}{found['host'][0]}***{last}"

    for _ in range(text.count("@") + text.count("%40")):
        text = ADDRESS.sub(mask, text)
    return text


@settings(max_examples=examples(1000))
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_what_is_masked_is_what_the_definition_of_an_address_says(text: str) -> None:
    assert masked_emails(text) == slowly_masked(text)


@pytest.mark.parametrize(
    "piece",
    ["a" * 4_000_000, "%40", "%40x***", "a" * 128 + "@ ", '"' + "a" * 63],
    ids=["letters", "signs", "masked", "broken", "quoted"],
)
def test_a_text_of_megabytes_is_masked_within_seconds_whatever_it_is(piece: str) -> None:
    text = (piece * (4_000_000 // len(piece)))[:4_000_000] + " a%40b@c"
    begun = time.process_time()

    masked_emails(text)

    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text",
    ["Bearer {}", "/analytics/{}/bulk", "{}{}", "token={}&x=1"],
)
def test_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    secrets = Secrets()
    secrets.add("s3cr3t")

    assert secrets.hidden(text.format("s3cr3t", "s3cr3t")) == text.format("***", "***")


@pytest.mark.parametrize(
    "form", ["a/b +é", "a%2Fb%20%2B%C3%A9", "a/b%20%2B%C3%A9", "a/b +\\xe9", r"a/b +\xc3\xa9"]
)
def test_a_secret_is_hidden_in_the_forms_it_takes_on_its_way(form: str) -> None:
    secrets = Secrets()
    secrets.add("a/b +é")

    assert secrets.hidden(f"<{form}>") == "<***>"


def test_the_longest_secret_goes_first() -> None:
    secrets = Secrets()
    secrets.add("abcd")
    secrets.add("abcdefgh")

    assert secrets.hidden("abcdefgh abcd") == "*** ***"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    secrets = Secrets()
    secrets.add("")
    secrets.add("api")

    assert secrets.hidden("the api") == "the api"


@pytest.mark.parametrize("lead", ["", "m", "me", "me:", "Bearer "])
@pytest.mark.parametrize("trail", ["", "x", "xy", ":xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_hidden_in_base64_wherever_it_begins(
    lead: str, trail: str, encode: Callable[[bytes], bytes]
) -> None:
    secrets = Secrets()
    secrets.add("s3cr3t~~?>of planhat")
    encoded = encode(f"{lead}s3cr3t~~?>of planhat{trail}".encode()).decode()

    told = secrets.hidden(f"Basic {encoded}")

    assert "***" in told
    assert encoded[8:20] not in told


@pytest.mark.parametrize(
    "form",
    [
        "S3CR3T/OF",
        "s3cr3t%2fof",
        "s3cr3t\\/OF",
        "s3cr3t&#x27;",
        "s3cr3t%27",
        "s3cr3t'",
        "\"s3cr3t'",
    ],
)
def test_a_secret_is_hidden_in_any_case_and_form(form: str) -> None:
    secrets = Secrets()
    secrets.add("s3cr3t/of")
    secrets.add("s3cr3t'")

    assert "3cr3t" not in secrets.hidden(form).lower()
