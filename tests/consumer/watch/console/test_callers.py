import pytest

from consumer.watch.console.callers import Caller, refusal

NAMES = {"console.example.com", "hull-planhat-0"}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST.",
        "127.0.0.1:8080",
        "10.1.2.3",
        "[::1]:8080",
        "[fd00::1]",
        "hull-planhat-0:8080",
        "Console.Example.com",
        "console.example.com.:443",
    ],
)
def test_an_address_and_a_name_of_ours_are_answered(host: str) -> None:
    assert refusal(Caller(host), NAMES, is_page=False) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "rebound.evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8080",
        "evil.example@localhost",
        "localhost:8080:9",
        "localhost, evil.example",
        "[::1",
        "0x7f000001",
        "x" * 10_000,
        "\x1b[2J",
    ],
)
def test_a_name_that_is_none_of_ours_is_refused_with_the_setting(host: str) -> None:
    said = refusal(Caller(host), NAMES, is_page=True)

    assert said is not None
    assert "HTTP_ALLOWED_HOSTS" in said
    assert len(said) < 300
    assert said.isprintable()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("console.example.com", "https://console.example.com"),
        ("console.example.com", "https://console.example.com:443"),
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_its_own_page_is_answered(host: str, origin: str) -> None:
    assert refusal(Caller(host, origin, "same-origin", "cors"), NAMES, is_page=False) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://evil.example"),
        ("localhost:8080", "http://localhost:3000"),
        ("localhost:8080", "null"),
        ("localhost:8080", "file://localhost:8080"),
        ("localhost:8080", "http://localhost:8080,http://evil.example"),
        ("console.example.com", "https://other.example.com"),
    ],
)
def test_a_page_of_another_origin_is_refused(host: str, origin: str) -> None:
    said = refusal(Caller(host, origin), NAMES, is_page=False)

    assert said == "The page that asks is not this console: its Origin is not the Host"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_a_browser_fetches_for_another_site_is_refused(site: str) -> None:
    caller = Caller("localhost", "", site, "no-cors")

    assert refusal(caller, NAMES, is_page=False) is not None
    assert refusal(caller, NAMES, is_page=True) is not None


def test_a_link_from_elsewhere_leads_to_the_page_and_not_behind_it() -> None:
    caller = Caller("localhost", "", "cross-site", "navigate")

    assert refusal(caller, NAMES, is_page=True) is None
    assert refusal(caller, NAMES, is_page=False) is not None
