"""Requests as Planhat documents them, and answers as it may send them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client import protocol
from planhat_client.answers.error_text import error_text
from planhat_client.protocol import (
    Delivered,
    Halt,
    Partial,
    Reject,
    Response,
    Retry,
    read,
    read_activities,
)
from planhat_client.quota import Quota
from schemas.planhat import BulkResult, Resource
from tests.planhat_client.odd_json import ODD_BODIES, ODD_JSON

NOW = 1_800_000_000.0


def test_a_bulk_upsert_is_a_put_of_an_array_with_the_bearer_token() -> None:
    request = protocol.upsert("https://x", "secret", Resource.ENDUSERS, [b'{"a":1}', b'{"b":2}'])

    assert (request.method, request.url) == ("PUT", "https://x/endusers")
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == b'[{"a":1},{"b":2}]'


def test_activities_go_to_the_tenant_without_a_token() -> None:
    bulk = protocol.track("https://x", "ten/ant", [b"{}"])
    single = protocol.track_one("https://x", "ten/ant", b"{}")

    assert (bulk.method, bulk.url, bulk.body) == (
        "POST",
        "https://x/analytics/bulk/ten%2Fant",
        b"[{}]",
    )
    assert (single.method, single.url, single.body) == (
        "POST",
        "https://x/analytics/ten%2Fant",
        b"{}",
    )
    assert bulk.headers == single.headers == {"Content-Type": "application/json"}


def test_what_is_printed_of_a_request_tells_no_secret() -> None:
    requests = [
        protocol.upsert("https://x", "secret", Resource.COMPANIES, [b'{"a":"person"}']),
        protocol.track("https://x", "tenant", [b'{"a":"person"}']),
        protocol.get("https://x", "secret", "users"),
    ]

    told = repr(requests) + repr(Response(200, {}, b"person"))

    assert not {"secret", "tenant", "person"} & set(told.replace("/", " ").split())
    assert "<Request PUT, 16 bytes>" in told


RESULT = b'{"created":1,"createdErrors":[],"updated":0,"nonupdates":0,"insertsKeys":[{"_id":"1"}]}'
HTML = b"<!DOCTYPE html><html><body>Welcome</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(200, RESULT, Delivered, id="200 with a result"),
        pytest.param(200, b'{"created":"many"}', Delivered, id="200 with an odd count"),
        pytest.param(200, b"{}", Delivered, id="200 with nothing in it"),
        pytest.param(200, b'"ok"', Delivered, id="200 with a text"),
        pytest.param(200, b"", Delivered, id="200 empty"),
        pytest.param(200, b" \n", Delivered, id="200 blank"),
        pytest.param(200, b"null", Delivered, id="200 null"),
        pytest.param(201, RESULT, Delivered, id="201"),
        pytest.param(204, b"", Delivered, id="204"),
        pytest.param(200, b'{"createdErrors":["x"]}', Partial, id="200 with errors"),
        pytest.param(200, b'{"createdErrors":"x"}', Partial, id="200 with an error for a list"),
        pytest.param(200, b'{"processed":1,"errors":[{}]}', Partial, id="200 like metrics"),
        pytest.param(200, b'{"error":"boom"}', Partial, id="200 with one error"),
        pytest.param(200, HTML, Halt, id="200 from a web site"),
        pytest.param(200, b"\n<html>", Halt, id="200 from another web site"),
        pytest.param(200, RESULT[:20], Retry, id="200 torn"),
        pytest.param(200, b"\xff\xfe", Retry, id="200 garbage"),
        pytest.param(206, RESULT, Partial, id="206 with a result"),
        pytest.param(206, b'"some failed"', Partial, id="206 with a text"),
        pytest.param(206, b"", Partial, id="206 empty"),
        pytest.param(301, b"", Halt, id="redirect"),
        pytest.param(307, HTML, Halt, id="redirect to a page"),
        pytest.param(400, b'"bad"', Reject, id="400 with a text"),
        pytest.param(400, b"", Reject, id="400 empty"),
        pytest.param(400, b'{"message":"bad"}', Reject, id="400 with a message"),
        pytest.param(400, b'{"createdErrors":[]}', Reject, id="400 with an empty list"),
        pytest.param(400, b'{"createdErrors":[{"a":1}]}', Partial, id="400 with errors"),
        pytest.param(400, RESULT, Partial, id="400 with a result"),
        pytest.param(400, b'[{"error":"bad"}]', Partial, id="400 with a bare list of errors"),
        pytest.param(400, b"[]", Reject, id="400 with a bare list of nothing"),
        pytest.param(400, b'"externalId,email duplicated"', Partial, id="400 duplicated"),
        pytest.param(401, b'"unauthorized"', Halt, id="401"),
        pytest.param(401, RESULT, Halt, id="401 with a result"),
        pytest.param(403, b"", Halt, id="403 empty"),
        pytest.param(403, b'{"error":"Forbidden"}', Halt, id="403 with an error"),
        pytest.param(403, b'{"permissionErrors":[]}', Halt, id="403 with an empty list"),
        pytest.param(403, b'{"permissionErrors":["no"]}', Partial, id="403 with errors"),
        pytest.param(403, b'["Forbidden"]', Halt, id="403 with a bare list"),
        pytest.param(403, b'{"created":0}', Partial, id="403 with counts"),
        pytest.param(404, HTML, Halt, id="404"),
        pytest.param(405, b"", Halt, id="405"),
        pytest.param(408, b"", Retry, id="408"),
        pytest.param(409, b"", Reject, id="409"),
        pytest.param(413, HTML, Reject, id="413"),
        pytest.param(418, b"teapot", Retry, id="unknown"),
        pytest.param(422, b"{}", Reject, id="422"),
        pytest.param(425, b"", Retry, id="425"),
        pytest.param(429, b"Too many requests", Retry, id="429"),
        pytest.param(500, b'{"createdErrors":["x"]}', Retry, id="500 with errors"),
        pytest.param(502, HTML, Retry, id="502"),
        pytest.param(503, b"", Retry, id="503"),
        pytest.param(504, b"", Retry, id="504"),
        pytest.param(999, b"", Retry, id="unheard of"),
    ],
)
def test_each_answer_says_what_to_do_next(status: int, body: bytes, kind: type) -> None:
    assert type(read(Response(status, {}, body))) is kind


@given(st.integers(100, 999), ODD_BODIES)
def test_any_answer_is_survived(status: int, body: bytes) -> None:
    answers = [read(Response(status, {}, body)), read_activities(Response(status, {}, body))]

    assert {type(answer) for answer in answers} <= {Delivered, Partial, Retry, Reject, Halt}


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset"]), st.text()))
def test_any_header_is_survived(headers: dict[str, str]) -> None:
    answer = read(Response(429, {**headers, "x-rate-limit-limit": "inf"}, b""), NOW)

    assert isinstance(answer, Retry)
    assert answer.retry_after is None or 0 <= answer.retry_after <= 3600


def test_a_refused_token_is_told_with_the_region_it_may_belong_to() -> None:
    answer = read(Response(401, {}, b'{"message":"invalid token"}'))

    assert answer == Halt(
        "401 invalid token; is the token valid, and does it belong to this region (api_prefix)?",
        401,
    )


def test_a_missing_path_is_told_as_a_wrong_host() -> None:
    answer = read(Response(404, {}, HTML))

    assert answer == Halt("404; is this the host of Planhat's API?", 404)


def test_the_reason_of_a_partial_success_is_its_first_error() -> None:
    answer = read(Response(206, {}, b'{"created":1,"updatedErrors":[{"error":"bad date"}]}'))

    assert isinstance(answer, Partial)
    assert answer.reason == "206 bad date"
    assert answer.result.created == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (206, b'{"createdErrors":[{"el":"externalId","error":"Not valid type"}]}'),
        (400, b'{"updatedErrors":[[{"el":"externalId","error":"Not valid type"}]]}'),
        (400, b'[{"el":"externalId","error":"Not valid type"}]'),
        (400, b'["externalId: Not valid type", "another"]'),
        (422, b'[{"el":"externalId","error":"Not valid type"}]'),
        (400, b'{"error":{"el":"externalId","error":"Not valid type"}}'),
        (400, b'[{"el":{"externalId":"c-1"},"error":"externalId: Not valid type"}]'),
        (500, b'[{"el":"externalId","message":"Not valid type"}]'),
        (400, b'{"error":["externalId: Not valid type"]}'),
    ],
)
def test_the_reason_names_the_field_and_what_is_wrong_with_it(status: int, body: bytes) -> None:
    answer = read(Response(status, {}, body))

    assert getattr(answer, "reason", None) == f"{status} externalId: Not valid type"


def test_what_a_field_s_name_repeats_of_people_is_masked() -> None:
    body = b'[{"el":"Ada Lovelace","error":"Not valid type"}]'

    answer = read(Response(400, {}, body), clean=lambda text: text.replace("Ada Lovelace", "***"))

    assert getattr(answer, "reason", None) == "400 ***: Not valid type"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (b'{"externalId":"b"}', "403 no permission"),
        (b'"5f1e"', "403 no permission: 5f1e"),
        (b'{"error":"Permission denied"}', "403 Permission denied"),
    ],
)
def test_what_may_not_be_written_says_so(entry: bytes, reason: str) -> None:
    answer = read(Response(403, {}, b'{"permissionErrors":[' + entry + b"]}"))

    assert getattr(answer, "reason", None) == reason


def test_a_reason_repeats_no_data_of_people() -> None:
    bodies = [
        b'{"email":"a@example.com"}',
        b'[{"email":"a@example.com"}]',
        b'[{"email":"a@example.com"',
        b"<p>a@example.com</p>",
    ]

    reasons = [getattr(read(Response(422, {}, body)), "reason", None) for body in bodies]

    assert reasons == ["422"] * 4


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "99999999"}, 3600.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 -0000"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 10:00:30 +0200"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 12.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "12.5"}, 12.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000020"}, 20.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000020000"}, 20.0),
        ({"x-ratelimit-limit": "200", "x-ratelimit-reset": "never"}, None),
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 7.0),
        ({}, None),
    ],
)
def test_the_wait_is_taken_from_whatever_header_tells_it(
    headers: dict[str, str], seconds: float | None
) -> None:
    answer = read(Response(429, headers, b""), NOW)

    assert isinstance(answer, Retry)
    assert answer.retry_after == seconds


def test_a_server_in_trouble_may_say_when_to_come_again() -> None:
    answer = read(Response(503, {"retry-after": "9"}, b""), NOW)

    assert answer == Retry("503", 503, 9.0)


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({"x-rate-limit-limit": "200", "x-rate-limit-remaining": "192"}, Quota(200, 192)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"}, Quota(None, 0, 3.0)),
        ({"x-ratelimit-limit": "200, 200;w=60"}, Quota(200)),
        ({"x-ratelimit-limit": "nan", "x-ratelimit-remaining": "inf"}, None),
        ({"x-ratelimit-reset": "3"}, None),
        ({}, None),
    ],
)
def test_the_quota_is_read_in_both_spellings(headers: dict[str, str], quota: Quota | None) -> None:
    assert read(Response(200, headers, RESULT), NOW).quota == quota


@pytest.mark.parametrize(
    ("quota", "seconds"),
    [(Quota(200, 1, 9.0), 0.0), (Quota(200), 0.0), (Quota(200, 0, 9.0), 9.0), (Quota(200, 0), 1.0)],
)
def test_an_exhausted_quota_closes_until_it_is_reset(quota: Quota, seconds: float) -> None:
    assert quota.closed_seconds == seconds


@pytest.mark.parametrize("body", [b"", b"{}", b"ok", b'{"processed":1,"errors":[]}', RESULT[:9]])
def test_the_status_is_all_the_proof_that_the_analytics_host_gives(body: bytes) -> None:
    answer = read_activities(Response(200, {}, body))

    assert answer == Delivered(None, None, is_whole=True)


def test_an_error_from_the_analytics_host_is_noted_and_nothing_is_sent_again() -> None:
    answer = read_activities(Response(200, {}, b'{"processed":1,"errors":[{"error":"no date"}]}'))

    assert answer == Delivered(None, None, is_whole=True, note="200 no date")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, HTML, Halt),
        (400, b'{"createdErrors":["x"]}', Reject),
        (404, b"", Halt),
        (413, b"", Reject),
        (429, b"", Retry),
        (500, b"", Retry),
    ],
)
def test_the_analytics_host_may_fail_like_any_other(status: int, body: bytes, kind: type) -> None:
    assert type(read_activities(Response(status, {}, body))) is kind


@pytest.mark.parametrize(
    ("status", "body", "rows"),
    [
        (200, b'[{"_id":"1"},2]', [{"_id": "1"}, 2]),
        (200, b"[]", []),
        (200, b'{"a":1}', None),
        (200, b"[1", None),
        (500, b"[]", None),
    ],
)
def test_rows_are_a_list_in_a_success(status: int, body: bytes, rows: object) -> None:
    assert protocol.rows(Response(status, {}, body)) == rows


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("email  duplicated", "email duplicated"),
        ({"error": "no", "item": {"name": "person"}}, "no"),
        ({"item": {"message": "person"}, "error": {"message": "no"}}, "no"),
        ({"error": True, "message": "no"}, "no"),
        ({"code": 11000, "item": {}}, "11000"),
        ([{"code": 11000, "detail": {"why": ["no"]}}], "no"),
        ({"item": {"name": "person"}}, "an error without a message"),
        (None, "an error without a message"),
        ("x" * 1000, "x" * 200),
    ],
)
def test_an_error_is_told_by_its_message_only(entry: object, text: str) -> None:
    assert error_text(entry) == text


@given(ODD_JSON)
def test_an_error_of_any_shape_has_a_text(entry: object) -> None:
    assert 0 < len(error_text(entry)) <= 200


def test_an_error_may_be_nested_without_end() -> None:
    entry: object = "deep"
    for _ in range(5000):
        entry = {"error": entry}

    assert error_text(entry) == "an error without a message"


def test_a_result_survives_a_body_of_any_members() -> None:
    answer = read(Response(200, {}, b'{"created":-1,"updated":true,"nonupdates":2.0,"x":1}'))

    assert answer == Delivered(BulkResult(created=0, updated=0, nonupdates=2))
