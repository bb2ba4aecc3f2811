"""The project's own spec of SignalWire's API says what the facts say, and refuses what it does not understand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from roomtone._core.form import PAIRS_LIMIT
from roomtone_codegen import signalwire_spec
from roomtone_codegen.curation import Undecided
from roomtone_codegen.signalwire_spec import FOLDER, Line, Spec, parse_line

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "signalwire_operations.json"

NEVER_IN_THE_SDK = "phone_numbers.get_available_country"
METADATA_BY_SUFFIX = {"recordings.get", "messages.get_media", "faxes.get_media", "conferences.get_recording"}
MERGED = {
    "Account": ("Account", "AccountResponse"),
    "Application": ("Application", "ApplicationResponse"),
    "Call": ("Call", "CallResponse"),
    "Conference": ("Conference", "ConferenceResponse"),
    "ConferenceParticipant": ("ConferenceParticipant", "ConferenceParticipantResponse"),
    "ConferenceRecording": ("ConferenceRecording", "ConferenceRecordingResponse"),
    "CountryResource": ("CountryResource", "AvailablePhoneNumberByCountryResponse"),
    "CxmlScript": ("CxmlScript", "CxmlScriptResponse"),
    "Fax": ("Fax", "FaxResponse"),
    "FaxMedia": ("FaxMedia", "FaxMediaResponse"),
    "IncomingPhoneNumber": ("IncomingPhoneNumber", "IncomingPhoneNumberResponse"),
    "Message": ("Message", "MessageResponse"),
    "MessageMedia": ("MessageMedia", "MessageMediaResponse"),
    "Queue": ("Queue", "QueueResponse"),
    "QueueMember": ("QueueMember", "QueueMemberResponse"),
    "Recording": ("Recording", "RecordingResponse"),
    "Transcription": ("Transcription", "TranscriptionResponse"),
}
"""Documented twice with the same fields, as an item of a list and as an answer: one shape each."""
ERRORS = {
    "Error": "CompatibilityErrorResponse",
    "ErrorItem": "CompatibilityErrorArrayItem",
    "ErrorList": "CompatibilityErrorArrayResponse",
    "ErrorTexts": "CompatibilityErrorStringArrayResponse",
    "ImportError": "CompatibilityImportedPhoneNumberError",
    "TokenError": "CompatibilityTokenValidationError",
}
SHAPE_OF = {schema: name for name, schemas in MERGED.items() for schema in schemas}
SHAPE_OF |= {schema: name for name, schema in ERRORS.items()}
PATH = {"uuid": {"type": "string", "format": "uuid"}, "str": {"type": "string"}}
SCALARS: dict[str, dict[str, Any]] = PATH | {
    "uri": {"type": "string", "format": "uri"},
    "time": {"type": "string"},
    "words": {"type": "string"},
    "money": {"type": "number", "format": "float"},
    "money text": {"type": "string"},
    "float": {"type": "number", "format": "float"},
    "int": {"type": "integer", "format": "int32"},
    "bool": {"type": "boolean"},
    "bool text": {"type": "string", "enum": ["true", "false"]},
    "null": {"type": "null"},
}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return signalwire_spec.load()


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    if not FACTS.exists():
        pytest.skip("shared/facts does not stand beside this checkout")
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return facts


def by_name(documented: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {operation["former_sdk_method"] or NEVER_IN_THE_SDK: operation for operation in documented["operations"]}


def shape_name(schema: str) -> str:
    """The name of a schema's shape: its own, without what says that it is an answer."""
    return SHAPE_OF.get(schema) or schema.removesuffix("Response")


def as_documented(spec: Spec, line: Line) -> dict[str, Any]:
    """A line in the words of the facts."""
    said = dict(SCALARS.get(line.type, {}))
    if line.type in spec.enums:
        said = {"type": "string", "enum": list(spec.enums[line.type])}
    elif line.type in spec.shapes or line.type in spec.error_shapes:
        said = {"$schema": line.type}
    least, most = ("minimum", "maximum") if line.type == "int" else ("minLength", "maxLength")
    if line.or_one:
        said = {"any_of": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "format": "uri"}
    elif line.many:
        said = {"type": "array", "items": said}
        least, most = "minItems", "maxItems"
    given = {least: line.minimum, most: line.maximum, "pattern": line.pattern, "nullable": line.nullable or None}
    said |= {key: value for key, value in given.items() if value is not None}
    if line.default is not None:
        said["default"] = line.default.split(" ") if line.many else line.default
        if line.type in ("int", "bool"):
            said["default"] = json.loads(line.default)
    return said


def plain(fact: Mapping[str, Any]) -> dict[str, Any]:
    """A fact without what is said elsewhere: its name, the name of its type, how a list is written."""
    said = {key: value for key, value in fact.items() if key not in ("name", "required", "explode", "schema_name")}
    if "items" in said:
        said["items"] = plain(said["items"])
    if "exclusiveMinimum" in said:
        said["minimum"] = said.pop("exclusiveMinimum") + 1
    if "$schema" in said:
        said["$schema"] = shape_name(said["$schema"])
    return said


def without_pairs(params: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {param["name"]: param for param in params if not param["name"].startswith("Parameter")}


def assert_same(spec: Spec, lines: Iterable[Line], params: Mapping[str, Mapping[str, Any]], where: str) -> None:
    said = {line.name: line for line in lines if line.type != "pairs"}
    assert said.keys() == params.keys(), where
    for name, line in said.items():
        assert as_documented(spec, line) == plain(params[name]), f"{where}: {name}"


def test_every_operation_and_no_other(spec: Spec, documented: dict[str, Any]) -> None:
    """The spec has the 79 operations under the names that users of the vendor's SDK know, and none besides."""
    assert len(spec.methods) == 79
    assert {method.where for method in spec.methods} == by_name(documented).keys()
    assert spec.base_path == documented["base_path"]


def test_downloads_are_the_media_beside_their_metadata(spec: Spec, documented: dict[str, Any]) -> None:
    """A download has path, labels and statuses of the operation whose metadata need a suffix; there is no other."""
    facts = by_name(documented)
    assert {download.path for download in spec.downloads} == {facts[where]["path"] for where in METADATA_BY_SUFFIX}
    by_path = {method.path: method for method in spec.methods}
    for download in spec.downloads:
        metadata = by_path[f"{download.path}.json"]
        assert (download.verb, download.answer, download.resource) == ("GET", None, metadata.resource)
        assert (download.labels, download.errors) == (metadata.labels, metadata.errors)
        note = facts[metadata.where].get("notes") or ""
        assert download.documented == ("binary WAV" in note)
        assert bool(download.suffix) == (".mp3 returns binary MP3" in note)


def test_paths_and_statuses(spec: Spec, documented: dict[str, Any]) -> None:
    """Verb, path, labels and statuses are the documented ones; only metadata beside media takes a suffix."""
    facts = by_name(documented)
    for method in spec.methods:
        fact = facts[method.where]
        suffix = ".json" if method.where in METADATA_BY_SUFFIX else ""
        assert (method.verb, method.path) == (fact["method"], fact["path"] + suffix), method.where
        assert {name: PATH[kind] for name, kind in method.labels.items()} == {
            param["name"]: plain(param) for param in fact["path_params"]
        }, method.where
        assert [method.status] == fact["success_statuses"], method.where
        assert list(method.errors) == fact["error_statuses"], method.where


def test_parameters(spec: Spec, documented: dict[str, Any]) -> None:
    """Every parameter has its documented name, place, type, enum, limits, default and requiredness."""
    facts = by_name(documented)
    for method in spec.methods:
        fact = facts[method.where]
        body = fact["body"] or {"params": []}
        for lines, params in ((method.query, fact["query_params"]), (method.body_lines, body["params"])):
            assert_same(spec, lines, without_pairs(params), method.where)
            required = {param["name"] for param in params if param["required"]}
            assert {line.name for line in lines if line.required} == required, method.where
        kinds = {"application/x-www-form-urlencoded": "form", "application/json": "json", None: None}
        assert method.body == kinds[body.get("content_type")], method.where


def test_numbered_parameters(spec: Spec, documented: dict[str, Any]) -> None:
    """The stream calls, and no others, take numbered pairs, as many as documented."""
    facts = by_name(documented)
    numbered = {
        name: fact["body"]["numbered_params"]
        for name, fact in facts.items()
        if "numbered_params" in (fact["body"] or {})
    }
    found = {method.where: line.name for method in spec.methods for line in method.body_lines if line.type == "pairs"}
    assert found.keys() == numbered.keys()
    for where, prefix in found.items():
        assert numbered[where]["pattern"] == f"{prefix}{{n}}.Name / {prefix}{{n}}.Value"
        assert (numbered[where]["n_min"], numbered[where]["n_max"]) == (1, PAIRS_LIMIT)


def shape_of_body(response: Mapping[str, Any]) -> str | None:
    return response["body"] and shape_name(response["body"]["$schema"])


def test_answers(spec: Spec, documented: dict[str, Any]) -> None:
    """Every documented status has its documented body, in JSON where it has any, and no other status is there."""
    facts = by_name(documented)
    for method in spec.methods:
        responses = facts[method.where]["responses"]
        found = {str(method.status): method.answer} | {str(status): name for status, name in method.errors.items()}
        assert found == {status: shape_of_body(response) for status, response in responses.items()}, method.where
        for response in responses.values():
            assert response.get("content_type") == ("application/json" if response["body"] else None)


def test_the_shapes_of_bodies(spec: Spec, documented: dict[str, Any]) -> None:
    """All 73 documented schemas are here field by field, and no shape that is none of them."""
    schemas = documented["schemas"]
    shapes = {**spec.shapes, **spec.error_shapes}
    assert len(schemas) == 73
    assert SHAPE_OF.keys() <= schemas.keys()
    assert {shape_name(schema) for schema in schemas} == shapes.keys()
    assert len(schemas) - len(shapes) == len(MERGED)
    for schema, fact in schemas.items():
        lines = shapes[shape_name(schema)]
        assert_same(spec, lines, fact["properties"], schema)
        optional = {key for key, value in fact["properties"].items() if not value["required"]}
        assert {line.name for line in lines if line.optional} == optional, schema
        assert fact.keys() == {"type", "properties", "extra_properties"}, schema


def test_nothing_documented_is_left_out(spec: Spec, documented: dict[str, Any]) -> None:
    """What the spec has no word for is the same everywhere, so there is nothing that it fails to say."""
    for fact in documented["operations"]:
        body = fact["body"] or {"params": []}
        numbered = {"numbered_params"} & body.keys()
        assert fact["full_path"] == spec.base_path + fact["path"]
        assert (fact["deprecated"], fact["header_params"]) == (False, [])
        assert all(param["explode"] is False for param in fact["query_params"])
        assert body.keys() - numbered <= {"content_type", "required", "encoding", "extra_properties", "params"}
    bodies = [fact["body"] for fact in documented["operations"] if fact["body"]]
    assert {(body["encoding"], body["extra_properties"]) for body in bodies} == {("unknown", "forbidden_by_spec")}
    assert {schema["extra_properties"] for schema in documented["schemas"].values()} == {"forbidden_by_spec"}


def test_scopes(spec: Spec, documented: dict[str, Any]) -> None:
    """Every operation has the documented scopes of an API token."""
    facts = by_name(documented)
    for method in spec.methods:
        assert " or ".join(method.scopes) == facts[method.where]["token_scopes"], method.where


def test_bodies_that_may_be_left_out(spec: Spec, documented: dict[str, Any]) -> None:
    """A body is required where the documentation says so, which is everywhere but where a conference is updated."""
    facts = by_name(documented)
    for method in spec.methods:
        assert method.body_required == bool((facts[method.where]["body"] or {}).get("required")), method.where
    optional = [method.where for method in spec.methods if method.body and not method.body_required]
    assert optional == ["conferences.update"]


def test_pages(spec: Spec, documented: dict[str, Any]) -> None:
    """The sixteen lists in pages have their documented items key, or both of them."""
    for method in spec.methods:
        pagination = by_name(documented)[method.where]["pagination"]
        found = pagination["items_key"] if pagination else []
        keys = [found] if isinstance(found, str) else found
        assert list(method.pages) == keys, method.where
        if pagination:
            fields = {line.name: line for line in spec.shapes[method.answer or ""] if line.name not in keys}
            assert_same(spec, fields.values(), pagination["fields"], method.where)
            assert {line.name for line in method.query} >= set(pagination["query_params"]), method.where
    assert sum(bool(method.pages) for method in spec.methods) == 16


def test_safety(spec: Spec) -> None:
    """Nothing but reading and deleting is ever taken for repeatable."""
    assert spec.safety == {"GET": "safe", "DELETE": "idempotent", "POST": "once", "PATCH": "once"}


def test_secrets_are_marked(spec: Spec) -> None:
    """Passwords, tokens and keys are marked, in requests and in answers."""
    lines = [line for method in spec.methods for line in method.body_lines]
    lines += [line for shape in spec.shapes.values() for line in shape]
    assert {line.name for line in lines if line.secret} == {
        "SipAuthPassword",
        "AuthorizationBearerToken",
        "auth_token",
        "signing_key",
        "token",
    }


def test_a_line() -> None:
    """One line gives every part of a parameter; a pattern comes last and may hold commas."""
    assert parse_line("x", "A", r"list of str | null, required, length 1..3, default a b, pattern ^a{1, 2}$") == Line(
        name="A",
        type="str",
        many=True,
        nullable=True,
        required=True,
        minimum=1,
        maximum=3,
        default="a b",
        pattern="^a{1, 2}$",
    )
    assert parse_line("x", "A", "list of uri or one") == Line(name="A", type="uri", many=True, or_one=True)


@pytest.mark.parametrize("text", ["str, requierd", "str, 1..2", "int, length 1..2", "bool, 1..2", "str, length 1-2"])
def test_a_note_that_is_not_understood(text: str) -> None:
    """A misspelt note, or a limit that its type does not have, stops the generator and is named."""
    with pytest.raises(Undecided, match=r"calls\.create: To: .* is no note for this type"):
        parse_line("calls.create", "To", text)


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("_api.toml", 'POST = "once"', 'POST = "twice"', "POST has an unknown safety 'twice'"),
        ("_api.toml", 'PATCH = "once"\n', "", "tokens.update: the safety of PATCH is not said"),
        ("_api.toml", "[enums]", "[enumerations]", "unknown key 'enumerations'"),
        ("_api.toml", 'StreamUpdateStatus = ["stopped"]', 'Unused = ["x"]', "unknown type 'StreamUpdateStatus'"),
        ("_api.toml", 'HttpMethod = ["GET", "POST"]', 'HttpMethod = ["GET"]', "cannot have the default 'POST'"),
        ("_api.toml", "[enums]\n", '[enums]\nUnused = ["x"]\n', "nothing uses Unused"),
        ("calls.toml", 'answer = "200 CallStream"', 'answer = "200 Cal"', "unknown shape 'Cal'"),
        ("calls.toml", 'answer = "200 CallList"', 'answer = "200 Calls"', "so its answer is CallList, not Calls"),
        ("calls.toml", "[create.form]", "[create.from]", "calls.create: unknown key 'from'"),
        ("calls.toml", 'answer = "200 CallList"\n', "", "calls.list: 'answer' is missing"),
        ("calls.toml", "[create.form]", "[create.json]\n[create.form]", "calls.create has two bodies"),
        ("calls.toml", "{CallSid}", "{CallSid:int}", "a label is a uuid or a str"),
        ("calls.toml", 'scopes = ["Voice"]\n', "", "calls: 'scopes' is missing"),
        ("calls.toml", '{ 400 = "ErrorList" }', '{ 404 = "ErrorList" }', "calls.create: 404 has a body"),
        ("calls.toml", '{ 400 = "ErrorList" }', '{ 400 = "Call" }', "calls.create: unknown error shape 'Call'"),
        ("tokens.toml", "error_bodies = ", "bodies = ", "tokens.create: unknown key 'bodies'"),
        ("_api.toml", "[errors.TokenError]", "[errors.Other]", "unknown error shape 'TokenError'"),
        ("recordings.toml", "documented = true\n", "", "recordings.download: 'documented' is missing"),
        ("recordings.toml", 'Format = "', 'Codec = "str"\nFormat = "', "recordings.download has two suffixes"),
        (
            "faxes.toml",
            '[downloads.download_media]\nhttp = "GET',
            '[downloads.download_media]\nhttp = "POST',
            "it is a GET",
        ),
        ("queues.toml", "[shapes.Queue]", "[shapes.Call]", "the shape Call is there twice"),
    ],
)
def test_a_spec_with_a_mistake(tmp_path: Path, file: str, old: str, new: str, complaint: str) -> None:
    """A mistake anywhere in the spec stops the generator and is named."""
    folder = tmp_path / "signalwire"
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Undecided, match=complaint):
        signalwire_spec.load(folder)


def test_the_digest_follows_what_the_spec_says(tmp_path: Path) -> None:
    """A comment leaves the digest alone; a changed line does not."""
    folder = tmp_path / "signalwire"
    shutil.copytree(FOLDER, folder)
    before = signalwire_spec.digest(folder)
    calls = folder / "calls.toml"
    calls.write_text("# a comment\n" + calls.read_text(encoding="utf-8"), encoding="utf-8")
    assert signalwire_spec.digest(folder) == before
    calls.write_text(calls.read_text(encoding="utf-8").replace("1..600", "1..601"), encoding="utf-8")
    assert signalwire_spec.digest(folder) != before
