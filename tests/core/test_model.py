"""Shapes are attrs classes, and attrs finishes them when they are used."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import attrs
import pytest

from roomtone._core.model import Request, shape
from roomtone.client import _AWS_SERVICES

SERVICES = (*(name.replace("-", "_") for name in _AWS_SERVICES), "signalwire")


def make_room() -> type[Any]:
    """A shape that nobody has used yet."""

    @shape(kw_only=True)
    class Room(Request["Room"]):
        """A room."""

        size: int | None = None
        name: str
        token: str | None = attrs.field(default=None, repr=False, metadata={"wire": "key"})
        doors: Sequence[str] = attrs.field(factory=list)

    made: type[Any] = Room
    return made


def is_finished(cls: type[Any]) -> bool:
    return inspect.isfunction(vars(cls)["__init__"])


WAYS: dict[str, Callable[[type[Any]], object]] = {
    "call": lambda cls: cls(name="hall"),
    "fields": attrs.fields,
    "has": attrs.has,
    "signature": inspect.signature,
    "subclass": lambda cls: attrs.define(type("Mine", (cls,), {})),
    "subclass without attrs": lambda cls: type("Mine", (cls,), {})(name="hall"),
    "init": lambda cls: cls.__init__,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_whoever_uses_a_shape_finds_it_finished(way: Callable[[type[Any]], object]) -> None:
    """attrs finishes a shape when it is called, asked for its fields or signature, or derived from."""
    cls = make_room()
    assert not is_finished(cls)
    way(cls)
    assert is_finished(cls)
    assert [field.name for field in attrs.fields(cls)] == ["size", "name", "token", "doors"]


def test_a_shape_is_what_attrs_would_have_made() -> None:
    """Arguments, defaults, metadata and types are those that `attrs.define` gives, by keyword alone, with slots."""
    cls = make_room()
    assert str(inspect.signature(cls)) == (
        "(*, size: 'int | None' = None, name: 'str', token: 'str | None' = None, "
        "doors: 'Sequence[str]' = NOTHING) -> None"
    )
    assert attrs.fields_dict(cls)["token"].metadata == {"wire": "key"}
    assert attrs.fields_dict(cls)["doors"].type == "Sequence[str]"
    room = cls(name="hall")
    assert (room.size, room.name, room.token, room.doors) == (None, "hall", None, [])
    assert room.doors is not cls(name="hall").doors
    assert attrs.asdict(attrs.evolve(room, size=4)) == {"size": 4, "name": "hall", "token": None, "doors": []}
    assert weakref.ref(room)() is room
    assert (cls.__name__, cls.__module__, cls.__doc__) == ("Room", __name__, "A room.")
    with pytest.raises(AttributeError):
        room.nmae = "hall"
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
        cls()
    with pytest.raises(TypeError, match="unexpected keyword argument 'nmae'"):
        cls(nmae="hall")
    with pytest.raises(TypeError, match="positional"):
        cls(4)


def test_shapes_compare_and_show_themselves_as_those_of_attrs_do() -> None:
    """By members and class; what is secret is not shown; what can change has no hash."""
    cls, other = make_room(), make_room()
    assert cls(name="hall", token="t") == cls(name="hall", token="t") != cls(name="hall", token="u")
    assert cls(name="hall") != other(name="hall")
    assert repr(cls(name="hall", token="t")).endswith("Room(size=None, name='hall', doors=[])")
    with pytest.raises(TypeError, match="unhashable"):
        hash(cls(name="hall"))


def test_a_subclass_of_a_users_own_has_its_members_too() -> None:
    """`attrs.define` takes over the members of a shape, used or not."""

    @attrs.define(kw_only=True)
    class Suite(make_room()):  # type: ignore[misc]
        stars: int = 3

    suite: Any = Suite(name="hall", stars=5)
    assert (suite.name, suite.stars) == ("hall", 5)
    assert [field.name for field in attrs.fields(Suite)] == ["size", "name", "token", "doors", "stars"]


def test_threads_may_all_be_the_first() -> None:
    """A shape that many threads use at once for the first time serves them all."""
    for _ in range(20):
        cls, gate, made = make_room(), threading.Barrier(8), list[Any]()

        def use(cls: type[Any] = cls, gate: threading.Barrier = gate, made: list[Any] = made) -> None:
            gate.wait()
            made.append(cls(name="hall"))

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [cls(name="hall")] * 8


def test_the_same_fields_come_each_time() -> None:
    """What attrs made stays: nobody's hold on it goes stale."""
    cls = make_room()
    fields = attrs.fields(cls)
    init = cls.__init__
    cls(name="hall")
    assert attrs.fields(cls) is fields
    assert cls.__init__ is init


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_shapes_pickle_and_copy(protocol: int) -> None:
    """Every member comes through, the secret ones too, in a process that has not used the shape."""
    from roomtone.ivs import StreamKey

    key = StreamKey(arn="arn:key", value="sk_hidden", tags={"a": "b"})
    data = pickle.dumps(key, protocol)
    assert pickle.loads(data) == copy.copy(key) == copy.deepcopy(key) == key
    assert copy.deepcopy(key).tags is not key.tags
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer).value)"
    ran = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=True)
    assert ran.stdout.strip() == b"sk_hidden"


@pytest.mark.parametrize("service", SERVICES)
def test_every_shape_is_of_attrs_with_slots_and_keywords_alone(service: str) -> None:
    """No shape of any service has a dict, a positional argument or a member that attrs does not know."""
    models = import_module(f"roomtone.{service}.models")
    shapes = [one for one in vars(models).values() if isinstance(one, type) and one.__module__ == models.__name__]
    assert len(shapes) > 30
    for one in shapes:
        assert attrs.has(one)
        assert all(field.kw_only for field in attrs.fields(one))
        assert one.__dictoffset__ == 0
        assert vars(one)["__slots__"] == (*(field.name for field in attrs.fields(one)), "__weakref__")


def test_importing_services_makes_attrs_finish_none_of_their_shapes() -> None:
    """An import costs what is used, and a call costs the shapes that it needs."""
    script = f"""if True:
        import importlib, inspect, json
        modules = [importlib.import_module(f"roomtone.{{service}}.models") for service in {SERVICES!r}]
        shapes = [one for module in modules for one in vars(module).values()
                  if isinstance(one, type) and one.__module__ == module.__name__]
        def finished():
            return [one.__name__ for one in shapes if inspect.isfunction(vars(one)["__init__"])]
        before = finished()
        from roomtone import from_wire, ivs
        from_wire(ivs.GetStreamKeyResponse, {{"streamKey": {{"arn": "a"}}}})
        print(json.dumps([len(shapes), before, finished()]))
    """
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    count, before, after = json.loads(ran.stdout)
    assert count > 900
    assert before == []
    assert sorted(after) == ["GetStreamKeyResponse", "StreamKey"]
