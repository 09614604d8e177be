"""When the tenant's fields are read, what is told of them, and which rules hold."""

from __future__ import annotations

import pytest

from consumer.engine.tenant import Tenant, Use
from tests.consumer.joined import rules_of
from tests.consumer.tenant_fields import custom

RULES = rules_of(
    "contact_custom_attributes_outbound: [{hull_field_name: plan, service_field_name: Plan}]"
)
NO_CUSTOM = rules_of(
    "contact_attributes_outbound: [{hull_field_name: a, service_field_name: name}]"
)


def targets(tenant: Tenant) -> list[str]:
    return [field.target for field in tenant.in_force.rules.contact.fields]


@pytest.mark.parametrize("tenant", [Tenant(RULES, "off"), Tenant(NO_CUSTOM, "skip")])
def test_where_nothing_is_asked_of_them_they_are_never_read(tenant: Tenant) -> None:
    assert tenant.is_settled
    assert not tenant.try_now(1e9)


def test_they_are_read_at_the_start_and_then_hourly() -> None:
    tenant = Tenant(RULES, "warn")
    first = tenant.try_now(0.0)
    tenant.read([custom("Plan")], 1.0)

    assert first
    assert [tenant.try_now(now) for now in (3600.0, 3601.0)] == [False, True]


def test_a_fault_is_told_once_and_again_after_it_was_gone() -> None:
    tenant = Tenant(RULES, "warn")
    there, gone = [custom("Plan")], [custom("Other")]

    told = [len(tenant.read(fields, 0.0)) for fields in (gone, gone, there, gone)]

    assert told == [1, 0, 0, 1]


@pytest.mark.parametrize(("use", "sent"), [("warn", ["Plan"]), ("skip", [])])
def test_a_missing_field_is_left_out_only_where_that_is_set(use: Use, sent: list[str]) -> None:
    tenant = Tenant(RULES, use)

    tenant.read([custom("Other")], 0.0)

    assert targets(tenant) == sent


def test_a_field_that_was_created_is_sent_from_then_on() -> None:
    tenant = Tenant(RULES, "skip")
    tenant.read([custom("Other")], 0.0)

    tenant.read([custom("Plan")], 3600.0)

    assert targets(tenant) == ["Plan"]
    assert tenant.faults == ()


def test_what_is_known_holds_while_they_cant_be_read() -> None:
    tenant = Tenant(RULES, "skip")
    tenant.read([custom("Other")], 0.0)

    tenant.failed("403", 3600.0)

    assert targets(tenant) == []
    assert len(tenant.faults) == 1


def test_nobody_waits_for_fields_that_cant_be_read() -> None:
    tenant = Tenant(RULES, "skip")
    waited = not tenant.is_settled

    told = [tenant.failed(reason, 0.0) for reason in ("403", "403", "503")]

    assert waited
    assert tenant.is_settled
    assert told == [True, False, True]
    assert [tenant.try_now(now) for now in (299.0, 300.0)] == [False, True]


def test_a_failure_is_told_again_after_a_reading() -> None:
    tenant = Tenant(RULES, "warn")
    tenant.failed("503", 0.0)
    tenant.read([custom("Plan")], 0.0)

    assert tenant.failed("503", 3600.0)
