"""W3, W5 and W6 in a process of their own: parsing, encoding and signing, without any network.

Knows roomtone's pure middle, botocore's parser, serializer and signer, and the JSON libraries. Prints CPU seconds per
run, by task and by who did it, one after the other in rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from benchmarks import payloads
from benchmarks.measure import interleaved

Task = dict[str, Callable[[], object]]


def parsing(orjson: Any) -> dict[str, Task]:
    """Bytes to objects: the three large answers."""
    import botocore.parsers
    from botocore.awsrequest import HeadersDict

    from roomtone._core.decode import decode
    from roomtone._core.operation import WireReply
    from roomtone.ivs import errors, operations

    model = _model("ivs")
    parser = botocore.parsers.create_parser("rest-json")
    headers = {"content-type": "application/json", "x-amzn-requestid": "7a62c49f-347e-4fc4-9331-6e8e0d3a8c51"}

    def task(operation: Any, content: dict[str, Any]) -> Task:
        body = payloads.body_of(content)
        reply = WireReply(200, headers, body)
        answer = {"status_code": 200, "headers": HeadersDict(headers), "body": body}
        shape = model.operation_model(operation.name).output_shape
        return {
            "roomtone": lambda: decode(operation, reply, errors.ERRORS),
            "botocore": lambda: parser.parse(answer, shape),
            "orjson": lambda: orjson.loads(body),
            "json": lambda: json.loads(body),
        }

    return {
        "events": task(operations.GET_STREAM_SESSION, payloads.stream_session()),
        "page": task(operations.LIST_CHANNELS, payloads.pages()[0]),
        "megabyte": task(operations.LIST_CHANNELS, payloads.megabyte_of_channels()),
    }


def encoding() -> dict[str, Task]:
    """100 attendees in one create to bytes; with and without the making of roomtone's request objects."""
    import botocore.serialize

    from roomtone._core.encode import encode
    from roomtone.chime_sdk_meetings import BatchCreateAttendeeRequest, CreateAttendeeRequestItem, operations

    users = payloads.external_user_ids()
    # As a client makes it: with validation.
    serializer = botocore.serialize.create_serializer("rest-json", include_validation=True)
    model = _model("chime-sdk-meetings").operation_model("BatchCreateAttendee")
    wanted = {"MeetingId": payloads.MEETING_ID, "Attendees": [{"ExternalUserId": user} for user in users]}

    def request() -> BatchCreateAttendeeRequest:
        items = [CreateAttendeeRequestItem(external_user_id=user) for user in users]
        return BatchCreateAttendeeRequest(meeting_id=payloads.MEETING_ID, attendees=items)

    made = request()
    ours = encode(operations.BATCH_CREATE_ATTENDEE, made)
    theirs = serializer.serialize_to_request(wanted, model)
    assert json.loads(ours.body) == json.loads(theirs["body"]), "the two do not send the same"
    return {
        "attendees": {
            "roomtone": lambda: encode(operations.BATCH_CREATE_ATTENDEE, made),
            "roomtone, objects made too": lambda: encode(operations.BATCH_CREATE_ATTENDEE, request()),
            "botocore": lambda: serializer.serialize_to_request(wanted, model),
        }
    }


def signing() -> dict[str, Task]:
    """A small request signed. That both give the same signature is checked first."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    import roomtone
    from roomtone._http.signing import sign

    body = payloads.body_of({"ExternalUserId": payloads.USER_ID})
    host, path = "meetings-chime.eu-central-1.amazonaws.com", f"/meetings/{payloads.MEETING_ID}/attendees"
    headers = {"host": host, "content-type": "application/json"}
    credentials = roomtone.Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY)
    request = AWSRequest("POST", f"https://{host}{path}", {"content-type": "application/json"}, body)
    signer = SigV4Auth(Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY), "chime", payloads.REGION)

    def ours(now: datetime | None = None) -> dict[str, str]:
        return sign(
            method="POST",
            path=path,
            query="",
            headers=headers,
            body=body,
            credentials=credentials,
            region=payloads.REGION,
            service="chime",
            now=now or datetime.now(timezone.utc),
        )

    signer.add_auth(request)
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    assert ours(at)["authorization"] == request.headers["authorization"], "the two signatures differ"
    return {"sign": {"roomtone": ours, "botocore": lambda: signer.add_auth(request)}}


def _model(service: str) -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model(service)


def _roomtone_is_fast() -> bool:
    """Whether roomtone uses orjson by itself; asked before anybody else has imported it."""
    from roomtone.chime_sdk_meetings import Meeting

    from roomtone import from_wire, to_wire

    to_wire(from_wire(Meeting, payloads.meeting()["Meeting"]))
    return sys.modules.get("orjson") is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="+", choices=["parsing", "encoding", "signing"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--plain", action="store_true", help="keep orjson from roomtone")
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    if asked.plain:
        import orjson

        sys.modules["orjson"] = None  # type: ignore[assignment]
    tasks: dict[str, Task] = {}
    if "encoding" in asked.kinds:
        tasks |= encoding()
    if "signing" in asked.kinds:
        tasks |= signing()
    if not asked.plain:
        import orjson
    if "parsing" in asked.kinds:
        tasks |= parsing(orjson)
    taken = {name: interleaved(task, rounds=asked.rounds, seconds=asked.seconds) for name, task in tasks.items()}
    print(json.dumps({"taken": taken}), flush=True)


if __name__ == "__main__":
    main()
