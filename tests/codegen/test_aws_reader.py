"""From botocore's models to facts; and everything that a person has to decide first stops the generator."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from roomtone_codegen import aws_reader, facts
from roomtone_codegen.checks import check_names
from roomtone_codegen.curation import Curation, Undecided, load

STRING = {"type": "string"}

MODEL: dict[str, Any] = {
    "version": "2.0",
    "metadata": {
        "apiVersion": "2026-01-01",
        "endpointPrefix": "tunes",
        "protocol": "rest-json",
        "serviceFullName": "Example Tunes",
        "serviceId": "Tunes Two",
        "signatureVersion": "v4",
        "signingName": "tunes-sign",
        "uid": "tunes-2026-01-01",
    },
    "operations": {
        "CreateTune": {
            "name": "CreateTune",
            "http": {"method": "POST", "requestUri": "/albums/{albumId}/tunes?operation=create"},
            "input": {"shape": "CreateTuneRequest"},
            "output": {"shape": "CreateTuneResponse"},
            "errors": [{"shape": "LostException"}],
        },
        "ListTunes": {
            "name": "ListTunes",
            "http": {"method": "GET", "requestUri": "/tunes"},
            "input": {"shape": "ListTunesRequest"},
            "output": {"shape": "ListTunesResponse"},
            "deprecated": True,
            "deprecatedMessage": "Old.",
        },
        "Ping": {"name": "Ping", "http": {"method": "PUT", "requestUri": "/ping"}},
    },
    "shapes": {
        "CreateTuneRequest": {
            "type": "structure",
            "required": ["AlbumId", "Token", "Lambda"],
            "members": {
                "AlbumId": {"shape": "String", "location": "uri", "locationName": "albumId"},
                "Token": {"shape": "String", "idempotencyToken": True},
                "Lambda": {"shape": "Secrets"},
                "Bearer": {"shape": "String", "location": "header", "locationName": "X-Bearer"},
                "Part": {"shape": "Part"},
            },
        },
        "CreateTuneResponse": {
            "type": "structure",
            "members": {
                "Tune": {"shape": "Tune"},
                "Cache": {"shape": "String", "location": "header", "locationName": "Cache-Control"},
            },
        },
        "ListTunesRequest": {
            "type": "structure",
            "members": {
                "NextToken": {"shape": "String", "location": "querystring", "locationName": "next-token"},
                "After": {"shape": "Time", "location": "querystring", "locationName": "after"},
            },
        },
        "ListTunesResponse": {
            "type": "structure",
            "members": {"Tunes": {"shape": "Tunes"}, "NextToken": {"shape": "String"}},
        },
        "Tune": {
            "type": "structure",
            "members": {"TuneId": {"shape": "String"}, "Made": {"shape": "Time"}, "Mood": {"shape": "Mood"}},
            "documentation": "Prose.",
        },
        "Tunes": {"type": "list", "member": {"shape": "Tune"}},
        "Part": {"type": "structure", "members": {"documentation": {"shape": "String", "documentation": "Prose."}}},
        "Secrets": {"type": "list", "member": {"shape": "Secret"}, "min": 1, "max": 5},
        "Secret": {"type": "string", "sensitive": True},
        "Mood": {"type": "string", "enum": ["gay", "blue"]},
        "Unused": {"type": "string", "enum": ["never"]},
        "Time": {"type": "timestamp"},
        "String": STRING,
        "LostException": {
            "type": "structure",
            "members": {"Message": {"shape": "String"}, "Where": {"shape": "String"}},
            "error": {"httpStatusCode": 404},
            "exception": True,
        },
    },
}

CURATION = Curation(
    name="tunes",
    package="tunes",
    class_prefix="Tunes",
    case="pascal",
    reference="https://docs.example/{operation}.html",
    noise=frozenset({"Cache"}),
    errors={"LostException": "NotFoundError"},
    safety={"CreateTune": "token", "ListTunes": "safe", "Ping": "idempotent"},
    answered={"CreateTuneResponse": frozenset({"Tune"}), "Tune": frozenset({"TuneId"})},
    present={},
)


def read(model: dict[str, Any] = MODEL, curation: Curation = CURATION) -> facts.Service:
    service = aws_reader.read(aws_reader.without_prose(model), curation)
    check_names(service)
    return service


def operation(name: str) -> facts.Operation:
    return next(operation for operation in read().operations if operation.name == name)


def shape(name: str) -> facts.Shape:
    return next(shape for shape in read().shapes if shape.name == name)


def member(owner: facts.Shape, name: str) -> facts.Member:
    return next(member for member in owner.members if member.name == name)


def test_prose_is_dropped_but_not_members_called_so() -> None:
    """No documentation outlives the reader, while a member may be named `documentation`."""
    stripped = aws_reader.without_prose(MODEL)
    assert "Prose." not in repr(stripped)
    assert "Old." not in repr(stripped)
    assert stripped["shapes"]["Part"]["members"] == {"documentation": {"shape": "String"}}


def test_the_service_is_named_as_endpoints_and_the_environment_name_it() -> None:
    """Prefix, signing name and service id come from the metadata."""
    service = read()
    assert (service.endpoint_prefix, service.signing_name, service.service_id) == ("tunes", "tunes-sign", "TUNES_TWO")


def test_members_have_their_places() -> None:
    """Labels and query keys keep their case; header names are in lower case; the rest is the body."""
    request = operation("CreateTune").request
    places = {member.name: (member.place, member.at) for member in request.members}
    assert places == {
        "album_id": ("path", "albumId"),
        "token": ("body", ""),
        "lambda_": ("body", ""),
        "bearer": ("header", "x-bearer"),
        "part": ("body", ""),
    }
    assert operation("CreateTune").body == "json"
    assert operation("ListTunes").body is None


def test_an_idempotency_token_is_never_required() -> None:
    """The library fills the token in, whatever the model requires."""
    request = operation("CreateTune").request
    assert operation("CreateTune").token == "token"
    assert not member(request, "token").required
    assert member(request, "album_id").required


def test_an_operation_without_input_has_an_empty_request_and_without_output_no_response() -> None:
    """What the model lacks on the way out is an empty request; on the way back it is None."""
    ping = operation("Ping")
    assert ping.request == facts.Shape(name="PingRequest", members=(), in_request=True)
    assert ping.response is None


def test_timestamps_are_epoch_in_a_body_alone() -> None:
    """Without a format of its own a timestamp is epoch seconds in a body and ISO 8601 in a query."""
    assert member(shape("Tune"), "made").type == facts.Scalar("datetime", epoch=True)
    assert member(operation("ListTunes").request, "after").type == facts.Scalar("datetime", epoch=False)


def test_list_answers_are_never_none_and_pages_know_their_items() -> None:
    """The list of a paged answer is its items; absent is empty."""
    assert member(shape("ListTunesResponse"), "tunes").never_none
    assert operation("ListTunes").pages == facts.Pages(
        style="token", items="tunes", token="next_token", iterator="iter_tunes", item_type=facts.ShapeOf("Tune")
    )


def test_curated_members_are_answered_and_noise_is_gone() -> None:
    """Curation marks what is always answered and leaves header noise out."""
    response = shape("CreateTuneResponse")
    assert [(member.name, member.answered) for member in response.members] == [("tune", True)]
    assert member(shape("Tune"), "tune_id").answered


def test_present_members_are_required_without_being_answered() -> None:
    """A present member is typed as always there, but an answer without it is no fault."""
    curation = evolve(CURATION, present={"Tune": frozenset({"Mood"})})
    tune = next(shape for shape in read(curation=curation).shapes if shape.name == "Tune")
    assert (member(tune, "mood").required, member(tune, "mood").answered) == (True, False)


def test_only_what_is_reachable_is_kept() -> None:
    """Enums and shapes that no operation and no error leads to are left out."""
    assert [enum.name for enum in read().enums] == ["Mood"]
    assert {shape.name for shape in read().shapes} == {"CreateTuneResponse", "ListTunesResponse", "Part", "Tune"}
    assert (shape("Part").in_request, shape("Tune").in_request) == (True, False)


def test_what_only_requests_carry_is_a_part_of_them() -> None:
    """A shape that an answer or an error leads to too is read with tolerance, so it is no part of requests alone."""
    assert (shape("Part").in_answer, shape("Tune").in_answer) == (False, True)
    shared = deepcopy(MODEL)
    shared["shapes"]["Tune"]["members"]["Part"] = {"shape": "Part"}
    assert next(one for one in read(shared).shapes if one.name == "Part").in_answer


def test_errors_keep_their_own_members_only() -> None:
    """Code, message and request id are every error's; the other members are the error's own."""
    (error,) = read().errors
    assert (error.name, error.status, error.meaning) == ("LostException", 404, "NotFoundError")
    assert [member.name for member in error.members] == ["where"]


def test_deprecation_is_a_fact() -> None:
    """A deprecated operation is known as such, with its date where there is one."""
    assert operation("ListTunes").deprecated == ""
    assert operation("Ping").deprecated is None


def test_the_digest_follows_the_content_and_not_the_order() -> None:
    """The lock's hash changes with what a model says, and with nothing else."""
    model = aws_reader.without_prose(MODEL)
    shuffled = dict(reversed(model.items()))
    assert aws_reader.digest(shuffled) == aws_reader.digest(model)
    assert aws_reader.digest({**model, "version": "3.0"}) != aws_reader.digest(model)


Change = Callable[[dict[str, Any]], object]


def put(path: str, value: Any) -> Change:
    """A change of the model: the value at a dotted path."""

    def change(model: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            model = model[parent]
        model[last] = value

    return change


UNDECIDED: dict[str, tuple[Change, str]] = {
    "key of the model": (put("extra", {}), "unknown key 'extra'"),
    "key of the metadata": (put("metadata.new", 1), "metadata: unknown key 'new'"),
    "protocol": (put("metadata.protocol", "json"), "unsupported protocol"),
    "operation trait": (put("operations.Ping.streaming", True), "Ping: unknown key 'streaming'"),
    "host prefix": (put("operations.Ping.endpoint", {"hostPrefix": "a."}), "unknown key 'endpoint'"),
    "http trait": (put("operations.Ping.http.checksum", 1), "Ping.http: unknown key 'checksum'"),
    "new operation": (
        put("operations.Pong", {"name": "Pong", "http": {"method": "GET", "requestUri": "/"}}),
        "Pong is in no safety class",
    ),
    "operation gone": (lambda model: model["operations"].pop("Ping"), "names operation Ping"),
    "new error": (
        put(
            "shapes.NewException",
            {"type": "structure", "members": {}, "error": {"httpStatusCode": 400}, "exception": True},
        ),
        "NewException has no meaning",
    ),
    "error trait": (put("shapes.LostException.error.retry", 1), "LostException.error: unknown key 'retry'"),
    "error member in an unknown place": (
        put("shapes.LostException.members.Where.location", "statusCode"),
        "unsupported location 'statusCode'",
    ),
    "shape trait": (put("shapes.String.mediaType", "x"), "String: unknown key 'mediaType'"),
    "member trait": (put("shapes.Tune.members.Made.jsonvalue", True), "Tune.Made: unknown key 'jsonvalue'"),
    "payload": (put("shapes.CreateTuneRequest.payload", "Part"), "unknown key 'payload'"),
    "prefix headers": (
        put("shapes.CreateTuneRequest.members.Bearer.location", "headers"),
        "unsupported location 'headers'",
    ),
    "blob": (put("shapes.Secret", {"type": "blob"}), "unsupported type 'blob'"),
    "body member with a wire name": (put("shapes.Tune.members.Made.locationName", "made"), "a wire name of its own"),
    "timestamp format": (put("shapes.Time.timestampFormat", "rfc822"), "unsupported timestampFormat"),
    "epoch timestamps in a list": (put("shapes.Secrets.member.shape", "Time"), "epoch timestamps inside a collection"),
    "number in a path": (put("shapes.CreateTuneRequest.members.AlbumId.shape", "Time"), "not supported in the path"),
    "structure in a query": (put("shapes.ListTunesRequest.members.After.shape", "Tune"), "not supported in the query"),
    "list in a header": (
        put("shapes.CreateTuneRequest.members.Bearer.shape", "Secrets"),
        "not supported in the header",
    ),
    "label without a member": (put("operations.Ping.http.requestUri", "/ping/{id}"), "labels of /ping/{id}"),
    "recursion in an answer": (put("shapes.Tune.members.Made.shape", "Tunes"), "contains itself"),
    "recursion in a request": (put("shapes.Part.members.documentation.shape", "Part"), "Part contains itself"),
    "request as a member": (put("shapes.Tune.members.Made.shape", "ListTunesRequest"), "a request or a response"),
    "second list in a page": (put("shapes.ListTunesResponse.members.More", {"shape": "Tunes"}), "answers 2 lists"),
    "token on one side": (
        lambda model: model["shapes"]["ListTunesResponse"]["members"].pop("NextToken"),
        "one side only",
    ),
    "token in an answer": (put("shapes.Tune.members.Made.idempotencyToken", True), "outside a request"),
    "token gone": (put("shapes.CreateTuneRequest.members.Token", {"shape": "String"}), "has no idempotency token"),
    "token where the class knows none": (
        put("shapes.ListTunesRequest.members.After.idempotencyToken", True),
        "has an idempotency token",
    ),
    "required member gone": (
        lambda model: model["shapes"]["CreateTuneRequest"]["members"].pop("Lambda"),
        "requires Lambda, which it does not have",
    ),
    "second token": (put("shapes.CreateTuneRequest.members.Part.idempotencyToken", True), "several idempotency tokens"),
    "request under another name": (put("operations.ListTunes.input.shape", "Tune"), "takes Tune, not ListTunesRequest"),
    "response under another name": (put("operations.ListTunes.output.shape", "Tune"), "answers Tune, not"),
    "answered member gone": (lambda model: model["shapes"]["Tune"]["members"].pop("TuneId"), "names Tune.TuneId"),
    "answered shape in a request": (put("shapes.Part.members.tune", {"shape": "Tune"}), "requests send it too"),
    "keys of a map": (
        put("shapes.Secrets", {"type": "map", "key": {"shape": "Time"}, "value": {"shape": "Secret"}}),
        "epoch timestamps inside a collection",
    ),
    "two members of one name": (
        put("shapes.Tune.members.tuneId", {"shape": "String"}),
        "Tune would have tune_id twice",
    ),
    "member that hides a type": (put("shapes.Tune.members.Str", {"shape": "String"}), "Tune.str hides a name"),
    "argument that hides a module": (
        put("shapes.ListTunesRequest.members.Models", {"shape": "String"}),
        "ListTunesRequest.models hides a name",
    ),
    "error member that hides an attribute": (
        put("shapes.LostException.members.Details", {"shape": "String"}),
        "LostException.details hides a name",
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_the_generator_stops_at_what_is_undecided(name: str) -> None:
    """A model that holds something nobody decided is refused, and the message names it."""
    change, message = UNDECIDED[name]
    model = deepcopy(MODEL)
    change(model)
    with pytest.raises(Undecided) as stop:
        read(model)
    assert message in str(stop.value)
    assert str(stop.value).startswith("tunes: ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"noise": frozenset[str]()}, "CreateTuneResponse.Cache: unsupported location 'header'"),
        ({"errors": {"LostException": "LostError"}}, "LostException has no meaning"),
        ({"errors": {**CURATION.errors, "Gone": "NotFoundError"}}, "names error Gone"),
        ({"answered": {"Song": frozenset({"Title"})}}, "names shape Song"),
        ({"answered": {"Tune": frozenset({"Title"})}}, "names Tune.Title"),
        ({"present": {"Part": frozenset({"documentation"})}}, "requests send it too"),
    ],
)
def test_the_generator_stops_at_curation_that_does_not_fit(changed: dict[str, Any], message: str) -> None:
    """A decision that is missing, or about nothing, or about the wrong thing is refused."""
    with pytest.raises(Undecided, match=message):
        read(curation=evolve(CURATION, **changed))


def renamed(old: str, new: str) -> dict[str, Any]:
    """The model with a shape under another name."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {new if key == old else key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return new if value == old else value

    model: dict[str, Any] = walk(MODEL)
    return model


@pytest.mark.parametrize(
    "name", ["Mapping", "Request", "Literal", "NoneType", "Paginator", "AwsClient", "NotFoundError"]
)
def test_a_shape_that_hides_a_needed_name_stops_the_generator(name: str) -> None:
    """A shape may not be called as something that the generated modules import."""
    with pytest.raises(Undecided, match=f"{name} hides a name"):
        read(renamed("Part", name))


@pytest.mark.parametrize("name", ["TunesClient", "TunesError", "TunesNotFoundError"])
def test_two_things_of_one_name_stop_the_generator(name: str) -> None:
    """Shapes, enums, errors and the client share the package's namespace."""
    with pytest.raises(Undecided, match=f"export {name} twice"):
        read(renamed("Mood", name))


def test_an_iterator_that_clashes_with_a_method_stops_the_generator() -> None:
    """`iter_tunes` cannot be both the pages of ListTunes and an operation."""
    curation = evolve(CURATION, safety={"CreateTune": "token", "ListTunes": "safe", "IterTunes": "idempotent"})
    with pytest.raises(Undecided, match="iter_tunes twice"):
        read(renamed("Ping", "IterTunes"), curation)


TUNES = """
noise = {headers=[]}
[services.tunes]
package = "tunes"
class_prefix = "Tunes"
case = "camel"
reference = ""
errors = {}
answered = {}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{TUNES}safety={{never=['Ping']}}", "never"),
        ("[noise]\nheaders = []\n[services.tunes]\npackage = 'tunes'", "services"),
        ("[noise]\nheaders = []\nbodies = []\n[services]", "bodies"),
        ("[services]", "noise"),
        (
            f"{TUNES}safety={{safe=['Ping'], once=['Ping']}}",
            "Ping is both safe and once",
        ),
    ],
)
def test_a_malformed_curation_file_stops_the_generator(tmp_path: Path, text: str, message: str) -> None:
    """Keys that are missing, unknown or contradict each other are named."""
    path = tmp_path / "curation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Undecided, match=message):
        load(path)
