from __future__ import annotations

import pytest

from consumer.receive.hosts import why_not

ALLOWED = ("files.example.com", "store.example.com:9000")
STRANGE = "is of a host that RECEIVE_HOSTS does not name"


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.com/a.json?X-Amz-Signature=1%2F2",
        "https://FILES.example.com:443/a",
        "https://store.example.com:9000/a",
    ],
)
def test_a_host_that_is_set_may_be_asked(url: str) -> None:
    assert why_not(url, ALLOWED) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://files.example.com/a", "is not https"),
        ("file:///etc/passwd", "is not https"),
        ("//files.example.com/a", "is not https"),
        ("", "is not https"),
        ("https://169.254.169.254/latest/meta-data", STRANGE),
        ("https://127.0.0.1/", STRANGE),
        ("https://[::1]/", STRANGE),
        ("https://evil.example/files.example.com", STRANGE),
        ("https://files.example.com.evil.example/", STRANGE),
        ("https://sub.files.example.com/", STRANGE),
        ("https://files.example.com./", STRANGE),
        ("https://files.example.com:8443/", STRANGE),
        ("https://store.example.com/", STRANGE),
        ("https://files.example.com@evil.example/", "holds a login"),
        ("https://u:p@files.example.com/", "holds a login"),
        ("https://evil.example\\@files.example.com/", "is no plain URL"),
        ("https://files.example.com\n.evil.example/", "is no plain URL"),
        ("https://files.example.com:x/", "is no URL"),
        ("https://files.exämple.com/", "is no plain URL"),
        ("https://[files.example.com/", "is no URL"),
        ("https://files.example.com/" + "a" * 9000, "is no plain URL"),
    ],
)
def test_nobody_else_is(url: str, why: str) -> None:
    assert why_not(url, ALLOWED) == why


def test_without_hosts_nobody_may_be_asked() -> None:
    assert why_not("https://files.example.com/", ()) == STRANGE
