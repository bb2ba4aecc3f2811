"""From an answer to the documented error, or to the meaning of one that is not documented."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors as e
from roomtone import signalwire as sw
from roomtone._core.decode import lenient_json, request_id
from roomtone._core.faults import THROTTLING_CODES, ErrorTable, fault, retry_after
from roomtone._core.operation import Operation, WireReply
from roomtone.chime_sdk_meetings import (
    BadRequestException,
    ChimeSDKMeetingsError,
    ChimeSDKMeetingsPermissionDeniedError,
    ChimeSDKMeetingsThrottledError,
    LimitExceededException,
    NotFoundException,
    ServiceUnavailableException,
)
from roomtone.chime_sdk_meetings import operations as meetings
from roomtone.chime_sdk_meetings.errors import ERRORS as MEETINGS
from roomtone.chime_sdk_voice import ThrottledClientException
from roomtone.chime_sdk_voice import operations as voice
from roomtone.chime_sdk_voice.errors import ERRORS as VOICE
from roomtone.ivs import ChannelNotBroadcasting, IVSError, IVSServiceFaultError
from roomtone.ivs import operations as ivs
from roomtone.ivs.errors import ERRORS as IVS
from roomtone.ivschat import ConflictException as ChatConflict
from roomtone.ivschat import operations as ivschat
from roomtone.ivschat.errors import ERRORS as IVSCHAT
from roomtone.signalwire import operations as signalwire
from roomtone.signalwire.errors import ERRORS as SIGNALWIRE

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


def told(
    operation: Operation[Any, Any], table: ErrorTable, status: int, body: object = None, **headers: str
) -> e.ApiError:
    """The error of one answer; header names with underscores for hyphens."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    reply = WireReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)
    return fault(operation, reply, table, content=lenient_json(raw), request_id=request_id(reply.headers), now=NOW)


def from_meetings(status: int, body: object = None, **headers: str) -> e.ApiError:
    return told(meetings.GET_MEETING, MEETINGS, status, body, **headers)


def from_signalwire(status: int, body: object = None, **headers: str) -> e.ApiError:
    return told(signalwire.CONFERENCES_START_STREAM, SIGNALWIRE, status, body, **headers)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("NotFoundException", {}),
        ("NotFoundException:http://internal.amazon.com/coral/", {}),
        ("aws.protocoltests#NotFoundException", {}),
        ("aws.protocoltests#NotFoundException:http://x/", {"code": "Other"}),
        (None, {"code": "NotFoundException"}),
        (None, {"Code": "NotFoundException"}),
        (None, {"__type": "com.amazon#NotFoundException"}),
        (None, {"code": "", "Code": None, "__type": "NotFoundException"}),
        (None, {"code": 5, "Code": "NotFoundException"}),
    ],
)
def test_where_an_aws_error_has_its_code(header: str | None, body: dict[str, Any]) -> None:
    """The header goes before the body's code, Code and __type; the code is cut at the first colon, after the last #."""
    headers = {"x_amzn_errortype": header} if header else {}
    error = from_meetings(404, body, **headers)
    assert type(error) is NotFoundException
    assert error.code == "NotFoundException"


@pytest.mark.parametrize("name", ["message", "Message", "exceptionMessage"])
def test_where_an_aws_error_has_its_message(name: str) -> None:
    """`message`, `Message` and IVS's `exceptionMessage` are all the message."""
    error = told(ivs.GET_STREAM, IVS, 404, {"__type": "ChannelNotBroadcasting", name: "off air"})
    assert type(error) is ChannelNotBroadcasting
    assert error.message == "off air"
    assert isinstance(error, e.NotFoundError)


def test_an_error_tells_all_that_came() -> None:
    """Status, headers, body, request id and the operation are on the error."""
    body = {"Code": "BadRequest", "Message": "no", "extra": [1]}
    error = from_meetings(400, body, x_amzn_errortype="BadRequestException", x_amzn_requestid="r-1")
    assert type(error) is BadRequestException
    assert (error.status, error.code, error.body, error.details) == (400, "BadRequestException", body, [])
    assert error.headers == {"x-amzn-errortype": "BadRequestException", "x-amzn-requestid": "r-1"}
    assert (error.service, error.operation, error.request_id) == ("chime-sdk-meetings", "GetMeeting", "r-1")
    assert error.retry_after is None
    assert str(error) == ("chime-sdk-meetings.GetMeeting: BadRequestException (HTTP 400): no (request id r-1)")


def test_an_error_of_another_operation_is_found_too() -> None:
    """A code is looked up among all errors of the service."""
    assert "LimitExceededException" not in meetings.GET_MEETING.errors
    error = from_meetings(400, {"code": "LimitExceededException"})
    assert type(error) is LimitExceededException
    assert isinstance(error, e.QuotaExceededError)


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (400, "Brand.New", e.InvalidRequestError),
        (405, "", e.InvalidRequestError),
        (413, "", e.InvalidRequestError),
        (422, "", e.InvalidRequestError),
        (401, "", e.AuthenticationError),
        (402, "", e.QuotaExceededError),
        (403, "", e.PermissionDeniedError),
        (403, "InvalidSignatureException", e.AuthenticationError),
        (403, "ExpiredTokenException", e.AuthenticationError),
        (400, "IncompleteSignatureException", e.AuthenticationError),
        (403, "UnrecognizedClientException", e.AuthenticationError),
        (404, "", e.NotFoundError),
        (410, "", e.NotFoundError),
        (409, "", e.ConflictError),
        (429, "", e.ThrottledError),
        (429, "Anything", e.ThrottledError),
        (400, "SlowDown", e.ThrottledError),
        (400, "ThrottledClientException", e.ThrottledError),
        (500, "", e.ServiceFaultError),
        (501, "", e.ServiceFaultError),
        (599, "", e.ServiceFaultError),
        (502, "", e.UnavailableError),
        (503, "", e.UnavailableError),
        (504, "", e.UnavailableError),
    ],
)
def test_what_is_not_documented_has_a_meaning(status: int, code: str, meaning: type[e.ApiError]) -> None:
    """An unknown code gets the service's class of its meaning; without a code, the status is the code."""
    error = from_meetings(status, {"code": code} if code else None)
    assert type(error) is MEETINGS.meanings[meaning]
    assert isinstance(error, meaning)
    assert isinstance(error, ChimeSDKMeetingsError)
    assert (error.status, error.code) == (status, code or str(status))


@pytest.mark.parametrize("status", [100, 300, 301, 302, 304, 307, 308])
def test_a_status_that_is_no_errors_has_the_services_base(status: int) -> None:
    """A redirect has no meaning among errors: the base of the service tells it."""
    assert type(from_meetings(status, b"moved", location="https://evil.example/")) is ChimeSDKMeetingsError


@pytest.mark.parametrize("code", sorted(THROTTLING_CODES))
def test_every_throttling_code_is_throttling(code: str) -> None:
    """What AWS calls throttling in any of its ways is a ThrottledError for every service."""
    for status in (400, 429, 503):
        for operation, table in ((meetings.GET_MEETING, MEETINGS), (ivs.GET_STREAM, IVS), (voice.GET_SIP_RULE, VOICE)):
            assert isinstance(told(operation, table, status, {"__type": code}), e.ThrottledError)


def test_the_documented_throttling_of_voice() -> None:
    """429 ThrottledClientException is the documented class, under throttling."""
    error = told(voice.GET_SIP_RULE, VOICE, 429, {"Message": "slow"}, x_amzn_errortype="ThrottledClientException")
    assert type(error) is ThrottledClientException
    assert isinstance(error, e.ThrottledError)


@pytest.mark.parametrize(
    ("status", "code", "maybe"),
    [
        (400, "BadRequestException", False),
        (429, "", False),
        (500, "", True),
        (500, "ThrottlingException", False),
        (502, "", True),
        (503, "", False),
        (503, "ServiceUnavailableException", False),
        (504, "", True),
    ],
)
def test_which_errors_leave_it_open_whether_it_was_done(status: int, code: str, maybe: bool) -> None:
    """A 5xx does, but 503 and throttling say that the request was not taken on."""
    assert from_meetings(status, {"code": code}).maybe_processed is maybe


def test_modelled_members_are_attributes() -> None:
    """Members from the body and from a header are typed attributes of the documented class."""
    error = told(
        ivschat.CREATE_ROOM,
        IVSCHAT,
        409,
        {"__type": "ConflictException", "message": "m", "resourceId": "r", "resourceType": "ROOM"},
    )
    assert isinstance(error, ChatConflict)
    assert (error.resource_id, error.resource_type) == ("r", "ROOM")
    busy = from_meetings(503, None, x_amzn_errortype="ServiceUnavailableException", retry_after="7")
    assert isinstance(busy, ServiceUnavailableException)
    assert (busy.retry_after_seconds, busy.retry_after) == ("7", 7.0)


@pytest.mark.parametrize("content", [{}, {"resourceId": None}, {"resourceId": 5}, [], "text"])
def test_an_error_is_told_even_when_its_members_do_not_fit(content: object) -> None:
    """A required member that is missing or of another type never hides the error."""
    error = told(ivschat.CREATE_ROOM, IVSCHAT, 409, content, x_amzn_errortype="ConflictException")
    assert isinstance(error, ChatConflict)
    assert error.resource_id is None
    assert error.body == content


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", None), (b"<html>502</html>", "<html>502</html>"), (b"[1, 2]", [1, 2]), (b"caf\xe9", "caf\ufffd")],
)
def test_bodies_that_are_no_object(content: bytes, text: object) -> None:
    """HTML, lists and nothing at all leave the meaning to the status."""
    error = told(ivs.GET_STREAM, IVS, 500, content)
    assert type(error) is IVSServiceFaultError
    assert isinstance(error, IVSError)
    assert (error.message, error.body, error.code) == ("", text, "500")


@pytest.mark.parametrize(
    ("status", "body", "code", "message", "details"),
    [
        (
            404,
            {"code": 20404, "message": "not found", "more_info": "https://x", "status": 400},
            "20404",
            "not found",
            [{"code": 20404, "message": "not found", "more_info": "https://x", "status": 400}],
        ),
        (404, {"code": "20404"}, "20404", "", [{"code": "20404"}]),
        (
            422,
            {"errors": [{"code": "21201", "message": "no To", "more_info": "x"}, {"code": "2", "message": "b"}]},
            "21201",
            "no To; b",
            [{"code": "21201", "message": "no To", "more_info": "x"}, {"code": "2", "message": "b"}],
        ),
        (
            422,
            {"errors": ["Url is bad", "Track is bad"]},
            "422",
            "Url is bad; Track is bad",
            ["Url is bad", "Track is bad"],
        ),
        (
            422,
            {
                "type": "validation_error",
                "code": "missing",
                "message": "no name",
                "attribute": "name",
                "url": "https://x",
            },
            "missing",
            "no name",
            [
                {
                    "type": "validation_error",
                    "code": "missing",
                    "message": "no name",
                    "attribute": "name",
                    "url": "https://x",
                }
            ],
        ),
        (
            400,
            {"code": None, "message": None, "errors": [{"code": 5, "message": "inner"}]},
            "5",
            "inner",
            [{"code": 5, "message": "inner"}],
        ),
        (400, {}, "400", "", []),
        (400, {"code": ["a"], "message": ["b"]}, "400", "", [{"code": ["a"], "message": ["b"]}]),
        (400, {"code": True, "message": "m"}, "400", "m", [{"code": True, "message": "m"}]),
        (
            400,
            {"errors": [{"message": "a"}, {"code": 7, "message": "b"}]},
            "7",
            "a; b",
            [{"message": "a"}, {"code": 7, "message": "b"}],
        ),
        (400, {"code": 7, "message": "m", "errors": None}, "7", "m", [{"code": 7, "message": "m", "errors": None}]),
        (400, {"errors": "text"}, "400", "", []),
        (400, {"errors": []}, "400", "", []),
        (400, {"errors": [5, "b", None]}, "400", "b", [5, "b", None]),
        (400, [1], "400", "", [1]),
        (400, [{"code": 7, "message": "m"}], "7", "m", [{"code": 7, "message": "m"}]),
        (400, b"<html>", "400", "", []),
        (400, None, "400", "", []),
    ],
)
def test_signalwires_bodies(status: int, body: object, code: str, message: str, details: list[object]) -> None:
    """One error, several, sentences, typed ones, none of these: code, message and details are what can be known."""
    error = from_signalwire(status, body, x_request_id="r-1")
    assert (error.code, error.message, error.details) == (code, message, details)
    assert (error.status, error.request_id) == (status, "r-1")
    assert isinstance(error, sw.SignalWireError)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, e.InvalidRequestError),
        (401, e.AuthenticationError),
        (402, e.QuotaExceededError),
        (403, e.PermissionDeniedError),
        (404, e.NotFoundError),
        (409, e.ConflictError),
        (422, e.InvalidRequestError),
        (429, e.ThrottledError),
        (500, e.ServiceFaultError),
        (503, e.UnavailableError),
    ],
)
def test_signalwires_statuses(status: int, meaning: type[e.ApiError]) -> None:
    """The HTTP status gives the meaning, whatever the body's own status or code say: AWS's codes say nothing here."""
    error = from_signalwire(status, {"status": 418, "code": "Throttling", "message": "m"})
    assert type(error) is SIGNALWIRE.meanings[meaning]
    assert issubclass(type(error), meaning)


def test_the_generic_class_of_another_meaning_stays_apart() -> None:
    """One meaning's class is not caught as another's."""
    error = from_meetings(403)
    assert type(error) is ChimeSDKMeetingsPermissionDeniedError
    assert not isinstance(error, e.AuthenticationError)
    assert not issubclass(ChimeSDKMeetingsThrottledError, e.UnavailableError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "1500", "retry-after": "9"}, 1.5),
        ({"x-amz-retry-after": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 13:00:30 +0100"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:59:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 99 Nov 2026 11:59:00 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 99999 11:59:00 GMT"}, None),
    ],
)
def test_how_long_the_service_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds of AWS's own header, else seconds or a date; a date that has passed is no wait; nonsense is none."""
    assert retry_after(headers, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks(text: str) -> None:
    """Any text in either header gives a finite wait of zero or more, or none."""
    for headers in ({"retry-after": text}, {"x-amz-retry-after": text}):
        wait = retry_after(headers, NOW)
        assert wait is None or 0 <= wait < float("inf")


def test_an_error_class_in_a_table_is_found_by_its_code_alone() -> None:
    """The table is data: a service that documents one more code has one more class."""

    class Novel(ChimeSDKMeetingsError, e.ConflictError):
        pass

    table = evolve(MEETINGS, documented={**MEETINGS.documented, "Novel": Novel})
    assert type(told(meetings.GET_MEETING, table, 400, {"code": "Novel"})) is Novel
