"""The main job in tenants whose Planhat answers differently where nothing is documented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from planhat_client.sandbox.models import ENDUSERS
from schemas.dialect import Dialect
from tests.integration.hull import CONNECTOR, Hull
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import (
    check,
    contents,
    environment,
    produce,
    until_committed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

TWINS = """
  - {hull_field_name: traits_plan, service_field_name: Plan}
  - {hull_field_name: traits_tariff, service_field_name: plan}
"""

DIALECTS = {
    "an unknown id is refused, a twin fails its item": Dialect(
        unknown_id="refused",
        missing_record="not_found",
        case_twins="item_fails",
        error_entry="el",
        activity_keys=("externalId",),
    ),
    "an unknown id is ignored, a twin fails the request": Dialect(
        unknown_id="ignored",
        missing_record="null",
        case_twins="request_fails",
        error_entry="text",
        rate_limit_headers="none",
        activity_keys=("email",),
    ),
    "an unknown id is created, twins are accepted": Dialect(
        unknown_id="created",
        missing_record="empty_list",
        case_twins="accepted",
        rate_limit_headers="x-ratelimit",
        null_custom="stored",
        array="adds",
    ),
    "the next key counts, one bad item refuses all": Dialect(
        unknown_id="next_key",
        missing_record="empty_object",
        case_twins="item_fails",
        one_bad_item="all_refused",
        error_entry="bare_list",
        same_key_twice="both_refused",
    ),
    "an unknown id refuses all": Dialect(
        unknown_id="refused",
        missing_record="empty_list",
        case_twins="request_fails",
        one_bad_item="all_refused",
        unknown_company="item_error",
        error_entry="el",
    ),
    "an unknown id is ignored, a twin refuses all": Dialect(
        unknown_id="ignored",
        missing_record="not_found",
        case_twins="item_fails",
        one_bad_item="all_refused",
        unknown_company="ignored",
        error_entry="index",
        null_custom="ignored",
        empty_text="cleared",
        same_key_twice="both_applied",
    ),
}


def changed(record: tuple[bytes, bytes], **user: str) -> tuple[bytes, bytes]:
    """The same message with other attributes of the user, who may have moved."""
    key, value = record
    message: dict[str, Any] = json.loads(value)
    message["user"] |= user
    message["changes"]["account"] = {"id": ["account-before", message["account"]["id"]]}
    return key, json.dumps(message).encode()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_all_becomes_true_but_what_no_answer_could_save(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path, dialect: Dialect
) -> None:
    name, hull = topic("events"), Hull(users=20, accounts=3)
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    quota = QuotaOptions(calls_per_window=100_000, calls_per_second=10_000)
    async with SandboxServer(SandboxOptions(quota=quota, dialect=dialect)) as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        (tmp_path / "connector.yaml").write_text(with_twins())
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await produce(kafka, name, hull.changes(60))
            await until_committed(kafka, name, service)
            gone = enduser_id(planhat, 4)
            planhat.state.delete(ENDUSERS, planhat.state.records["endusers"].by_id[gone])

            missing = [changed(hull.user(number)) for number in (31, 32)]
            twins = changed(hull.user(7), traits_plan="Pro", traits_tariff="Free")
            if dialect.case_twins != "accepted":
                hull.user_versions[7] -= 1  # it is the one that is lost
            await produce(kafka, name, [*map(hull.user, (4, 5, 6)), *missing, twins])
            await until_committed(kafka, name, service)

        check(hull, planhat)
        check_what_happened(planhat, dialect, gone)
        letters = [letter.key for letter in await kafka.read(f"{name}-dead")]
        assert letters == ([] if dialect.case_twins == "accepted" else [b"user-7"])
        assert "Traceback" not in (tmp_path / "log").read_text()


def check_what_happened(planhat: SandboxServer, dialect: Dialect, gone: str) -> None:
    """Nobody is there twice, and what the dialect is about did come up."""
    found = [row["externalId"] for row in contents(planhat)["endusers"]]
    assert len(found) == len(set(found))
    assert (enduser_id(planhat, 4) == gone) == (dialect.unknown_id == "created")
    if dialect.unknown_id in ("refused", "ignored"):
        counters = planhat.report()["counters"]
        assert counters["by_resource"]["endusers"][dialect.unknown_id] > 0
    paths = {request["path"] for request in planhat.witness.requests}
    assert {"/endusers/extid-u-31", "/endusers/extid-u-32"} <= paths


def enduser_id(planhat: SandboxServer, number: int) -> str:
    """Planhat's id of a user."""
    (found,) = planhat.state.records["endusers"].having("externalId", f"u-{number}")
    return str(found["_id"])


def with_twins() -> str:
    """The connector settings, with two targets that differ only in case."""
    rows = "contact_custom_attributes_outbound:"
    return CONNECTOR.replace(rows, rows + TWINS.rstrip())
