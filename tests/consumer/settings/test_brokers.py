import pytest

from consumer.settings import Settings
from schemas.settings_error import InvalidSettings

FORMS = {
    "kafka:9092": "kafka:9092",
    " a:9092 , b:9093,": "a:9092,b:9093",
    ",,a:1,,b:2,": "a:1,b:2",
    '"kafka:9092"': "kafka:9092",
    "'a:9092,b:9092'": "a:9092,b:9092",
    "'a:9092','b:9092'": "a:9092,b:9092",
    "kafka:9092/": "kafka:9092",
    "kafka": "kafka",
    "kafka_1.my-net:9092": "kafka_1.my-net:9092",
    "10.0.0.1:65535": "10.0.0.1:65535",
    "[::1]:9092": "[::1]:9092",
    "[fe80::1%eth0]:9092": "[fe80::1%eth0]:9092",
    "::1": "::1",
    "::ffff:10.0.0.1": "::ffff:10.0.0.1",
    "kafka.svc.:9092": "kafka.svc.:9092",
    "köln:9092": "köln:9092",
    "PLAINTEXT://kafka:9092": "kafka:9092",
    "plaintext://a:9092/,PLAINTEXT://b:9092": "a:9092,b:9092",
    "PLAINTEXT://[::1]:9092": "[::1]:9092",
}

WRONG = {
    ",": "must name at least one",
    '""': "must name at least one",
    "kafka:": "'kafka:' is no address: write host:port, comma separated",
    "kafka:http": "'kafka:http' is no address: write host:port, comma separated",
    "kafka:0": "the port of 'kafka:0' must be 1 to 65535",
    "a:9092,b:65536": "the port of 'b:65536' must be 1 to 65535",
    "kafka:-1": "'kafka:-1' is no address: write host:port, comma separated",
    ":9092": "':9092' is no address: write host:port, comma separated",
    "a:9092 b:9092": "'a:9092 b:9092' is no address: write host:port, comma separated",
    "a:9092;b:9092": "'a:9092;b:9092' is no address: write host:port, comma separated",
    "kafka:9092/topic": "'kafka:9092/topic' is no address: write host:port, comma separated",
    "[::1:9092": "'[::1:9092' is no address: write host:port, comma separated",
    "kafka..svc:9092": "'kafka..svc:9092' is no address: write host:port, comma separated",
    ".:9092": "'.:9092' is no address: write host:port, comma separated",
    ":::": "':::' is no address: write host:port, comma separated",
    "[1:2:3]:9092": "'[1:2:3]:9092' is no address: write host:port, comma separated",
    "http://kafka:9092": "'http' is no protocol of Kafka: write host:port, comma separated",
    "kafka://kafka:9092": "'kafka' is no protocol of Kafka: write host:port, comma separated",
}


@pytest.mark.parametrize("text", FORMS)
def test_the_forms_in_which_people_write_brokers_are_taken(text: str) -> None:
    kafka = Settings.read({"KAFKA_BOOTSTRAP_SERVERS": text}).kafka

    assert kafka.bootstrap_servers == FORMS[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_broker_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({"KAFKA_BOOTSTRAP_SERVERS": text})

    assert caught.value.lines == (f"KAFKA_BOOTSTRAP_SERVERS: {text!r}: {WRONG[text]}",)


def test_a_name_with_a_part_that_is_too_long_to_be_looked_up_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="is no address: write host:port"):
        Settings.read({"KAFKA_BOOTSTRAP_SERVERS": f"{'a' * 64}.svc:9092"})


@pytest.mark.parametrize("text", ["SSL://a:9092", "a:9092,sasl_ssl://b:9092", "'SSL://a:9092'"])
def test_a_protocol_that_is_not_the_one_we_speak_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({"KAFKA_BOOTSTRAP_SERVERS": text})

    (line,) = caught.value.lines
    assert line.startswith("KAFKA_BOOTSTRAP_SERVERS: says S")
    assert line.endswith("but KAFKA_SECURITY_PROTOCOL is PLAINTEXT: make them the same")


def test_the_protocol_that_we_speak_may_be_written_before_a_broker() -> None:
    kafka = Settings.read(
        {"KAFKA_BOOTSTRAP_SERVERS": "SSL://a:9093", "KAFKA_SECURITY_PROTOCOL": "ssl"}
    ).kafka

    assert kafka.bootstrap_servers == "a:9093"


@pytest.mark.parametrize(
    "text",
    [
        "me:pass-word@kafka:9092",
        "SASL_SSL://me:pass-word@kafka:9092",
        "PLAINTEXT://me:pass-word@kafka:9092",
        "a:9092,me:pass-word@b:9092",
        "me:pass/pass-word,pass-word@kafka:9092",
        "'me:pass-word@kafka:9092'",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(
            {"KAFKA_BOOTSTRAP_SERVERS": text, "KAFKA_SECURITY_PROTOCOL": text.partition(":/")[0]}
            if text.startswith("PLAIN")
            else {"KAFKA_BOOTSTRAP_SERVERS": text}
        )

    (line,) = caught.value.lines
    assert line.startswith("KAFKA_BOOTSTRAP_SERVERS: ")
    assert "pass" not in line.replace("no password", "").replace("KAFKA_SASL_PASSWORD", "")
