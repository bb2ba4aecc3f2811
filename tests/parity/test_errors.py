"""Every documented error of every service, as the service answers it, becomes its class under its meaning."""

from __future__ import annotations

import json
from typing import Any

import botocore.parsers
import pytest
from botocore.awsrequest import HeadersDict

import roomtone
from parity.shapes import (
    SERVICES,
    Maker,
    Subject,
    as_json,
    error_table,
    needs_locked_botocore,
    package,
    package_name,
    params_of,
    subjects,
)
from parity.shapes import service_model as model_of
from parity.wire import Answers
from roomtone import errors
from roomtone._core.decode import decode
from roomtone._core.operation import WireReply

PARSER = botocore.parsers.create_parser("rest-json")
DOCUMENTED = [
    (service, shape.name)
    for service in SERVICES
    for shape in model_of(service).error_shapes
    if shape.name in error_table(service).documented
]
IDS = [f"{service}.{name}" for service, name in DOCUMENTED]

MEANING_OF_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.QuotaExceededError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    410: errors.NotFoundError,
    422: errors.InvalidRequestError,
    429: errors.ThrottledError,
    500: errors.ServiceFaultError,
    503: errors.UnavailableError,
}
# Where the documented name tells more than the status.
MEANING_OF_NAME: dict[str, type[errors.ApiError]] = {
    "LimitExceededException": errors.QuotaExceededError,
    "ResourceLimitExceededException": errors.QuotaExceededError,
    "TooManyTagsException": errors.QuotaExceededError,
}

# What a documented error has in another place: `.code`, `.message`, `.request_id`, `.headers`.
ELSEWHERE = {
    "Code",
    "Message",
    "RequestId",
    "exceptionMessage",
    "message",
    "xAmznErrorType",
    "accessControlAllowOrigin",
    "accessControlExposeHeaders",
    "cacheControl",
    "contentSecurityPolicy",
    "strictTransportSecurity",
    "xContentTypeOptions",
    "xFrameOptions",
}
REQUEST_ID = "0f1e-2d3c"


def shape_of(service: str, name: str) -> Any:
    return next(shape for shape in model_of(service).error_shapes if shape.name == name)


def status_of(shape: Any) -> int:
    status: int = shape.metadata["error"]["httpStatusCode"]
    return status


def meaning_of(shape: Any) -> type[errors.ApiError]:
    return MEANING_OF_NAME.get(shape.name, MEANING_OF_STATUS[status_of(shape)])


def service_base(service: str) -> type[errors.ApiError]:
    return error_table(service).base


def first_operation(service: str) -> Subject:
    return next(one for one in subjects() if one.service == service)


def answered(
    service: str,
    status: int,
    body: bytes | dict[str, Any] = b"",
    headers: dict[str, str] | None = None,
) -> errors.ApiError:
    """The error that an answer becomes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(errors.ApiError) as caught:
        decode(first_operation(service).operation, WireReply(status, headers or {}, data), error_table(service))
    return caught.value


def message_names(shape: Any) -> list[str]:
    return [name for name in ("message", "Message", "exceptionMessage") if name in shape.members] or ["Message"]


def as_answered(shape: Any) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """The headers and the body with which a service answers an error, and the members in them by the API's names."""
    members = as_json(Maker("full", shape.name).value(shape), "epoch")
    places = {name: shape.members[name].serialization for name in members}
    headers = {
        places[name]["name"].lower(): value
        for name, value in members.items()
        if places[name].get("location") == "header" and name != "xAmznErrorType"
    }
    body = {name: value for name, value in members.items() if "location" not in places[name]}
    body[message_names(shape)[0]] = "it went wrong: grün"
    return headers, body, {name: value for name, value in members.items() if name not in ELSEWHERE}


def member_values(error: errors.ApiError, shape: Any) -> dict[str, Any]:
    """A typed error's modelled members by the API's names."""
    found = {}
    for name in shape.members:
        if name not in ELSEWHERE:
            value = getattr(error, _python_name(name))
            found[name] = [roomtone.to_wire(item) for item in value] if isinstance(value, list) else value
    return found


def _python_name(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def check_class(error: errors.ApiError, service: str, shape: Any) -> None:
    cls = getattr(package(service), shape.name)
    assert type(error) is cls
    assert cls.__name__ == shape.name
    assert isinstance(error, service_base(service))
    assert isinstance(error, meaning_of(shape))
    assert error.status == status_of(shape)
    assert error.code == shape.name


@needs_locked_botocore
def test_no_documented_error_is_missing() -> None:
    """Each service's table has the errors of botocore's model and no other."""
    for service in SERVICES:
        assert set(error_table(service).documented) == {shape.name for shape in model_of(service).error_shapes}
    assert len(DOCUMENTED) >= 77


@pytest.mark.anyio
@pytest.mark.parametrize(("service", "name"), DOCUMENTED, ids=IDS)
async def test_every_documented_error_is_caught_in_every_way(
    service: str, name: str, live: roomtone.Client, network: Answers
) -> None:
    """The answer over HTTP is caught by its name, by its meaning and by its service, and carries what came."""
    shape = shape_of(service, name)
    headers, body, members = as_answered(shape)
    network.status = status_of(shape)
    network.headers = {"x-amzn-ErrorType": name, "x-amzn-RequestId": REQUEST_ID, **headers}
    network.body = json.dumps(body).encode()
    one = first_operation(service)
    client = getattr(live, package_name(service)).with_options(max_attempts=1)
    request = roomtone.from_wire(one.operation.request, params_of(one, "minimal"))
    for caught_as in (getattr(package(service), name), meaning_of(shape), service_base(service), errors.ApiError):
        with pytest.raises(caught_as) as caught:
            await client.send(request)
        error = caught.value
        check_class(error, service, shape)
        assert error.message == "it went wrong: grün"
        assert error.request_id == REQUEST_ID
        assert error.service == service
        assert error.operation == one.model.name
        assert error.attempts == 1
        assert error.body == body
        assert error.headers["x-amzn-errortype"] == name
        assert member_values(error, shape) == members
        assert name in str(error)
        assert "it went wrong" in str(error)
        assert REQUEST_ID in str(error)


@pytest.mark.parametrize(("service", "name"), DOCUMENTED, ids=IDS)
def test_botocore_reads_the_same_out_of_it(service: str, name: str) -> None:
    """Code, message, request id and members are those that botocore's parser finds, where it finds them at all."""
    shape = shape_of(service, name)
    headers, body, _ = as_answered(shape)
    headers = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/x/", "x-amzn-requestid": REQUEST_ID, **headers}
    data = json.dumps(body).encode()
    error = answered(service, status_of(shape), data, headers)
    response = {"status_code": status_of(shape), "headers": HeadersDict(headers), "body": data}
    theirs = PARSER.parse(response, None)
    assert model_of(service).shape_for_error_code(theirs["Error"]["Code"]).name == name
    theirs.update(PARSER.parse(response, shape))
    assert error.code == theirs["Error"]["Code"] == name
    assert error.request_id == theirs["ResponseMetadata"]["RequestId"]
    if "exceptionMessage" not in body:  # botocore shows an empty message for these
        assert error.message == theirs["Error"]["Message"]
    members = {key: value for key, value in theirs.items() if key in shape.members and key not in ELSEWHERE}
    assert member_values(error, shape) == members


@pytest.mark.parametrize(("service", "name"), DOCUMENTED, ids=IDS)
def test_a_code_is_known_in_all_its_spellings(service: str, name: str) -> None:
    """The code is found in the header and in the body, with a namespace, a URI, or neither."""
    shape = shape_of(service, name)
    status = status_of(shape)
    spellings = (
        name,
        f"{name}:",
        f"{name}:http://internal.amazon.com/coral/com.amazon.coral.validate/",
        f"aws.protocoltests.restjson#{name}",
        f"aws.protocoltests.restjson#{name}:http://internal.amazon.com/coral/com.amazon.coral.validate/",
    )
    for spelling in spellings:
        for message in ("message", "Message", "exceptionMessage"):
            said = {message: "no"}
            for error in (
                answered(service, status, said, {"x-amzn-errortype": spelling}),
                answered(service, status, {**said, "__type": spelling}),
                answered(service, status, {**said, "code": spelling}),
                answered(service, status, {**said, "Code": spelling}),
                # The header is what counts when the body says another code.
                answered(service, status, {**said, "Code": "Other"}, {"x-amzn-errortype": spelling}),
            ):
                check_class(error, service, shape)
                assert error.message == "no"


@pytest.mark.parametrize(("service", "name"), DOCUMENTED, ids=IDS)
def test_a_documented_error_without_members_is_told_all_the_same(service: str, name: str) -> None:
    """An answer with nothing but its code, or with members of another type, still is the documented error."""
    shape = shape_of(service, name)
    for body in (b"", b"{}", b"null", b"[1]", b"not json", b"\xff\xfe"):
        error = answered(service, status_of(shape), body, {"x-amzn-errortype": name})
        check_class(error, service, shape)
        assert error.message == ""
        assert all(value is None for value in member_values(error, shape).values())
    odd = {member: {"odd": [1]} for member in shape.members}
    error = answered(service, status_of(shape), odd, {"x-amzn-errortype": name})
    check_class(error, service, shape)
    assert error.message == ""
    assert error.body == odd


@pytest.mark.parametrize(("service", "name"), DOCUMENTED, ids=IDS)
def test_a_documented_error_can_be_built_by_hand(service: str, name: str) -> None:
    """A documented error built in a test has its documented status and code, and takes its members by keyword."""
    shape = shape_of(service, name)
    cls = getattr(package(service), name)
    error = cls("off air", request_id="r-1")
    check_class(error, service, shape)
    assert (error.message, error.request_id) == ("off air", "r-1")
    assert all(value is None for value in member_values(error, shape).values())
    given = {_python_name(member): f"given {member}" for member in shape.members if member not in ELSEWHERE}
    assert {key: getattr(cls("x", **given), key) for key in given} == given
    assert cls("x", status=599, code="Else").status == 599
    with pytest.raises(TypeError, match=f"{name}.*unexpected keyword argument 'colour'"):
        cls("x", colour="red")


def test_building_one_by_hand_as_documented() -> None:
    """The example of the documentation holds."""
    from roomtone.ivs import ChannelNotBroadcasting

    error = ChannelNotBroadcasting("off air", request_id="r-1")
    assert (error.status, error.code) == (404, "ChannelNotBroadcasting")
    assert str(error) == "ChannelNotBroadcasting (HTTP 404): off air (request id r-1)"


UNDOCUMENTED: list[tuple[int, type[errors.ApiError]]] = [
    *MEANING_OF_STATUS.items(),
    (405, errors.InvalidRequestError),
    (413, errors.InvalidRequestError),
    (418, errors.InvalidRequestError),
    (501, errors.ServiceFaultError),
    (502, errors.UnavailableError),
    (504, errors.UnavailableError),
    (599, errors.ServiceFaultError),
]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("status", "meaning"), UNDOCUMENTED)
def test_what_is_not_documented_has_the_services_class_of_its_meaning(
    service: str, status: int, meaning: type[errors.ApiError]
) -> None:
    """Another code, an HTML page or an empty body still is an error of the service and of its status's meaning."""
    html = b"<html><body><h1>Service Unavailable</h1></body></html>"
    for body, headers, code, told in (
        (b"", {}, str(status), None),
        (html, {"content-type": "text/html"}, str(status), html.decode()),
        (
            b'{"message": "hm"}',
            {"x-amzn-errortype": "NoSuchThingException:"},
            "NoSuchThingException",
            {"message": "hm"},
        ),
        (b'{"__type": "x#Weird"}', {}, "Weird", {"__type": "x#Weird"}),
    ):
        error = answered(service, status, body, headers)
        assert type(error) is error_table(service).meanings[meaning]
        assert isinstance(error, meaning)
        assert isinstance(error, service_base(service))
        assert error.status == status
        assert error.code == code
        assert error.body == told
        assert error.message == ("hm" if code == "NoSuchThingException" else "")
        assert str(status) in str(error)
        assert "<html>" not in str(error)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (400, "ThrottledException", errors.ThrottledError),
        (400, "RequestLimitExceeded", errors.ThrottledError),
        (503, "SlowDown", errors.ThrottledError),
        (400, "ExpiredTokenException", errors.AuthenticationError),
        (403, "InvalidSignatureException", errors.AuthenticationError),
        (403, "SignatureDoesNotMatch", errors.AuthenticationError),
        (403, "UnrecognizedClientException", errors.AuthenticationError),
        (403, "MissingAuthenticationTokenException", errors.AuthenticationError),
        (403, "SomethingElse", errors.PermissionDeniedError),
    ],
)
def test_the_codes_that_every_aws_service_has(
    service: str, status: int, code: str, meaning: type[errors.ApiError]
) -> None:
    """Codes of the platform count for more than their status."""
    error = answered(service, status, {"message": "m"}, {"x-amzn-errortype": code})
    assert type(error) is error_table(service).meanings[meaning]
    assert (error.status, error.code, error.message) == (status, code, "m")


@pytest.mark.parametrize("service", SERVICES)
def test_a_redirect_is_an_error_of_the_service_without_a_meaning(service: str) -> None:
    """A status that is neither success nor error is the service's base error: it is not followed and not hidden."""
    error = answered(service, 302, b"", {"location": "https://elsewhere.example/"})
    assert type(error) is service_base(service)
    assert error.status == 302


def test_the_body_code_of_chime_names_the_meaning_by_its_status() -> None:
    """Without the header, Chime's short body code names no class: the status decides, and the code stays as it came."""
    error = answered("chime-sdk-meetings", 404, {"Code": "NotFound", "Message": "no meeting", "RequestId": "r"})
    assert type(error) is error_table("chime-sdk-meetings").meanings[errors.NotFoundError]
    assert (error.code, error.message) == ("NotFound", "no meeting")


def test_retry_after_is_told_in_seconds() -> None:
    """`Retry-After` of the meetings service is both the modelled member, as it came, and seconds on every error."""
    from roomtone.chime_sdk_meetings import ServiceUnavailableException

    headers = {"x-amzn-errortype": "ServiceUnavailableException", "retry-after": "7"}
    error = answered("chime-sdk-meetings", 503, b"{}", headers)
    assert isinstance(error, ServiceUnavailableException)
    assert (error.retry_after_seconds, error.retry_after) == ("7", 7.0)
    milliseconds = answered("ivs", 429, b"", {"x-amz-retry-after": "1500"})
    assert milliseconds.retry_after == 1.5
