"""From botocore's installed models to facts. Knows botocore's model format; drops every word of prose first."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

from attrs import evolve

from roomtone_codegen import facts
from roomtone_codegen.curation import Curation, Undecided

Model: TypeAlias = Mapping[str, Any]
"""JSON as botocore ships it, hence Any: every key of it is checked before it is used."""

_TOP = {"version", "metadata", "operations", "shapes"}
_METADATA = {
    "apiVersion",
    "auth",
    "endpointPrefix",
    "protocol",
    "protocols",
    "serviceAbbreviation",
    "serviceFullName",
    "serviceId",
    "signatureVersion",
    "signingName",
    "uid",
}
_OPERATION = {
    "name",
    "http",
    "input",
    "output",
    "errors",
    "deprecated",
    "deprecatedSince",
    "idempotent",
    "readonly",
}
_HTTP = {"method", "requestUri", "responseCode"}
_MEMBER = {"shape", "location", "locationName", "idempotencyToken"}
_ERROR = {"httpStatusCode", "senderFault"}
_LIMITS = {"min", "max", "pattern"}
_SHAPES = {
    "string": {"type", "enum", "sensitive", *_LIMITS},
    "integer": {"type", "box", *_LIMITS},
    "long": {"type", "box", *_LIMITS},
    "float": {"type", "box", *_LIMITS},
    "double": {"type", "box", *_LIMITS},
    "boolean": {"type", "box"},
    "timestamp": {"type", "timestampFormat"},
    "list": {"type", "member", "sensitive", *_LIMITS},
    "map": {"type", "key", "value", "sensitive", *_LIMITS},
    "structure": {"type", "members", "required", "sensitive", "union", "exception", "error", "fault"},
}
_KINDS: Mapping[str, facts.ScalarKind] = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
}
_PLACES: Mapping[str, facts.Place] = {"uri": "path", "querystring": "query", "header": "header"}
_CARRIED = {"code", "message", "requestid", "exceptionmessage"}
"""Members that every error has in the library's own words, in lower case."""

_NEXT_TOKEN = "next_token"


def load_model(name: str) -> Model:
    """The installed model of a service, without a word of prose in it."""
    from botocore.loaders import Loader

    model: Model = Loader().load_service_model(name, "service-2")  # pyright: ignore[reportUnknownMemberType]
    stripped: Model = without_prose(model)
    return stripped


def without_prose(value: Any) -> Any:
    """The value without its documentation. A member may be called `documentation`, too: then its value is a mapping."""
    if isinstance(value, dict):
        return {
            key: without_prose(item)
            for key, item in value.items()
            if not (key in ("documentation", "deprecatedMessage") and isinstance(item, str))
        }
    if isinstance(value, list):
        return [without_prose(item) for item in value]
    return value


def digest(model: Model) -> str:
    """A hash of what the model says, whatever the order of its keys."""
    return sha256(json.dumps(model, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def python_name(name: str) -> str:
    """botocore's snake_case name; a Python keyword takes an underscore."""
    from botocore import xform_name

    snake = str(xform_name(name))
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def read(model: Model, curation: Curation) -> facts.Service:
    """The facts of one service. Raises Undecided at everything that a person has to decide first."""
    return _Reader(model, curation).service()


class _Reader:
    def __init__(self, model: Model, curation: Curation) -> None:
        self._curation = curation
        self._check(model, _TOP, "the model")
        self._check(model["metadata"], _METADATA, "metadata")
        self._metadata = model["metadata"]
        self._operations: Model = model["operations"]
        self._shapes: Model = model["shapes"]
        self._requests = {f"{name}Request" for name in self._operations}
        self._nested: dict[str, facts.Shape] = {}
        self._enums: dict[str, facts.Enum] = {}
        self._sent: set[str] = set()
        self._answered: set[str] = set()
        self._curated: set[tuple[str, str]] = set()

    def _stop(self, what: str) -> Undecided:
        return Undecided(f"{self._curation.name}: {what}")

    def _check(self, value: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        unknown = value.keys() - set(known)
        if unknown:
            raise self._stop(f"{where}: unknown key {min(unknown)!r}")

    def _shape(self, name: str) -> Mapping[str, Any]:
        shape: Mapping[str, Any] = self._shapes[name]
        if shape["type"] not in _SHAPES:
            raise self._stop(f"{name}: unsupported type {shape['type']!r}")
        self._check(shape, _SHAPES[shape["type"]], name)
        return shape

    def service(self) -> facts.Service:
        meta, curation = self._metadata, self._curation
        if (meta["protocol"], meta["signatureVersion"]) != ("rest-json", "v4"):
            raise self._stop(f"unsupported protocol {meta['protocol']!r} or signature {meta['signatureVersion']!r}")
        for name in sorted(self._requests & self._shapes.keys()):
            self._walk(name, self._sent, ())
        for name, shape in self._shapes.items():
            if shape.get("exception") or name.removesuffix("Response") in self._operations:
                self._walk(name, self._answered, ())
        operations: list[facts.Operation] = []
        responses: list[facts.Shape] = []
        for name, model in self._operations.items():
            response = self._response(name, model)
            operations.append(self._operation(name, model, response))
            if response is not None:
                responses.append(response)
        errors = tuple(self._error(name) for name, shape in self._shapes.items() if shape.get("exception"))
        self._check_curation()
        nested = tuple(shape for _, shape in sorted(self._nested.items()))
        return facts.Service(
            name=curation.name,
            package=curation.package,
            title=meta["serviceFullName"],
            class_prefix=curation.class_prefix,
            request_case=curation.case,
            shape_case=curation.case,
            endpoint_prefix=meta["endpointPrefix"],
            signing_name=meta.get("signingName", meta["endpointPrefix"]),
            service_id=re.sub(r"[ -]", "_", meta["serviceId"]).upper(),
            operations=tuple(operations),
            shapes=(*responses, *nested),
            enums=tuple(enum for _, enum in sorted(self._enums.items())),
            errors=tuple(sorted(errors, key=lambda error: error.name)),
        )

    def _check_curation(self) -> None:
        """What is curated must still be there: a decision about nothing hides a rename."""
        curation = self._curation
        for what, curated, there in (
            ("operation", curation.safety, self._operations),
            ("error", curation.errors, self._shapes),
            ("shape", curation.answered, self._shapes),
            ("shape", curation.present, self._shapes),
        ):
            gone = curated.keys() - there.keys()
            if gone:
                raise self._stop(f"curation.toml names {what} {min(gone)}, which the model does not have")
        for shape, members in (*curation.answered.items(), *curation.present.items()):
            missing = {(shape, member) for member in members} - self._curated
            if missing:
                raise self._stop(f"curation.toml names {'.'.join(min(missing))}, which is in no answer")
            if shape in self._sent:
                raise self._stop(f"curation.toml says that {shape} is always answered, but requests send it too")

    def _walk(self, name: str, seen: set[str], path: tuple[str, ...]) -> None:
        """Mark everything reachable from a shape; stop at recursion."""
        if name in path:
            raise self._stop(f"{name} contains itself")
        seen.add(name)
        shape = self._shape(name)
        inner = [shape[key] for key in ("member", "key", "value") if key in shape]
        for ref in (*shape.get("members", {}).values(), *inner):
            self._walk(ref["shape"], seen, (*path, name))

    # Operations

    def _operation(self, name: str, model: Mapping[str, Any], response: facts.Shape | None) -> facts.Operation:
        self._check(model, _OPERATION, name)
        self._check(model["http"], _HTTP, f"{name}.http")
        request = self._request(name, model)
        token = self._token(name, request)
        labels = {member.at for member in request.members if member.place == "path"}
        path = model["http"]["requestUri"]
        if set(re.findall(r"{([^}]*)}", path)) != labels:
            raise self._stop(f"{name}: the labels of {path} are not the path members {sorted(labels)}")
        return facts.Operation(
            name=name,
            python_name=python_name(name),
            method=model["http"]["method"],
            path=path,
            request=request,
            response=response.name if response is not None else None,
            body="json" if any(member.place == "body" for member in request.members) else None,
            safety=self._curation.safety[name],
            token=token,
            pages=self._pages(name, request, response),
            errors=tuple(self._error_name(name, ref) for ref in model.get("errors", ())),
            deprecated=model.get("deprecatedSince", "") if model.get("deprecated") else None,
            reference=self._curation.reference.format(operation=name),
        )

    def _error_name(self, operation: str, ref: Mapping[str, Any]) -> str:
        self._check(ref, {"shape"}, f"{operation}.errors")
        return str(ref["shape"])

    def _token(self, name: str, request: facts.Shape) -> str | None:
        if name not in self._curation.safety:
            raise self._stop(f"{name} is in no safety class of curation.toml")
        tokens = [member.name for member in request.members if member.token]
        if len(tokens) > 1:
            raise self._stop(f"{name} has several idempotency tokens")
        if bool(tokens) != (self._curation.safety[name] == "token"):
            has = "has an" if tokens else "has no"
            raise self._stop(f"{name} {has} idempotency token; its safety class says otherwise")
        return tokens[0] if tokens else None

    def _request(self, name: str, model: Mapping[str, Any]) -> facts.Shape:
        if "input" not in model:
            return facts.Shape(name=f"{name}Request", members=(), in_request=True)
        self._check(model["input"], {"shape"}, f"{name}.input")
        if model["input"]["shape"] != f"{name}Request":
            raise self._stop(f"{name} takes {model['input']['shape']}, not {name}Request")
        return self._structure(f"{name}Request", places=_PLACES)

    def _response(self, name: str, model: Mapping[str, Any]) -> facts.Shape | None:
        if "output" not in model:
            return None
        self._check(model["output"], {"shape"}, f"{name}.output")
        if model["output"]["shape"] != f"{name}Response":
            raise self._stop(f"{name} answers {model['output']['shape']}, not {name}Response")
        response = self._structure(f"{name}Response", places={})
        if not name.startswith(("List", "Search")):
            return response
        # The items of a list answer: absent is empty.
        members = (
            evolve(member, never_none=True) if isinstance(member.type, (facts.ListOf, facts.MapOf)) else member
            for member in response.members
        )
        return evolve(response, members=tuple(members))

    def _pages(self, name: str, request: facts.Shape, response: facts.Shape | None) -> facts.Pages | None:
        asks = any(member.name == _NEXT_TOKEN for member in request.members)
        gives = response is not None and any(member.name == _NEXT_TOKEN for member in response.members)
        if not (asks or gives):
            return None
        if not asks or not gives or response is None:
            raise self._stop(f"{name} has a next token on one side only")
        lists = [member for member in response.members if isinstance(member.type, facts.ListOf)]
        if len(lists) != 1 or not isinstance(lists[0].type, facts.ListOf):
            raise self._stop(f"{name} is paged and answers {len(lists)} lists, not one")
        return facts.Pages(
            style="token",
            items=lists[0].name,
            token=_NEXT_TOKEN,
            iterator="iter_" + python_name(name).removeprefix("list_"),
            item_type=lists[0].type.item,
        )

    # Errors

    def _error(self, name: str) -> facts.Error:
        shape = self._shape(name)
        self._check(shape.get("error", {}), _ERROR, f"{name}.error")
        if self._curation.errors.get(name) not in facts.MEANINGS:
            raise self._stop(f"{name} has no meaning in curation.toml that roomtone.errors knows")
        structure = self._structure(name, places={"header": "header"})
        members = tuple(
            evolve(member, required=False) for member in structure.members if member.wire.lower() not in _CARRIED
        )
        return facts.Error(
            name=name, status=shape["error"]["httpStatusCode"], meaning=self._curation.errors[name], members=members
        )

    # Shapes and members

    def _structure(self, name: str, places: Mapping[str, facts.Place], path: tuple[str, ...] = ()) -> facts.Shape:
        if name in path:
            raise self._stop(f"{name} contains itself")
        shape = self._shape(name)
        if shape["type"] != "structure":
            raise self._stop(f"{name} is no structure")
        carried = _CARRIED if shape.get("exception") else frozenset[str]()
        members = tuple(
            self._member(name, wire, ref, places, (*path, name))
            for wire, ref in shape["members"].items()
            if not self._is_noise(name, wire, ref) and wire.lower() not in carried
        )
        unknown = set(shape.get("required", ())) - shape["members"].keys()
        if unknown:
            raise self._stop(f"{name} requires {min(unknown)}, which it does not have")
        return facts.Shape(
            name=name,
            members=members,
            union=bool(shape.get("union")),
            in_answer=name in self._answered,
            in_request=name in self._sent,
        )

    def _is_noise(self, shape: str, wire: str, ref: Mapping[str, Any]) -> bool:
        return ref.get("location") == "header" and shape not in self._requests and wire in self._curation.noise

    def _member(
        self, shape: str, wire: str, ref: Mapping[str, Any], places: Mapping[str, facts.Place], path: tuple[str, ...]
    ) -> facts.Member:
        where = f"{shape}.{wire}"
        self._check(ref, _MEMBER, where)
        location = ref.get("location")
        if location is not None and location not in places:
            raise self._stop(f"{where}: unsupported location {location!r}")
        if location is None and ref.get("locationName", wire) != wire:
            raise self._stop(f"{where}: a body member with a wire name of its own")
        place = places[location] if location else "body"
        target = self._type(ref["shape"], path, in_body=place == "body")
        self._check_place(where, place, target)
        token = bool(ref.get("idempotencyToken"))
        if token and shape not in self._requests:
            raise self._stop(f"{where}: an idempotency token outside a request")
        answered = wire in self._curation.answered.get(shape, ())
        present = wire in self._curation.present.get(shape, ())
        if answered or present:
            self._curated.add((shape, wire))
        at = ref["locationName"] if location else ""
        return facts.Member(
            name=python_name(wire),
            wire=wire,
            type=target,
            required=present or (wire in self._shapes[shape].get("required", ()) and not token),
            answered=answered,
            place=place,
            at=at.lower() if place == "header" else at,
            token=token,
        )

    def _check_place(self, where: str, place: facts.Place, target: facts.Type) -> None:
        inner = target.item if place == "query" and isinstance(target, facts.ListOf) else target
        text = isinstance(inner, facts.EnumOf) or (isinstance(inner, facts.Scalar) and inner.kind == "str")
        fits = {"body": True, "path": text, "header": text, "query": text or isinstance(inner, facts.Scalar)}
        if not fits[place]:
            raise self._stop(f"{where}: a value of this type is not supported in the {place}")

    def _type(self, name: str, path: tuple[str, ...], *, in_body: bool) -> facts.Type:
        shape = self._shape(name)
        sensitive = bool(shape.get("sensitive"))
        limits = facts.Limits(minimum=shape.get("min"), maximum=shape.get("max"), pattern=shape.get("pattern"))
        match shape["type"]:
            case "structure":
                return self._nested_structure(name, sensitive, path)
            case "list":
                item = self._inner(name, shape["member"], path, in_body=in_body)
                return facts.ListOf(item, sensitive=sensitive, limits=limits)
            case "map":
                key = self._inner(name, shape["key"], path, in_body=in_body)
                value = self._inner(name, shape["value"], path, in_body=in_body)
                if not isinstance(key, facts.EnumOf) and not (isinstance(key, facts.Scalar) and key.kind == "str"):
                    raise self._stop(f"{name}: a map with keys that are no text")
                return facts.MapOf(key, value, sensitive=sensitive, limits=limits)
            case "string" if "enum" in shape:
                self._enums[name] = facts.Enum(name=name, values=tuple(shape["enum"]))
                return facts.EnumOf(name, sensitive=sensitive)
            case "timestamp":
                if shape.get("timestampFormat", "iso8601") != "iso8601":
                    raise self._stop(f"{name}: unsupported timestampFormat {shape['timestampFormat']!r}")
                return facts.Scalar("datetime", epoch=in_body and "timestampFormat" not in shape)
            case kind:
                return facts.Scalar(_KINDS[kind], sensitive=sensitive, limits=limits)

    def _inner(self, name: str, ref: Mapping[str, Any], path: tuple[str, ...], *, in_body: bool) -> facts.Type:
        self._check(ref, {"shape"}, name)
        inner = self._type(ref["shape"], path, in_body=in_body)
        if isinstance(inner, facts.Scalar) and inner.epoch:
            raise self._stop(f"{name}: epoch timestamps inside a collection")
        return inner

    def _nested_structure(self, name: str, sensitive: bool, path: tuple[str, ...]) -> facts.Type:
        if name in self._requests or name.removesuffix("Response") in self._operations:
            raise self._stop(f"{name} is a request or a response, and a member too")
        if name in path:
            raise self._stop(f"{name} contains itself")
        if name not in self._nested:
            self._nested[name] = self._structure(name, places={}, path=path)
        return facts.ShapeOf(name, sensitive=sensitive)
