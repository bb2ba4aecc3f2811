"""From an answer to the operation's response, or to the reason why it does not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from roomtone import errors
from roomtone._core.decode import decode, lenient_json, request_id
from roomtone._core.operation import Operation, WireReply
from roomtone.chime_sdk_meetings import operations as meetings
from roomtone.chime_sdk_meetings.errors import ERRORS as MEETINGS_ERRORS
from roomtone.ivs import ListStreamsResponse, TagResourceResponse
from roomtone.ivs import operations as ivs
from roomtone.ivs.errors import ERRORS as IVS_ERRORS
from roomtone.signalwire import operations as signalwire
from roomtone.signalwire.errors import ERRORS as SIGNALWIRE_ERRORS

DEEP = b'{"streams":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

TABLES = {
    ivs.LIST_STREAMS: IVS_ERRORS,
    ivs.GET_CHANNEL: IVS_ERRORS,
    meetings.CREATE_MEETING: MEETINGS_ERRORS,
    signalwire.CALLS_GET: SIGNALWIRE_ERRORS,
    signalwire.CALLS_LIST: SIGNALWIRE_ERRORS,
}
OPERATIONS = list(TABLES)


def answer(body: bytes | str, status: int = 200, **headers: str) -> WireReply:
    return WireReply(status, headers, body if isinstance(body, bytes) else body.encode())


def unfit(operation: Operation[Any, Any], reply: WireReply) -> errors.DecodeError:
    with pytest.raises(errors.DecodeError) as caught:
        decode(operation, reply, TABLES[operation])
    error = caught.value
    assert error.reply is not None
    assert error.reply.value is None
    assert (error.reply.status, error.reply.body) == (reply.status, reply.body)
    assert (error.service, error.operation) == (operation.service.name, operation.name)
    assert error.maybe_processed
    return error


def test_any_2xx_is_a_success() -> None:
    """201 for 200 and the like are successes; the response class is the operation's."""
    for status in (200, 201, 202, 299):
        assert decode(ivs.LIST_STREAMS, answer('{"streams":[]}', status), IVS_ERRORS) == ListStreamsResponse(streams=[])


def test_an_operation_without_output_has_none_whatever_the_body() -> None:
    """204 without a body, and a body nobody asked for, are both None."""
    for reply in (answer(b"", 204), answer(b"OK"), answer(b"\xff")):
        assert decode(meetings.DELETE_MEETING, reply, MEETINGS_ERRORS) is None


def test_a_page_is_no_answer_of_an_operation_without_output() -> None:
    """HTML with a 200 comes from whoever stands before the service, so nothing was deleted."""
    page = WireReply(200, {"content-type": "text/HTML; charset=utf-8"}, b"<html>Log in</html>")
    with pytest.raises(errors.DecodeError, match="it is a page"):
        decode(meetings.DELETE_MEETING, page, MEETINGS_ERRORS)
    assert decode(meetings.DELETE_MEETING, WireReply(204, page.headers, b""), MEETINGS_ERRORS) is None


def test_an_empty_modelled_output_is_its_class() -> None:
    """`{}` and nothing at all give the empty response where nothing is expected in it."""
    for body in (b"", b"{}"):
        assert decode(ivs.TAG_RESOURCE, answer(body), IVS_ERRORS) == TagResourceResponse()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "CreateMeetingResponse is missing from the answer, which has no body"),
        (b"{}", "CreateMeetingResponse.meeting is missing from the answer"),
        (b'{"Meeting":null}', "CreateMeetingResponse.meeting is missing from the answer"),
        (b'{"Meeting":{}}', "CreateMeetingResponse.meeting.meeting_id is missing from the answer"),
        (b'{"Meeting":[]}', "CreateMeetingResponse.meeting must be an object, not list"),
        (b'{"Meeting":{"MeetingId":5}}', "CreateMeetingResponse.meeting.meeting_id must be a str, not int"),
        (b"null", "CreateMeetingResponse must be an object, not NoneType"),
        (b"[]", "CreateMeetingResponse must be an object, not list"),
        (b'"text"', "CreateMeetingResponse must be an object, not str"),
        (b"<html></html>", "CreateMeetingResponse is not JSON"),
        (b'{"Meeting":', "CreateMeetingResponse is not JSON"),
        (b'{"Meeting":NaN}', "CreateMeetingResponse is not JSON"),
        (b'{"Meeting":-Infinity}', "CreateMeetingResponse is not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "CreateMeetingResponse is not JSON"),
        (b"\xef\xbb\xbf{}", "CreateMeetingResponse is not JSON"),
        (b'{"Meeting":"\xff"}', "CreateMeetingResponse is not UTF-8"),
        ('{"Meeting":{}}'.encode("utf-16"), "CreateMeetingResponse is not UTF-8"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else "",
)
def test_a_success_that_is_none(body: bytes, reason: str) -> None:
    """What is no JSON object, or lacks what is always answered, is a DecodeError that carries the answer."""
    error = unfit(meetings.CREATE_MEETING, WireReply(200, {"x-amzn-requestid": "r-1"}, body))
    assert error.message == f"the answer does not fit: {reason}"
    assert error.request_id == "r-1"
    assert error.reply is not None
    assert error.reply.request_id == "r-1"


def test_an_answer_nested_too_deeply() -> None:
    """Nesting that no parser can hold is a DecodeError, not a RecursionError."""
    assert unfit(ivs.LIST_STREAMS, answer(DEEP)).message == "the answer does not fit: it is nested too deeply"


@pytest.mark.parametrize("status", [100, 199, 300, 301, 304, 400, 404, 500, 599, 999])
def test_what_is_no_2xx_is_an_error_of_the_service(status: int) -> None:
    """Every other status is an ApiError under the service's base, whatever the body."""
    for body in (b"", b"{}", b"<html>", b"[1]", b"\xff\xfe", DEEP):
        with pytest.raises(IVS_ERRORS.base) as caught:
            decode(ivs.LIST_STREAMS, answer(body, status), IVS_ERRORS)
        assert caught.value.status == status
        assert caught.value.code == str(status)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"", None),
        (b" \r\n", None),
        (b'{"a":[1]}', {"a": [1]}),
        (b"null", None),
        (b"<html>", "<html>"),
        (b"caf\xe9", "caf\ufffd"),
        (b"9" * 5000, "9" * 5000),
    ],
    ids=range(7),
)
def test_an_errors_body_is_read_as_it_comes(body: bytes, content: object) -> None:
    """An error's body is parsed JSON, or its text, or None when it is empty."""
    assert lenient_json(body) == content


def test_the_request_id_is_found_by_its_names() -> None:
    """AWS's two names go before SignalWire's; an empty one is none."""
    assert request_id({"x-amz-request-id": "2", "x-amzn-requestid": "1", "x-request-id": "3"}) == "1"
    assert request_id({"x-amz-request-id": "2", "x-request-id": "3"}) == "2"
    assert request_id({"x-request-id": "3"}) == "3"
    assert request_id({"x-amzn-requestid": ""}) is None


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
# Bodies that come near to the real thing reach further into the codec than any random one.
near_bodies = st.fixed_dictionaries(
    {},
    optional={
        "Meeting": st.fixed_dictionaries({}, optional={"MeetingId": json_values, "TenantIds": json_values}),
        "streams": st.lists(st.fixed_dictionaries({}, optional={"startTime": json_values, "viewerCount": json_values})),
        "channel": st.fixed_dictionaries({}, optional={"arn": json_values, "tags": json_values}),
        "calls": st.lists(st.fixed_dictionaries({}, optional={"price": json_values, "start_time": json_values})),
        "duration": json_values,
        "price": json_values,
        "start_time": json_values,
        "subresource_uris": json_values,
        "message": json_values,
        "code": json_values,
        "errors": json_values,
        "__type": json_values,
    },
)
bodies = st.binary() | st.builds(lambda value: json.dumps(value).encode(), json_values | near_bodies)


@given(st.sampled_from(OPERATIONS), st.sampled_from([200, 201, 204, 301, 400, 404, 429, 500, 503]), bodies)
@example(ivs.LIST_STREAMS, 200, b'{"streams":[{"startTime":1e400}]}')
@example(ivs.LIST_STREAMS, 200, b'{"streams":[{"startTime":-99999999999999}]}')
@example(signalwire.CALLS_GET, 200, b'{"price":"sNaN","duration":1e400,"start_time":"Tue, 99 Sept 2018"}')
def test_no_body_breaks_the_decoder(operation: Operation[Any, Any], status: int, body: bytes) -> None:
    """Any bytes under any status give the response class or raise a RoomtoneError, never anything else."""
    try:
        value = decode(operation, answer(body, status), TABLES[operation])
    except errors.RoomtoneError as error:
        assert isinstance(error, errors.DecodeError if status < 300 else TABLES[operation].base)
        str(error)
    else:
        assert status < 300
        assert type(value) is operation.response


@given(st.dictionaries(st.sampled_from(["retry-after", "x-amz-retry-after", "x-amzn-errortype"]), st.text()))
def test_no_header_breaks_the_decoder(headers: dict[str, str]) -> None:
    """Whatever an error's headers say, the error is told."""
    for status in (400, 503):
        with pytest.raises(MEETINGS_ERRORS.base) as caught:
            decode(meetings.CREATE_MEETING, WireReply(status, headers, b"{}"), MEETINGS_ERRORS)
        wait = caught.value.retry_after
        assert wait is None or wait >= 0
