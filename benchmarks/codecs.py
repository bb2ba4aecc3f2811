"""W3, W5 and W6 in a process of their own: parsing, encoding and signing, without any network.

Knows roomtone's pure middle, botocore's parser, serializer and signer, and the JSON libraries. Prints CPU seconds per
run, by task and by who did it, one after the other in rounds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from benchmarks import payloads
from benchmarks.measure import interleaved

Task = dict[str, Callable[[], object]]


def parsing() -> tuple[dict[str, Task], dict[str, bytes]]:
    """Bytes to objects: the three large answers, and their bytes."""
    import botocore.parsers
    from botocore.awsrequest import HeadersDict

    from roomtone._core.decode import decode
    from roomtone._core.operation import WireReply
    from roomtone.ivs import errors, operations

    model = _model("ivs")
    parser = botocore.parsers.create_parser("rest-json")
    headers = {"content-type": "application/json", "x-amzn-requestid": "7a62c49f-347e-4fc4-9331-6e8e0d3a8c51"}

    def task(operation: Any, body: bytes) -> Task:
        reply = WireReply(200, headers, body)
        answer = {"status_code": 200, "headers": HeadersDict(headers), "body": body}
        shape = model.operation_model(operation.name).output_shape
        assert decode(operation, reply, errors.ERRORS) is not None
        return {
            "roomtone": lambda: decode(operation, reply, errors.ERRORS),
            "botocore": lambda: parser.parse(answer, shape),
        }

    bodies = {
        "events": payloads.body_of(payloads.stream_session()),
        "page": payloads.body_of(payloads.pages()[0]),
        "megabyte": payloads.body_of(payloads.megabyte_of_channels()),
    }
    asked = {"events": operations.GET_STREAM_SESSION}
    return {name: task(asked.get(name, operations.LIST_CHANNELS), body) for name, body in bodies.items()}, bodies


def encoding() -> dict[str, Task]:
    """100 attendees in one create to bytes: bare, with the making of the request objects, and with more in each."""
    import botocore.serialize

    from roomtone import from_wire
    from roomtone._core.encode import encode
    from roomtone.chime_sdk_meetings import BatchCreateAttendeeRequest, CreateAttendeeRequestItem, operations

    # As a client makes it: with validation.
    serializer = botocore.serialize.create_serializer("rest-json", include_validation=True)
    model = _model("chime-sdk-meetings").operation_model("BatchCreateAttendee")

    def task(items: list[dict[str, Any]]) -> Task:
        wanted = {"MeetingId": payloads.MEETING_ID, "Attendees": items}
        request = from_wire(BatchCreateAttendeeRequest, wanted)
        ours = encode(operations.BATCH_CREATE_ATTENDEE, request).body
        theirs = serializer.serialize_to_request(wanted, model)["body"]
        assert json.loads(ours) == json.loads(theirs), "the two do not send the same"
        return {
            "roomtone": lambda: encode(operations.BATCH_CREATE_ATTENDEE, request),
            "botocore": lambda: serializer.serialize_to_request(wanted, model),
        }

    users = payloads.external_user_ids()

    def with_objects() -> object:
        items = [CreateAttendeeRequestItem(external_user_id=user) for user in users]
        request = BatchCreateAttendeeRequest(meeting_id=payloads.MEETING_ID, attendees=items)
        return encode(operations.BATCH_CREATE_ATTENDEE, request)

    bare = task([{"ExternalUserId": user} for user in users])
    capabilities = {"Audio": "SendReceive", "Video": "Receive", "Content": "None"}
    nested = task([{"ExternalUserId": user, "Capabilities": capabilities} for user in users])
    return {"bare": bare, "objects": {**bare, "roomtone": with_objects}, "nested": nested}


def signing() -> dict[str, Task]:
    """A small request signed. That both give the same signature is checked first."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    import roomtone
    from roomtone._http.signing import SigningKey, sign

    body = payloads.body_of({"ExternalUserId": payloads.USER_ID})
    host, path = "meetings-chime.eu-central-1.amazonaws.com", f"/meetings/{payloads.MEETING_ID}/attendees"
    headers = {"host": host, "content-type": "application/json"}
    credentials = roomtone.Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY)
    request = AWSRequest("POST", f"https://{host}{path}", {"content-type": "application/json"}, body)
    signer = SigV4Auth(Credentials(payloads.ACCESS_KEY, payloads.SECRET_KEY), "chime", payloads.REGION)

    key = SigningKey(payloads.REGION, "chime")  # as a client keeps one

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
            key=key,
        )

    signer.add_auth(request)
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    assert ours(at)["authorization"] == request.headers["authorization"], "the two signatures differ"
    return {"sign": {"roomtone": ours, "botocore": lambda: signer.add_auth(request)}}


def _model(service: str) -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model(service)


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
        orjson = importlib.import_module("orjson")
        sys.modules["orjson"] = None  # type: ignore[assignment]
    tasks: dict[str, Task] = {}
    bodies: dict[str, bytes] = {}
    if "encoding" in asked.kinds:
        tasks |= encoding()
    if "signing" in asked.kinds:
        tasks |= signing()
    if "parsing" in asked.kinds:
        parsed, bodies = parsing()
        tasks |= parsed
    # Every task ran once, so if roomtone uses orjson where there is one, it has it by now; botocore does not.
    fast = sys.modules.get("orjson") is not None
    if not asked.plain:
        orjson = importlib.import_module("orjson")
    for name, body in bodies.items():
        tasks[name] |= {"orjson": partial(orjson.loads, body), "json": partial(json.loads, body)}
    taken = {name: interleaved(task, rounds=asked.rounds, seconds=asked.seconds) for name, task in tasks.items()}
    print(json.dumps({"fast": fast, "taken": taken}), flush=True)


if __name__ == "__main__":
    main()
