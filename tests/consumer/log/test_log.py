import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer import log
from consumer.log.clean import Cleaner
from consumer.log.masking import Secrets

LOG = structlog.get_logger("consumer.test")


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError


def crash() -> None:
    try:
        int("of jane@acme.com")
    except ValueError as error:
        raise ExceptionGroup("both", [RuntimeError("one")]) from error


@pytest.fixture(name="out")
def _out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_an_object_with_the_agreed_fields_first(out: io.StringIO) -> None:
    log.configure(stream=out)

    LOG.info("batch.sent", resource="endusers", items=3)

    line = written(out)[0]
    assert list(line) == ["timestamp", "level", "event", "logger", "resource", "items"]
    assert (line["level"], line["event"], line["logger"]) == ("info", "batch.sent", "consumer.test")
    assert line["timestamp"].endswith("Z")


def test_bound_context_is_in_each_line(out: io.StringIO) -> None:
    log.configure(stream=out)

    with structlog.contextvars.bound_contextvars(topic="t"):
        LOG.bind(partition=3).info("record.rejected")

    assert written(out)[0]["topic"] == "t"
    assert written(out)[0]["partition"] == 3


def test_a_level_that_is_off_writes_nothing(out: io.StringIO) -> None:
    log.configure("warning", stream=out)

    LOG.info("batch.sent")
    logging.getLogger("aiohttp.server").info("started")

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "nan"),
        (2**70, "0x400000000000000000"),
        (b"\xff\x00ok", "\ufffd\x00ok"),
        ("line\nbreak", "line\nbreak"),
        ("\ud800", "?"),
        (Unspeakable(), "<Unspeakable>"),
        ({1: {"x@y.com": (True, None)}}, {"1": {"x***@y***.com": [True, None]}}),
        (range(2), "range(0, 2)"),
    ],
)
def test_any_value_makes_a_valid_line(out: io.StringIO, value: object, expected: object) -> None:
    log.configure(stream=out)

    LOG.info("x.y", value=value)

    assert written(out)[0]["value"] == expected


def test_a_value_that_holds_itself_ends(out: io.StringIO) -> None:
    log.configure(stream=out)
    value: list[Any] = []
    value.append(value)

    LOG.info("x.y", value=value)

    assert len(written(out)) == 1


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_like, max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_line_is_one_line_of_json_whatever_is_in_it(event: dict[str, Any]) -> None:
    line = log.json_line(Cleaner(Secrets(), keeps_emails=False).event(event))

    assert "\n" not in line
    assert isinstance(json.loads(line), dict)


SECRETS = ("pl4nted", 'quo"ted', "back\\slash", "tab\there", "über-secret", "a/b c")
said = st.lists(
    st.sampled_from([*SECRETS, "@", "%40", "jane@acme.com", "é", "\ud800", "\x00", "x" * 9000, '"'])
    | st.text(max_size=5),
    max_size=3,
).map("".join)


@given(st.dictionaries(said, said | json_like | st.integers(2**52, 2**65), max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_is_clean_at_one_look_would_not_be_changed(event: dict[str, Any]) -> None:
    secrets = Secrets()
    for secret in SECRETS:
        secrets.add(secret)
    cleaner = Cleaner(secrets, keeps_emails=False)

    found, cleaned = cleaner.event(event), cleaner.value(event)

    assert repr(found) == repr(cleaned)


def test_an_exception_is_data_with_its_cause_and_its_members(out: io.StringIO) -> None:
    log.configure(stream=out)

    try:
        crash()
    except ExceptionGroup:
        LOG.exception("service.crashed")

    line = written(out)[0]
    assert line["level"] == "error"
    assert line["exception"]["type"] == "ExceptionGroup"
    assert line["exception"]["cause"]["type"] == "ValueError"
    assert "'of j***@a***.com'" in line["exception"]["cause"]["message"]
    assert line["exception"]["exceptions"][0]["message"] == "one"
    assert "test_log.py" in line["exception"]["stack"][-1]


def test_what_is_hidden_is_nowhere(out: io.StringIO) -> None:
    log.hide("pl4nted")
    log.configure(stream=out)

    LOG.info("x.pl4nted", pl4nted="pl4nted", deep=[{"pl4nted": b"pl4nted"}])
    logging.getLogger("aiohttp").error("Bearer %s", "pl4nted", exc_info=ValueError("pl4nted"))

    assert len(written(out)) == 2
    assert "pl4nted" not in out.getvalue()


def test_a_secret_learnt_later_is_hidden_from_then_on(out: io.StringIO) -> None:
    log.configure(stream=out)
    log.hide("r0tated")

    LOG.info("x.y", value="r0tated")

    assert written(out)[0]["value"] == "***"


def test_a_secret_at_the_cut_of_a_long_text_leaves_no_half(out: io.StringIO) -> None:
    log.hide("sssecrettt")
    log.configure(stream=out)

    LOG.info("x.y", value="-" * 7995 + "sssecrettt" + "-" * 100)

    assert "sss" not in out.getvalue()


def test_addresses_are_written_in_full_only_if_told(out: io.StringIO) -> None:
    log.configure(stream=out)
    LOG.info("x.y", email="jane@acme.com")
    log.configure(stream=out, keeps_emails=True)
    LOG.info("x.y", email="jane@acme.com")

    assert [line["email"] for line in written(out)] == ["j***@a***.com", "jane@acme.com"]


def test_the_logs_of_others_have_the_same_form(out: io.StringIO) -> None:
    log.configure(stream=out)

    logging.getLogger("aiokafka.consumer").warning("Heartbeat failed for %s", "jane@acme.com")

    line = written(out)[0]
    assert (line["logger"], line["level"]) == ("aiokafka.consumer", "warning")
    assert line["event"] == "Heartbeat failed for j***@a***.com"


def test_a_foreign_line_whose_arguments_do_not_fit_is_written_all_the_same(
    out: io.StringIO,
) -> None:
    log.configure(stream=out)

    logging.getLogger("aiokafka").error("%d records", "x")

    assert written(out)[0]["event"] == "%d records"


def test_a_foreign_line_that_repeats_is_kept_back(out: io.StringIO) -> None:
    log.configure(stream=out)

    for _ in range(50):
        logging.getLogger("aiokafka").error("Unable to connect to %s", "broker")

    assert len(written(out)) == 1


def test_warnings_are_logged(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log.configure(stream=out)
        warnings.warn("old ways", stacklevel=1)

    assert written(out)[0]["logger"] == "py.warnings"


def test_a_closed_stream_stops_nobody(out: io.StringIO) -> None:
    log.configure(stream=out)
    out.close()

    LOG.error("x.y")


def test_lines_for_people_show_what_matters_on_one_line(out: io.StringIO) -> None:
    log.configure(form="console", stream=out)

    LOG.info("batch.sent", items=3, reason="two words", raw="\x1b[31m\n")

    line = out.getvalue()
    assert line.count("\n") == 1
    assert re.match(r"\d{4}-\d\d-\d\dT\S+Z \[info     ] batch\.sent +\[consumer\.test] ", line)
    assert line.rstrip().endswith("items=3 reason='two words' raw=\\x1b[31m\\n")


def test_no_sign_of_a_line_for_people_commands_their_terminal(out: io.StringIO) -> None:
    log.configure(form="console", stream=out)
    evil = "\x9b31m\u202egnp\x1b[2J\r\n"

    LOG.bind(**{evil: [evil, {evil: evil}]}).info(evil, value=evil, spaced=f"a {evil}")
    structlog.get_logger(evil).error(evil, exc_info=ValueError(evil))

    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_lines_for_people_show_exceptions_below(out: io.StringIO) -> None:
    log.configure(form="console", stream=out)

    LOG.error("x.y", exc_info=ValueError("what happened"))

    assert "\n    ValueError: what happened" in out.getvalue()


def test_no_sign_of_a_line_for_machines_commands_a_terminal(out: io.StringIO) -> None:
    log.configure(stream=out)
    evil = "\x9b31m \u202egnp \x7f \u2028 \U000e0001 \x1b[2J \r\n ü"

    LOG.info("x.y", value=evil, **{"\u200fname": 1})

    line = out.getvalue()
    assert line.rstrip("\n").isprintable()
    assert json.loads(line)["value"] == evil
    assert "ü" in line
