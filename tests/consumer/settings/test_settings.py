import re
from pathlib import Path

import pytest

from consumer.settings import Settings, described, unknown_names
from consumer.settings.environment import Described
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


def lines(**environ: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(environ)
    return caught.value.lines


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.read({})

    assert settings.kafka.topics == ("hull.events",)
    assert settings.planhat.requests_per_minute == 200
    assert settings.http.port == 8080
    assert settings.company_wait_seconds == 30


def test_a_part_is_given_what_its_names_say() -> None:
    settings = Settings.read(
        {
            "KAFKA_TOPICS": "one, two,",
            "KAFKA_MAX_PENDING_BYTES": "12MiB",
            "planhat_batch_size": "50",
            "PLANHAT_API_URL": "http://127.0.0.1:8181/",
            "LOG_LEVEL": "WARNING",
            "SHUTDOWN_DRAIN_SECONDS": "1.5",
        }
    )

    assert settings.kafka.topics == ("one", "two")
    assert settings.kafka.max_pending_bytes == 12 * 1024 * 1024
    assert settings.planhat.batch_size == 50
    assert settings.planhat.api_url == "http://127.0.0.1:8181"
    assert settings.log.level == "warning"
    assert settings.shutdown_drain_seconds == 1.5


def test_an_empty_value_is_the_default() -> None:
    settings = Settings.read({"KAFKA_GROUP_ID": "", "PLANHAT_BURST": " "})

    assert settings.kafka.group_id == "hull-planhat"
    assert settings.planhat.burst == 10


def test_the_names_of_sections_are_no_settings() -> None:
    assert Settings.read({"KAFKA": "x", "LOG": "/var/log", "HTTP": "1"}) == Settings.read({})


def test_settings_cannot_be_changed() -> None:
    settings = Settings.read({})

    with pytest.raises(ValueError, match="frozen"):
        settings.kafka.window = 1


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PLANHAT_BURST", "x", "PLANHAT_BURST: 'x': must be a number"),
        ("PLANHAT_BATCH_SIZE", "9999", "PLANHAT_BATCH_SIZE: '9999': must be at most 5000"),
        ("PLANHAT_BATCH_SIZE", "1.5", "PLANHAT_BATCH_SIZE: '1.5': must be a whole number"),
        ("REJECT_LIMIT", "-1", "REJECT_LIMIT: '-1': must be at least 0.0"),
        ("LOG_PII", "perhaps", "LOG_PII: 'perhaps': must be true or false"),
        (
            "PLANHAT_ACTIVITIES",
            "some",
            "PLANHAT_ACTIVITIES: 'some': must be 'bulk' or 'single'",
        ),
        (
            "KAFKA_TOPICS",
            "a b",
            "KAFKA_TOPICS: 'a b': must be a name of letters, digits, dots, dashes and underscores",
        ),
        ("KAFKA_TOPICS", ",", "KAFKA_TOPICS: ',': must name at least one"),
        ("KAFKA_SSL_CA_FILE", "/no/ca.pem", "KAFKA_SSL_CA_FILE: '/no/ca.pem': no such file"),
        ("COMPANY_WAIT_SECONDS", "inf", "COMPANY_WAIT_SECONDS: 'inf': must be a finite number"),
        (
            "PLANHAT_API_URL",
            "ftp://user:pass@x",
            "PLANHAT_API_URL: 'ftp://***@x': URL scheme should be 'http' or 'https'",
        ),
        (
            "PLANHAT_ACCESS_TOKEN",
            "two\nlines",
            "PLANHAT_ACCESS_TOKEN: ***: must be one line of visible characters",
        ),
        (
            "PLANHAT_ACCESS_TOKEN_FILE",
            "/no/token",
            "PLANHAT_ACCESS_TOKEN_FILE: '/no/token': No such file or directory",
        ),
        (
            "PLANHAT_BURST",
            "300",
            "PLANHAT_BURST: 300: must be at most PLANHAT_REQUESTS_PER_MINUTE (200)",
        ),
        (
            "KAFKA_SECURITY_PROTOCOL",
            "SASL_SSL",
            "KAFKA_SECURITY_PROTOCOL: SASL_SSL: needs KAFKA_SASL_MECHANISM",
        ),
        (
            "KAFKA_SASL_USERNAME",
            "me",
            "KAFKA_SASL_USERNAME: set, but KAFKA_SECURITY_PROTOCOL is not a SASL one",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_name_and_what_would_be_right(
    name: str, value: str, line: str
) -> None:
    assert lines(**{name: value}) == (line,)


BOUNDS = {
    "KAFKA_SESSION_TIMEOUT_SECONDS": ("1", "1800"),
    "KAFKA_MAX_PENDING_RECORDS": ("1", "1000000000"),
    "KAFKA_MAX_PENDING_BYTES": ("1", "64GiB"),
    "KAFKA_MAX_UNPACKED_BYTES": ("1048576", "1GiB"),
    "KAFKA_WINDOW": ("1", "20000"),
    "PLANHAT_MAX_CONCURRENT_REQUESTS": ("1", "1000"),
    "PLANHAT_LANE_CONCURRENCY": ("1", "50"),
    "PLANHAT_BATCH_SIZE": ("1", "5000"),
    "PLANHAT_BATCH_BYTES": ("1024", "32MiB"),
    "PLANHAT_REQUEST_TIMEOUT_SECONDS": ("0.1", "600"),
    "HTTP_PORT": ("0", "65535"),
    "LOG_SAMPLE": ("0", "1"),
    "COMPANY_WAIT_SECONDS": ("0", "86400"),
    "SHUTDOWN_DRAIN_SECONDS": ("0", "86400"),
    "REJECT_LIMIT": ("0", "1"),
    "RETRY_ATTEMPTS": ("1", "1000"),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_what_lies_at_a_bound_may_be_chosen(name: str) -> None:
    for value in BOUNDS[name]:
        assert isinstance(Settings.read({name: value}), Settings)


def test_the_whole_quota_may_go_at_once_and_one_call_is_the_least_of_both() -> None:
    for pair in ("1", "1"), ("500", "500"):
        environ = dict(zip(("PLANHAT_REQUESTS_PER_MINUTE", "PLANHAT_BURST"), pair, strict=True))
        assert Settings.read(environ).planhat.burst == float(pair[1])


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("KAFKA_SESSION_TIMEOUT_SECONDS", "0.9", "at least 1.0"),
        ("KAFKA_SESSION_TIMEOUT_SECONDS", "1801", "at most 1800.0"),
        ("KAFKA_MAX_PENDING_RECORDS", "0", "at least 1"),
        ("KAFKA_MAX_PENDING_BYTES", "0", "at least 1"),
        ("KAFKA_WINDOW", "0", "at least 1"),
        ("KAFKA_WINDOW", "20001", "at most 20000"),
        ("PLANHAT_REQUESTS_PER_MINUTE", "0.9", "at least 1.0"),
        ("PLANHAT_BURST", "0.9", "at least 1.0"),
        ("PLANHAT_MAX_CONCURRENT_REQUESTS", "0", "at least 1"),
        ("PLANHAT_MAX_CONCURRENT_REQUESTS", "1001", "at most 1000"),
        ("PLANHAT_LANE_CONCURRENCY", "0", "at least 1"),
        ("PLANHAT_LANE_CONCURRENCY", "51", "at most 50"),
        ("PLANHAT_BATCH_SIZE", "0", "at least 1"),
        ("PLANHAT_BATCH_BYTES", "1023", "at least 1024"),
        ("PLANHAT_BATCH_BYTES", "33MiB", "at most 33554432"),
        ("PLANHAT_REQUEST_TIMEOUT_SECONDS", "0.09", "at least 0.1"),
        ("PLANHAT_REQUEST_TIMEOUT_SECONDS", "601", "at most 600.0"),
        ("HTTP_PORT", "-1", "at least 0"),
        ("HTTP_PORT", "65536", "at most 65535"),
        ("LOG_SAMPLE", "-0.1", "at least 0.0"),
        ("LOG_SAMPLE", "1.1", "at most 1.0"),
        ("COMPANY_WAIT_SECONDS", "-1", "at least 0.0"),
        ("COMPANY_WAIT_SECONDS", "86401", "at most 86400.0"),
        ("SHUTDOWN_DRAIN_SECONDS", "86401", "at most 86400.0"),
        ("REJECT_LIMIT", "1.1", "at most 1.0"),
        ("RETRY_ATTEMPTS", "0", "at least 1"),
        ("RETRY_ATTEMPTS", "1001", "at most 1000"),
    ],
)
def test_what_lies_beyond_a_bound_is_told_with_the_bound(name: str, value: str, right: str) -> None:
    assert lines(**{name: value}) == (f"{name}: {value!r}: must be {right}",)


@pytest.mark.parametrize(
    "url", ["https://a.example?x=1", "https://a.example#x", "https://me@a.example"]
)
def test_an_address_with_more_than_a_host_and_a_path_is_no_base(url: str) -> None:
    (line,) = lines(PLANHAT_API_URL=url)

    assert line.endswith("must be a plain address like https://api.planhat.com")


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("mechanism", "KAFKA_SECURITY_PROTOCOL: SASL_SSL: needs KAFKA_SASL_MECHANISM"),
        ("username", "KAFKA_SECURITY_PROTOCOL: SASL_SSL: needs KAFKA_SASL_USERNAME"),
        ("password", "KAFKA_SECURITY_PROTOCOL: SASL_SSL: needs KAFKA_SASL_PASSWORD"),
    ],
)
def test_a_login_that_lacks_a_part_is_told_which(missing: str, line: str) -> None:
    login = {"mechanism": "PLAIN", "username": "me", "password": "pass-word"}
    environ = {
        f"KAFKA_SASL_{name.upper()}": value for name, value in login.items() if name != missing
    }

    assert lines(KAFKA_SECURITY_PROTOCOL="SASL_SSL", **environ) == (line,)


def test_a_blank_token_of_the_connector_settings_is_none() -> None:
    connector = ConnectorSettings.model_validate({"personal_access_token": " "})

    with pytest.raises(InvalidSettings, match="missing"):
        Settings.read({}).planhat.token(connector)


def test_all_wrong_values_are_told_at_once() -> None:
    assert len(lines(PLANHAT_BURST="x", LOG_LEVEL="loud", HTTP_PORT="tcp://1")) == 3


def test_no_secret_is_in_what_is_told_or_shown() -> None:
    environ = {"PLANHAT_ACCESS_TOKEN": "t0p-secret", "PLANHAT_TENANT_ID": "t3nant-id"}

    assert "t0p-secret" not in repr(Settings.read(environ))
    assert "t3nant-id" not in repr(Settings.read(environ))
    assert "t0p" not in "".join(lines(PLANHAT_ACCESS_TOKEN="t0p-secret\x00", PLANHAT_BURST="x"))


def test_both_a_secret_and_its_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a")

    assert lines(PLANHAT_ACCESS_TOKEN="b", PLANHAT_ACCESS_TOKEN_FILE=str(file)) == (
        "PLANHAT_ACCESS_TOKEN: set, and PLANHAT_ACCESS_TOKEN_FILE too: one of them must go",
    )


def test_a_password_file_is_a_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("pass-word\n")

    settings = Settings.read(
        {
            "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_SASL_MECHANISM": "scram-sha-512",
            "KAFKA_SASL_USERNAME": "me",
            "KAFKA_SASL_PASSWORD_FILE": str(file),
        }
    )

    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password() == "pass-word"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "PLANHAT_API_UR",
            "PLANHAT_API_UR: no such setting, ignored; did you mean PLANHAT_API_URL?",
        ),
        ("PLANHAT_XYZXYZ", "PLANHAT_XYZXYZ: no such setting, ignored"),
        ("KAFKA_TOPIC", "KAFKA_TOPIC: no such setting, ignored; did you mean KAFKA_TOPICS?"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_known_one(name: str, line: str) -> None:
    assert unknown_names({name: "x"}) == [line]


def test_unknown_names_are_told_in_order() -> None:
    environ = {"PLANHAT_ZZZZZZ": "x", "PLANHAT_XXXXXX": "x", "HTTP_PORT": "1"}

    assert [line.partition(":")[0] for line in unknown_names(environ)] == [
        "PLANHAT_XXXXXX",
        "PLANHAT_ZZZZZZ",
    ]


@pytest.mark.parametrize(
    "name",
    ["KAFKA_HOME", "PATH", "PLANHAT_SERVICE_HOST", "PLANHAT_PORT_8080_TCP_ADDR", "planhat_burst"],
)
def test_the_names_of_others_are_left_alone(name: str) -> None:
    assert unknown_names({name: "x"}) == []


def test_the_environment_goes_before_the_connector_settings() -> None:
    connector = ConnectorSettings.model_validate(
        {"personal_access_token": "theirs", "tenant_id": "their-tenant", "api_prefix": "api-us2"}
    )
    ours = Settings.read({"PLANHAT_ACCESS_TOKEN": "ours", "PLANHAT_API_URL": "http://sandbox:1"})

    assert Settings.read({}).planhat.token(connector)() == "theirs"
    assert Settings.read({}).planhat.endpoints(connector).api_url == "https://api-us2.planhat.com"
    assert ours.planhat.token(connector)() == "ours"
    assert ours.planhat.endpoints(connector).api_url == "http://sandbox:1"
    assert ours.planhat.endpoints(connector).tenant_id == "their-tenant"


@pytest.mark.parametrize("part", ["token", "endpoints"])
def test_a_missing_credential_is_told_with_where_to_set_it(part: str) -> None:
    with pytest.raises(InvalidSettings, match=r"missing: set it, or"):
        getattr(Settings.read({}).planhat, part)(ConnectorSettings())


def test_every_secret_is_told_to_who_hides_them() -> None:
    connector = ConnectorSettings.model_validate({"personal_access_token": "theirs"})
    hidden: list[str] = []

    Settings.read({"PLANHAT_ACCESS_TOKEN": "ours", "PLANHAT_TENANT_ID": "tenant"}).hide_secrets(
        connector, hidden.append
    )

    assert sorted(hidden) == ["ours", "tenant", "theirs"]


def test_the_documented_table_is_what_the_code_reads() -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$", DOCS.read_text("utf-8"), re.MULTILINE
    )
    documented = [Described(name, default.strip("`"), meaning) for name, default, meaning in rows]

    assert documented == list(described())


def test_every_connector_setting_is_documented() -> None:
    text = DOCS.read_text("utf-8")

    assert [name for name in ConnectorSettings.model_fields if f"`{name}`" not in text] == []


def test_the_documented_example_can_be_used() -> None:
    example = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)[0]

    assert ConnectorSettings.from_text(example, "the example").contact_events == ("Signed in",)
