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
from roomtone_codegen.signalwire_spec import FOLDER, Line, Method, Spec, parse_line

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "signalwire_operations.json"

NEVER_IN_THE_SDK = "phone_numbers.get_available_country"
METADATA_BY_SUFFIX = {"recordings.get", "messages.get_media", "faxes.get_media", "conferences.get_recording"}
MERGED = {"AvailablePhoneNumberByCountryResponse": "CountryResource"}
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
    return MERGED.get(schema) or schema.removesuffix("Response")


def as_documented(spec: Spec, line: Line) -> dict[str, Any]:
    """A line in the words of the facts."""
    said = dict(SCALARS.get(line.type, {}))
    if line.type in spec.enums:
        said = {"type": "string", "enum": list(spec.enums[line.type])}
    elif line.type in spec.shapes:
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
        assert fact["header_params"] == []
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


def answered_schema(fact: Mapping[str, Any], method: Method) -> str | None:
    body = fact["responses"][str(method.status)]["body"]
    return body and body["$schema"]


def test_answers(spec: Spec, documented: dict[str, Any]) -> None:
    """Every answer has its documented shape, field by field, and no shape is there that nothing answers."""
    facts = by_name(documented)
    seen: set[str] = set()

    def compare(schema: str) -> None:
        name = shape_name(schema)
        properties = documented["schemas"][schema]["properties"]
        assert_same(spec, spec.shapes[name], properties, schema)
        optional = {key for key, value in properties.items() if not value["required"]}
        assert {line.name for line in spec.shapes[name] if line.optional} == optional, schema
        if name not in seen:
            seen.add(name)
            inner = [value.get("items", value) for value in properties.values()]
            for nested in [value["$schema"] for value in inner if "$schema" in value]:
                compare(nested)

    for method in spec.methods:
        schema = answered_schema(facts[method.where], method)
        assert method.answer == (shape_name(schema) if schema else None), method.where
        if schema:
            compare(schema)
    assert seen == spec.shapes.keys()


def test_pages(spec: Spec, documented: dict[str, Any]) -> None:
    """The sixteen lists in pages have their documented items key, or both of them."""
    for method in spec.methods:
        pagination = by_name(documented)[method.where]["pagination"]
        keys = pagination["items_key"] if pagination else []
        assert list(method.pages) == ([keys] if isinstance(keys, str) else keys), method.where
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
