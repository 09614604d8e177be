"""Errors of aiokafka become ours by what is to be done; records carry when they came."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka import errors as foreign

from consumer.errors import (
    CommitRefused,
    KafkaBlocked,
    KafkaError,
    KafkaRefused,
    KafkaTooLarge,
    KafkaUnavailable,
)
from consumer.kafka.connection import records, translated


@pytest.mark.parametrize(
    ("error", "ours", "text"),
    [
        (foreign.TopicAuthorizationFailedError("t"), KafkaBlocked, "for the topic t"),
        (foreign.TopicAuthorizationFailedError({"b", "a"}), KafkaBlocked, "for the topic a, b"),
        (foreign.TopicAuthorizationFailedError(), KafkaBlocked, "not authorized for the topic"),
        (foreign.GroupAuthorizationFailedError("g"), KafkaBlocked, "for the group g"),
        (foreign.ClusterAuthorizationFailedError(), KafkaBlocked, "any topic of the cluster"),
        (foreign.InconsistentGroupProtocolError(), KafkaBlocked, "used by another program"),
        (foreign.AuthenticationFailedError("no"), KafkaRefused, "no"),
        (foreign.MessageSizeTooLargeError("big"), KafkaTooLarge, "big"),
        (foreign.CommitFailedError("moved"), CommitRefused, "moved"),
        (foreign.KafkaTimeoutError(), KafkaUnavailable, "KafkaTimeoutError"),
        (ConnectionResetError("reset"), KafkaUnavailable, "reset"),
        (AssertionError(), KafkaUnavailable, "AssertionError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_foreign_error_is_ours_by_what_is_to_be_done(
    error: Exception, ours: type[KafkaError], text: str
) -> None:
    found = translated(error)

    assert type(found) is ours
    assert text in str(found)


@pytest.mark.parametrize(("kind", "is_appended"), [(1, True), (0, False)])
def test_a_record_came_when_kafka_says_so_or_else_now(kind: int, *, is_appended: bool) -> None:
    one: ConsumerRecord[Any, Any] = ConsumerRecord("t", 0, 7, 5000, kind, None, b"", None, 0, 0, ())

    before = time.time()
    (found,) = records({TopicPartition("t", 0): [one]})

    assert found.timestamp == 5.0
    assert (found.since == 5.0) if is_appended else (found.since >= before)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("milliseconds", [-(1 << 63), -(10**17), -1, 10**17, (1 << 63) - 1])
def test_a_timestamp_that_no_calendar_has_is_none_that_hurts(kind: int, milliseconds: int) -> None:
    one: ConsumerRecord[Any, Any] = ConsumerRecord(
        "t", 0, 7, milliseconds, kind, None, b"", None, 0, 0, ()
    )

    before = time.time()
    (found,) = records({TopicPartition("t", 0): [one]})

    assert 0.0 <= found.timestamp <= 253_402_300_799.0
    assert before <= found.since <= time.time()
