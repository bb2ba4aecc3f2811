"""Plain respx, with nothing of roomtone's installed in it, intercepts every call of the default client."""

from __future__ import annotations

import json

import httpx
import pytest
import respx

import roomtone
from parity.shapes import answer_of, package_name, params_of, subject, subjects
from roomtone import errors

KEYS = roomtone.Credentials("AKIDEXAMPLE", "secret")
AWS = roomtone.Aws(region="eu-central-1", credentials=KEYS)
SIGNALWIRE = roomtone.SignalWire(space="acme", project_id="p-1", api_token="t-1")

# Every service is among them, every method, with and without body, query, headers and fixed query.
SPREAD = sorted(
    {
        *{(one.service, one.operation.method): str(one) for one in subjects()}.values(),
        "chime-sdk-meetings.BatchCreateAttendee",
        "chime-sdk-meetings.ListAttendees",
        "chime-sdk-messaging.ListChannelMessages",
        "chime-sdk-messaging.SearchChannels",
        "chime-sdk-voice.AssociatePhoneNumbersWithVoiceConnector",
        "ivs.UntagResource",
    }
)


@pytest.mark.anyio
@pytest.mark.parametrize("name", SPREAD)
@respx.mock
async def test_a_call_of_any_service_is_intercepted(name: str) -> None:
    """A catch-all route of respx sees the call, and its answer becomes the typed one."""
    one = subject(name)
    answer = answer_of(one, "full")
    route = respx.route(host=f"{one.operation.service.endpoint_prefix}.eu-central-1.amazonaws.com").mock(
        return_value=httpx.Response(200, json=answer, headers={"x-amzn-RequestId": "r-1"})
    )
    async with roomtone.Client(AWS) as live:
        reply = await getattr(live, package_name(one.service)).send(
            roomtone.from_wire(one.operation.request, params_of(one, "full"))
        )
    assert route.call_count == 1
    assert route.calls.last.request.method == one.operation.method
    assert reply.request_id == "r-1"
    assert (reply.value is None) == (one.model.output_shape is None)
    if reply.value is not None:
        assert reply.value == roomtone.from_wire(one.operation.response, answer)


@pytest.mark.anyio
async def test_every_operation_is_intercepted(respx_mock: respx.MockRouter) -> None:
    """With one client and one mock, no operation of any service finds a way around it."""
    async with roomtone.Client(AWS) as live:
        for one in subjects():
            route = respx_mock.route(method=one.operation.method).mock(
                return_value=httpx.Response(200, json=answer_of(one, "minimal"))
            )
            before = route.call_count
            await getattr(live, package_name(one.service)).send(
                roomtone.from_wire(one.operation.request, params_of(one, "minimal"))
            )
            assert route.call_count == before + 1
    assert respx_mock.calls.call_count == len(subjects())


@pytest.mark.anyio
@respx.mock
async def test_paths_queries_headers_and_bodies_are_there_to_match() -> None:
    """What a user matches on is what the API documents: path, query, JSON body, headers."""
    route = respx.post(
        "https://meetings-chime.eu-central-1.amazonaws.com/meetings/m%2F1/attendees",
        params={"operation": "batch-create"},
        json={"Attendees": [{"ExternalUserId": "ana"}]},
        headers={"content-type": "application/json"},
    ).respond(json={"Attendees": [{"ExternalUserId": "ana", "AttendeeId": "a-1", "JoinToken": "t"}], "Errors": []})
    async with roomtone.Client(AWS) as live:
        made = await live.chime_sdk_meetings.batch_create_attendee(
            meeting_id="m/1",
            attendees=[roomtone.chime_sdk_meetings.CreateAttendeeRequestItem(external_user_id="ana")],
        )
    assert route.called
    assert made.attendees is not None
    assert made.attendees[0].attendee_id == "a-1"


@pytest.mark.anyio
@respx.mock
async def test_pages_errors_and_failures_can_be_played() -> None:
    """Side effects of respx play pages, documented errors and broken connections as with any httpx client."""
    route = respx.post("https://ivs.eu-central-1.amazonaws.com/ListChannels")
    pages = [{"channels": [{"arn": "a"}], "nextToken": "t"}, {"channels": [{"arn": "b"}]}]
    route.side_effect = [httpx.Response(200, json=page) for page in pages]
    async with roomtone.Client(AWS) as live:
        assert [channel.arn async for channel in live.ivs.iter_channels()] == ["a", "b"]
        assert [json.loads(call.request.content) for call in route.calls] == [{}, {"nextToken": "t"}]

        route.side_effect = httpx.ConnectError("refused")
        with pytest.raises(errors.ConnectError) as unsent:
            await live.ivs.with_options(max_attempts=1).list_channels()
        assert not unsent.value.maybe_processed

        route.side_effect = None
        route.respond(403, json={"exceptionMessage": "no"}, headers={"x-amzn-ErrorType": "AccessDeniedException"})
        with pytest.raises(roomtone.ivs.AccessDeniedException, match="no"):
            await live.ivs.list_channels()


@pytest.mark.anyio
@respx.mock
async def test_signalwire_is_intercepted_too() -> None:
    """SignalWire's calls are seen with their form and their Basic auth."""
    url = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/p-1/Conferences/CF1/Streams"
    route = respx.post(url, data={"Url": "wss://media.example/ws", "Parameter1.Name": "k", "Parameter1.Value": "v"})
    route.respond(201, json={"sid": "ST1", "conference_sid": "CF1", "status": "in-progress"})
    async with roomtone.Client(signalwire=SIGNALWIRE) as live:
        stream = await live.signalwire.conferences.start_stream(
            "CF1", url="wss://media.example/ws", parameters={"k": "v"}
        )
    assert route.calls.last.request.headers["authorization"] == "Basic cC0xOnQtMQ=="
    assert stream.sid == "ST1"


@pytest.mark.anyio
@respx.mock
async def test_an_unmatched_call_is_refused_by_respx() -> None:
    """A call that no route matches never leaves: respx says so."""
    async with roomtone.Client(AWS) as live:
        with pytest.raises(AssertionError, match="not mocked"):
            await live.ivs.list_channels()
