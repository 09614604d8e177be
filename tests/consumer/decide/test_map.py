from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from consumer.decide import map as to
from consumer.decide import reasons
from consumer.decide.custom.faults import keyed
from consumer.decide.custom.fit import Fitting
from consumer.decide.decision import Payload
from consumer.decide.message import AccountMessage, UserMessage
from consumer.decide.read import lenient
from consumer.decide.route import route
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from schemas.hull import Event
from tests.consumer.tenant_fields import custom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Body


def row(source: str, target: str, **more: str) -> dict[str, str]:
    return {"hull_field_name": source, "service_field_name": target, **more}


SETTINGS: dict[str, Any] = {
    "contact_attributes_outbound": [
        row("email", "email"),
        row("external_id", "externalId"),
        row("traits_crm/title", "position"),
        row("traits_crm/tags", "tags"),
        row("is_champion", "featured"),
        row("account.name", "companyName"),
        row("account.external_id", "Company id (*)"),
    ],
    "contact_custom_attributes_outbound": [
        row("logins", "Logins"),
        row("app/plan.name", "Plan.name"),
        row("app/last_login_at", "Last login"),
        row("app/birth_date", "Birthday"),
    ],
    "account_attributes_outbound": [row("name", "name"), row("crm/owner", "owner")],
    "account_licenses_attribute": "billing/licenses",
    "account_licenses_attributes_outbound": [
        row("id", "externalId"),
        row("currency", "_currency"),
        row("start", "fromDate"),
        row("end", "toDate"),
        row("mrr", "mrr"),
        row("value", "value"),
        row("fixed", "fixedPeriod"),
    ],
    "account_licenses_custom_attributes_outbound": [row("terms.seats", "Seats")],
}
LICENCE = {"id": 7, "currency": "EUR", "start": "2019-12-11T11:46:08+02:00", "mrr": 499}


def rules(**settings: Any) -> Rules:  # noqa: ANN401 - as pasted
    return Rules.compile(ConnectorSettings.model_validate(SETTINGS | settings))


RULES = rules()


def user(attributes: dict[str, Any], account: dict[str, Any] | None = None) -> UserMessage:
    message, _ = lenient({"user": {"id": "u1", **attributes}, "account": account})
    found = route(message, None, is_export=False)
    assert isinstance(found, UserMessage)
    return found


def account(**attributes: Any) -> AccountMessage:  # noqa: ANN401 - any JSON
    message, _ = lenient({"account": {"id": "a1", **attributes}})
    found = route(message, None, is_export=False)
    assert isinstance(found, AccountMessage)
    return found


@pytest.mark.parametrize(
    ("attributes", "body"),
    [
        ({}, {}),
        ({"email": "ada@acme.example"}, {"email": "ada@acme.example"}),
        ({"external_id": 17}, {"externalId": "17"}),
        ({"external_id": None, "email": ""}, {}),
        ({"is_champion": False}, {"featured": False}),
        ({"traits_is_champion": 0}, {"featured": 0}),
        ({"crm": {"title": "", "tags": []}}, {"position": "", "tags": []}),
        ({"crm/tags": "beta"}, {"tags": ["beta"]}),
        ({"crm/title": None}, {}),
        ({"logins": 0}, {"custom": {"Logins": 0}}),
        ({"app/plan.name": "Pro"}, {"custom": {"Plan.name": "Pro"}}),
        (
            {"traits_app/last_login_at": "2018-03-30 14:38:02 UTC"},
            {"custom": {"Last login": "2018-03-30T14:38:02Z"}},
        ),
        ({"app/last_login_at": "never"}, {"custom": {"Last login": "never"}}),
        ({"app/birth_date": "1990-05-01"}, {"custom": {"Birthday": "1990-05-01"}}),
        ({"logins": ["a", "b"]}, {"custom": {"Logins": ["a", "b"]}}),
        ({"logins": {"web": 1}}, {"custom": {"Logins": '{"web":1}'}}),
        ({"logins": [{"web": 1}, 2]}, {"custom": {"Logins": ['{"web":1}', 2]}}),
        ({"crm/tags": [{"a": None}]}, {"tags": ['{"a":null}']}),
        ({"crm/title": {"en": "Head"}}, {"position": '{"en":"Head"}'}),
        ({"logins": "x" * 5000}, {"custom": {"Logins": "x" * 5000}}),
        ({"planhat/id": "p1"}, {"_id": "p1"}),
        ({"traits_planhat/id": "p1"}, {"_id": "p1"}),
        ({"planhat": {"id": "p1"}}, {"_id": "p1"}),
        ({"planhat/id": None}, {}),
        ({"unmapped": 1}, {}),
    ],
    ids=str,
)
def test_a_user_is_written_as_the_table_says(
    attributes: dict[str, Any], body: dict[str, Any]
) -> None:
    assert to.enduser(user(attributes), RULES) == body


def test_an_attribute_of_the_account_reaches_the_user() -> None:
    message = user({}, {"id": "a1", "name": "Acme", "external_id": "acme"})

    assert to.enduser(message, RULES) == {"companyName": "Acme"}


IF_SET = {
    "contact_attributes_outbound": [
        row("email", "email"),
        row("crm/title", "position", overwrite="if_set"),
        row("crm/tags", "tags", overwrite="if_set"),
        row("is_champion", "featured", overwrite="if_set"),
        row("last_seen", "lastActive", overwrite="if_set"),
    ],
    "contact_custom_attributes_outbound": [row("logins", "Logins", overwrite="if_set")],
    "send_null_values": True,
}


@pytest.mark.parametrize("target", ["crm/title", "crm/tags", "is_champion", "last_seen", "logins"])
@pytest.mark.parametrize(
    "empty", [None, "", " \t", "\u200b", [], {}, [""], [None, " "], [{}]], ids=repr
)
def test_an_empty_value_clears_nothing_where_overwrite_is_if_set(
    target: str, empty: object
) -> None:
    left: list[tuple[str, str]] = []

    body = to.enduser(user({"email": "a@b.example", target: empty}), rules(**IF_SET), left)

    assert body == {"email": "a@b.example"}


@pytest.mark.parametrize(
    ("target", "value", "body"),
    [
        ("is_champion", False, {"featured": False}),
        ("logins", 0, {"custom": {"Logins": 0}}),
        ("logins", False, {"custom": {"Logins": False}}),
        ("logins", [0], {"custom": {"Logins": [0]}}),
        ("crm/title", "0", {"position": "0"}),
        ("crm/tags", ["", "beta"], {"tags": ["beta"]}),
    ],
)
def test_false_and_zero_are_data_where_overwrite_is_if_set(
    target: str, value: object, body: Body
) -> None:
    assert to.enduser(user({target: value}), rules(**IF_SET)) == body


def test_a_row_that_writes_nothing_leaves_the_one_before_it() -> None:
    twice = rules(
        contact_attributes_outbound=[
            row("name", "position"),
            row("crm/title", "position", overwrite="if_set"),
        ],
        contact_custom_attributes_outbound=[],
    )

    assert to.enduser(user({"name": "Ada", "crm/title": ""}), twice) == {"position": "Ada"}


def test_an_empty_value_of_a_licence_clears_nothing_where_overwrite_is_if_set() -> None:
    listed = rules(
        account_licenses_custom_attributes_outbound=[row("seats", "Seats", overwrite="if_set")],
        send_null_values=True,
    )
    message = account(**{"billing/licenses": [{**LICENCE, "seats": None}]})

    (payload,) = to.items(message, listed.lists[0], listed).payloads

    assert "custom" not in payload.body


def test_the_type_of_the_tenants_field_leaves_overwrite_as_it_is() -> None:
    fitting = Fitting(keyed([custom("Logins", "rich text")]), None, skips_faulty=False)

    assert to.enduser(user({"logins": " "}), fitting.rules(rules(**IF_SET))) == {}


def test_null_is_sent_only_where_the_settings_say_so() -> None:
    message = user({"crm/title": None, "logins": None, "email": None})

    body = to.enduser(message, rules(send_null_values=True))

    assert body == {"position": None, "custom": {"Logins": None}}


def test_the_last_row_with_a_value_wins_a_target() -> None:
    table = [row("a", "position"), row("b", "position"), row("c", "position")]

    body = to.enduser(user({"a": "A", "b": "B"}), rules(contact_attributes_outbound=table))

    assert body == {"position": "B"}


@pytest.mark.parametrize(
    ("attributes", "body"),
    [
        ({"name": "Acme", "external_id": "acme"}, {"externalId": "acme", "name": "Acme"}),
        ({"name": "Acme", "external_id": 17}, {"externalId": "17", "name": "Acme"}),
        ({"name": "Acme", "external_id": None}, {"name": "Acme"}),
        ({"name": 1664, "planhat": {"id": "p1"}}, {"_id": "p1", "name": "1664"}),
        ({"name": "Acme", "crm/owner": "nobody"}, {"name": "Acme", "owner": "nobody"}),
    ],
    ids=str,
)
def test_a_company_carries_its_external_id_unmapped(
    attributes: dict[str, Any], body: dict[str, Any]
) -> None:
    assert to.company({"id": "a1", **attributes}, RULES) == body


def test_a_mapped_external_id_comes_before_the_account_s_own() -> None:
    mapped = rules(account_attributes_outbound=[row("crm/key", "externalId")])

    assert to.company({"external_id": "x", "crm/key": "k"}, mapped) == {"externalId": "k"}
    assert to.company({"external_id": "x", "crm/key": None}, mapped) == {"externalId": "x"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ()),
        ({"owner": "x"}, ("owner",)),
        ({"owner": None, "coOwner": "y"}, ("coOwner",)),
        ({"coOwner": "y", "owner": "x"}, ("owner", "coOwner")),
    ],
    ids=str,
)
def test_owners_are_told_where_they_are_named(
    body: dict[str, Any], fields: tuple[str, ...]
) -> None:
    assert to.owner_fields(body) == fields


def activity(event: dict[str, Any], message: UserMessage) -> Payload:
    author = to.author(message, to.enduser(message, RULES))
    return to.activity(msgspec.convert(event, Event), message.hull_id, author)


def test_an_event_becomes_an_activity_of_the_user_in_the_company() -> None:
    message = user(
        {"email": "ada@acme.example", "external_id": "u-1", "name": "Ada"},
        {"id": "a1", "external_id": "acme"},
    )
    event = {
        "event": "Signed in",
        "event_id": "e1",
        "created_at": "2018-03-30 14:38:02 UTC",
        "properties": {"pages": 3, "referrer": None, "beta": False},
    }

    found = activity(event, message)

    assert found.key == "u1"
    assert found.event_id is not None
    expected = {
        "action": "Signed in",
        "info": {"pages": 3, "referrer": None, "beta": False},
        "date": "2018-03-30T14:38:02Z",
        "name": "Ada",
        "email": "ada@acme.example",
        "externalId": "u-1",
        "companyExternalId": "acme",
    }
    assert found.body.items() >= expected.items()


@pytest.mark.parametrize("created_at", [None, "soon", {}, 0], ids=repr)
def test_an_event_without_a_date_that_can_be_read_is_kept(created_at: object) -> None:
    found = activity({"event": "Signed in", "created_at": created_at}, user({"email": "a@b.c"}))

    assert found.body["action"] == "Signed in"
    assert "date" not in found.body


SIGNED_IN = {"event": "Signed in", "event_id": "991", "created_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "same",
    [
        {"event_id": " 991 "},
        {"event": "Signed in "},
        {"created_at": "2026-01-01 00:00:00 UTC"},
        {"created_at": 1767225600000},
        {"properties": {"page": 2}},
    ],
    ids=str,
)
def test_an_event_is_the_same_by_its_id_and_moment_however_they_are_written(
    same: dict[str, object],
) -> None:
    message = user({"email": "a@b.c"})

    assert activity(SIGNED_IN | same, message).event_id == activity(SIGNED_IN, message).event_id


@pytest.mark.parametrize(
    "other",
    [
        {"event": "Signed out"},
        {"event_id": "992"},
        {"created_at": "2026-01-01T00:00:01Z"},
        {"created_at": "some day"},
        {"created_at": None},
    ],
    ids=str,
)
def test_an_event_of_another_name_id_or_moment_is_another(other: dict[str, object]) -> None:
    message = user({"email": "a@b.c"})

    assert activity(SIGNED_IN | other, message).event_id != activity(SIGNED_IN, message).event_id


def test_an_event_of_another_user_is_another_whatever_its_id() -> None:
    ada, grace = user({"id": "u1", "email": "a@b.c"}), user({"id": "u2", "email": "a@b.c"})

    assert activity(SIGNED_IN, ada).event_id != activity(SIGNED_IN, grace).event_id


@pytest.mark.parametrize("event_id", [None, "", " "], ids=repr)
def test_an_empty_event_id_is_none(event_id: object) -> None:
    found = activity({"event": "Signed in", "event_id": event_id}, user({"email": "a@b.c"}))

    assert found.event_id is None


def test_an_activity_leaves_out_what_is_not_known() -> None:
    found = activity({"event": "Signed in"}, user({"email": "a@b.c"}))

    assert found.body == {"action": "Signed in", "info": {}, "email": "a@b.c"}


def licences(found: object, left: to.Left | None = None) -> tuple[Sequence[Payload], Sequence[str]]:
    (listed,) = RULES.lists
    items = to.items(account(**{"billing/licenses": found}), listed, RULES, left)
    return items.payloads, items.rejected


@pytest.mark.parametrize(
    "written",
    [
        [LICENCE],
        {"items": [LICENCE], "total": 1},
        json.dumps([LICENCE]),
        json.dumps({"x": [LICENCE]}),
    ],
    ids=lambda written: type(written).__name__,
)
def test_a_licence_list_is_read_as_a_list_an_object_or_a_text(written: object) -> None:
    payloads, rejected = licences(written)

    body: Body = {
        "externalId": "7",
        "_currency": "EUR",
        "fromDate": "2019-12-11T09:46:08Z",
        "mrr": 499,
    }
    assert payloads == [Payload("a1/7", body)]
    assert rejected == []


@pytest.mark.parametrize(
    "written",
    [None, [], {}, "", "none", "[", 7, {"a": [], "b": [LICENCE]}, "[" * 5000, "NaN"],
    ids=lambda written: repr(written)[:20],
)
def test_what_is_no_licence_list_has_no_licences(written: object) -> None:
    assert licences(written) == ([], [])


def test_a_licence_is_custom_by_grouped_names_too() -> None:
    payloads, _ = licences([{**LICENCE, "terms": {"seats": 0}, "end": "2020-12-11"}])

    assert payloads[0].body["custom"] == {"Seats": 0}
    assert payloads[0].body["toDate"] == "2020-12-11"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": None}, "externalId is missing"),
        ({"currency": ""}, "_currency is missing"),
        ({"start": None}, "fromDate is missing"),
        ({"mrr": None}, "mrr is missing"),
        ({"mrr": None, "value": 5}, "mrr is missing"),
        ({"mrr": None, "fixed": False, "value": 5}, "mrr is missing"),
        ({"mrr": None, "fixed": True}, "value is missing"),
    ],
    ids=str,
)
def test_a_licence_without_a_required_field_costs_itself(changed: dict[str, Any], why: str) -> None:
    payloads, rejected = licences([{**LICENCE, **changed}, LICENCE, "x"])

    assert [payload.key for payload in payloads] == ["a1/7"]
    assert rejected == [f"licence 0: {why}", "licence 2: not an object"]


@pytest.mark.parametrize("changed", [{"mrr": 0}, {"mrr": None, "fixed": True, "value": 5}], ids=str)
def test_a_licence_needs_its_amount_by_its_kind(changed: dict[str, Any]) -> None:
    payloads, rejected = licences([{**LICENCE, **changed}])

    assert (len(payloads), rejected) == (1, [])


def test_a_licence_says_which_of_its_members_is_of_a_wrong_type() -> None:
    _, rejected = licences([{**LICENCE, "start": "some day"}, {**LICENCE, "mrr": {"n": 1}}])

    assert rejected == [
        "licence 0: fromDate is no date that can be read",
        "licence 1: mrr is no number that can be written",
    ]


def test_a_licence_is_mended_where_the_meaning_is_plain() -> None:
    odd = {"id": " L-1 ", "mrr": "499", "fixed": "false", "end": "Wed, 11 Dec 2019 09:46:08 GMT"}
    left: to.Left = []

    (payload,), _ = licences([{**LICENCE, **odd, "value": "much"}], left)

    assert payload.key == "a1/L-1"
    assert (
        payload.body.items()
        >= {
            "externalId": "L-1",
            "mrr": 499,
            "fixedPeriod": False,
            "toDate": "2019-12-11T09:46:08Z",
        }.items()
    )
    assert left == [("value", reasons.NOT_A_NUMBER)]


@pytest.mark.parametrize(
    ("found", "is_told"),
    [
        ("no JSON", True),
        ({"a": [], "b": []}, True),
        (7, True),
        (None, False),
        ("", False),
        ({}, False),
        (rb'[{"id": "cut \ud83d"}]'.decode(), False),
    ],
    ids=repr,
)
def test_licences_that_are_no_list_are_told(found: object, is_told: bool) -> None:  # noqa: FBT001 - a column
    left: to.Left = []

    licences(found, left)

    assert left == ([("billing/licenses", "no list of licences")] if is_told else [])


def test_an_owner_and_a_company_are_named_without_blanks() -> None:
    message = account(**{"external_id": " acme\n", "crm/owner": " grace@acme.example "})

    found = to.company(message.account, RULES)

    assert found == {"externalId": "acme", "owner": "grace@acme.example"}


@pytest.mark.parametrize(
    ("attributes", "enduser", "named"),
    [
        ({"email": "a@b.example"}, {}, {"email": "a@b.example"}),
        ({"email": "a@b.example"}, {"email": "c@d.example"}, {"email": "c@d.example"}),
        ({"external_id": 7}, {}, {"externalId": "7"}),
        ({"external_id": 7}, {"externalId": "8"}, {"externalId": "8"}),
        ({"name": "Ann"}, {"name": "Mapped"}, {"name": "Ann"}),
        ({"name": ""}, {}, {}),
        ({"name": ["Ann"], "email": " "}, {}, {}),
    ],
    ids=str,
)
def test_an_author_is_who_was_sent_or_else_who_hull_says(
    attributes: dict[str, Any], enduser: dict[str, Any], named: dict[str, str]
) -> None:
    found = to.author(user(attributes), enduser)

    assert {name: found[name] for name in ("name", "email", "externalId") if name in found} == named


def test_an_author_is_named_by_each_spelling_of_its_keys() -> None:
    found = to.author(user({"external_id": "u"}, {"id": "a1", "external_id": "a"}), {})

    assert found.items() >= {"externalId": "u", "id": "u", "euExtId": "u"}.items()
    assert found.items() >= {"companyExternalId": "a", "cId": "a"}.items()


def test_what_a_list_does_not_offer_is_left_out_and_told() -> None:
    known = rules(
        contact_custom_attributes_outbound=[row("plans", "Plans"), row("tier", "Tier")],
        unknown_list_values="skip",
    )
    fields = keyed(
        [
            custom("Plans", "multipicklist", listValues=["Gold", "Silver"]),
            custom("Tier", "list", listValues=["A"]),
        ]
    )
    fitting = Fitting(fields, None, skips_faulty=False)
    left: to.Left = []

    body = to.enduser(user({"plans": ["gold", "Bronze"], "tier": "B"}), fitting.rules(known), left)

    assert body == {"custom": {"Plans": ["Gold"]}}
    assert left == [("Plans", reasons.NOT_OFFERED), ("Tier", reasons.NOT_OFFERED)]
