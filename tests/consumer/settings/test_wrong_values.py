"""Every setting that can be wrong by itself stops the start with a line that names it."""

from __future__ import annotations

import pytest

from consumer.settings import Settings, described
from schemas.settings_error import InvalidSettings

LONG = "x" * 250

WRONG = {
    "KAFKA_BOOTSTRAP_SERVERS": ["kafka:99999"],
    "KAFKA_TOPICS": [".", "a,..", "a/b", "a b", "ä", LONG, ",", "hull.planhat.dead-letters"],
    "KAFKA_GROUP_ID": ["a\nb", "a\x00"],
    "KAFKA_GROUP_INSTANCE_ID": ["pod/1", ".", LONG],
    "KAFKA_SESSION_TIMEOUT_SECONDS": ["-1", "0", "nan", "inf", "45s"],
    "KAFKA_DEAD_LETTER_TOPIC": ["hull.events", "..", "a b", LONG],
    "KAFKA_RESULTS_TOPIC": ["hull.events", "hull.planhat.dead-letters", ".", "a,b"],
    "KAFKA_OUTCOMES_TOPIC": ["hull.events", "hull.planhat.dead-letters", ".", "a,b"],
    "KAFKA_SECURITY_PROTOCOL": ["TLS", "SASL_SSL", "SASL_PLAINTEXT"],
    "KAFKA_SASL_MECHANISM": ["GSSAPI", "SCRAM-SHA-1", "PLAIN"],
    "KAFKA_SASL_USERNAME": ["me", "me\nyou"],
    "KAFKA_SASL_PASSWORD": ["pass-word", "two\nlines"],
    "KAFKA_SASL_PASSWORD_FILE": ["/no/file", "/"],
    "KAFKA_SSL_CA_FILE": ["/no/file", "/"],
    "KAFKA_SSL_CERT_FILE": ["/no/file", "/"],
    "KAFKA_SSL_KEY_FILE": ["/no/file", "/", "/dev/null"],
    "KAFKA_SSL_KEY_PASSWORD": ["pass-phrase", "two\nlines"],
    "KAFKA_SSL_KEY_PASSWORD_FILE": ["/no/file", "/"],
    "KAFKA_MAX_PENDING_RECORDS": ["0", "-1", "1.5", "many"],
    "KAFKA_MAX_PENDING_BYTES": ["0", "-1", "lots"],
    "KAFKA_MAX_UNPACKED_BYTES": ["0", "-1", "lots", "2GiB"],
    "KAFKA_WINDOW": ["0", "20001"],
    "PLANHAT_ACCESS_TOKEN": ["two\nlines"],
    "PLANHAT_ACCESS_TOKEN_FILE": ["/no/file", "/"],
    "PLANHAT_API_URL": [
        "planhat",
        "api.planhat.com",
        "http://",
        "ftp://x",
        "http://x?y=1",
        "http://a..b",
    ],
    "PLANHAT_ANALYTICS_URL": ["planhat", "http://x:99999"],
    "PLANHAT_REQUESTS_PER_MINUTE": ["0", "-200", "inf", "nan"],
    "PLANHAT_BURST": ["0", "-1", "201"],
    "PLANHAT_QUOTA_SHARE": ["0", "-0.5", "1.1", "50", "nan"],
    "PLANHAT_FRESHNESS_SECONDS": ["-1", "301", "inf", "nan"],
    "PLANHAT_MAX_CONCURRENT_REQUESTS": ["0", "-1"],
    "PLANHAT_LANE_CONCURRENCY": ["0", "-1"],
    "PLANHAT_BATCH_SIZE": ["0", "-1", "5001"],
    "PLANHAT_BATCH_BYTES": ["0", "-1", "64MiB"],
    "PLANHAT_REQUEST_TIMEOUT_SECONDS": ["0", "-1", "nan"],
    "PLANHAT_ACTIVITIES": ["none"],
    "PLANHAT_CUSTOM_FIELDS": ["on"],
    "PLANHAT_SKIP_UNCHANGED": ["2"],
    "COMPANY_WAIT_SECONDS": ["-1", "nan"],
    "SHUTDOWN_DRAIN_SECONDS": ["-1", "1e9"],
    "REJECT_LIMIT": ["-0.1", "50", "nan"],
    "RETRY_ATTEMPTS": ["0", "-1"],
    "UVLOOP": ["perhaps"],
    "TRACES": ["perhaps"],
    "HTTP_ENABLED": ["perhaps"],
    "HTTP_HOST": ["http://0.0.0.0", "a b"],
    "HTTP_PORT": ["-1", "65536", "http"],
    "HTTP_CONSOLE": ["perhaps"],
    "HTTP_ALLOWED_HOSTS": ["https://a.example", "a:80", "*", "a b", "a..b"],
    "HTTP_USERNAME": ["me"],
    "HTTP_PASSWORD": ["pass-word"],
    "HTTP_PASSWORD_FILE": ["/no/file", "/"],
    "RECEIVE_TOKEN": ["two\nlines"],
    "RECEIVE_TOKEN_FILE": ["/no/file", "/"],
    "RECEIVE_SIGNATURE": ["maybe"],
    "RECEIVE_PUBLIC_KEY_FILE": ["/no/file", "/"],
    "RECEIVE_HOSTS": ["https://a.example", "a.example/x", "*", "a b", "a..b", "u@a.example"],
    "RECEIVE_SIZE": ["0", "-1", "1001", "many"],
    "RECEIVE_MAX_BODY": ["0", "-1", "1GiB", "lots"],
    "RECEIVE_MAX_PENDING_BYTES": ["0", "-1", "2GiB", "lots"],
    "LOG_LEVEL": ["loud"],
    "LOG_FORMAT": ["xml"],
    "LOG_PII": ["perhaps"],
    "LOG_SAMPLE": ["-1", "2", "nan"],
}
READ_LATER = {"CONNECTOR_SETTINGS", "PLANHAT_TENANT_ID"}
"""A file with a test of its own, and a text of any form."""

CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_wrong_value_is_refused_by_one_line_with_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({name: value})

    (line,) = caught.value.lines
    assert name.removesuffix("_FILE") in line or line.startswith("KAFKA_DEAD_LETTER_TOPIC: ")
    assert "\n" not in line
    assert "pass-" not in line


def test_the_table_knows_every_setting() -> None:
    assert {*WRONG, *READ_LATER} == {one.name for one in described()}


SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "me",
    "KAFKA_SASL_PASSWORD": "pass-word",
}


@pytest.mark.parametrize("name", [name for name in SASL if name != "KAFKA_SECURITY_PROTOCOL"])
def test_a_login_that_lacks_a_part_is_refused(name: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({**SASL, name: ""})

    assert caught.value.lines == (f"KAFKA_SECURITY_PROTOCOL: SASL_SSL: needs {name}",)


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (
            {"KAFKA_TOPICS": "a,b", "KAFKA_DEAD_LETTER_TOPIC": "b"},
            "KAFKA_DEAD_LETTER_TOPIC: 'b': is in KAFKA_TOPICS too: give it a topic of its own",
        ),
        (
            {"KAFKA_RESULTS_TOPIC": "dead", "KAFKA_DEAD_LETTER_TOPIC": "dead"},
            (
                "KAFKA_RESULTS_TOPIC: 'dead': is in KAFKA_DEAD_LETTER_TOPIC too: give it a topic of"
                " its own"
            ),
        ),
    ],
)
def test_topics_that_would_feed_themselves_are_refused(environ: dict[str, str], line: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(environ)

    assert caught.value.lines == (line,)


def test_a_topic_that_is_named_twice_counts_once() -> None:
    assert Settings.read({"KAFKA_TOPICS": "a, b,a"}).kafka.topics == ("a", "b")
