"""Errors cross process borders: every class of the tree can be pickled and copied without loss."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from roomtone import Reply, errors
from roomtone.ivs import GetStreamResponse, Stream

PACKAGES = (
    "chime_sdk_meetings",
    "chime_sdk_media_pipelines",
    "chime_sdk_identity",
    "chime_sdk_messaging",
    "chime_sdk_voice",
    "ivs",
    "ivs_realtime",
    "ivschat",
    "signalwire",
)


def classes() -> Iterator[type[errors.RoomtoneError]]:
    """Every error class there is."""
    for package in (*PACKAGES, "signalwire.webhooks"):
        import_module(f"roomtone.{package}")
    waiting: list[type[errors.RoomtoneError]] = [errors.RoomtoneError]
    while waiting:
        cls = waiting.pop()
        yield cls
        waiting += cls.__subclasses__()


EVERY = sorted(
    {cls for cls in classes() if cls.__module__.startswith("roomtone.")}, key=lambda cls: (cls.__module__, cls.__name__)
)
IDS = [f"{cls.__module__.removeprefix('roomtone.')}.{cls.__name__}" for cls in EVERY]


def example(cls: type[errors.RoomtoneError]) -> errors.RoomtoneError:
    """An error of the class with nothing left at its default."""
    common: dict[str, Any] = {"service": "ivs", "operation": "GetChannel"}
    if issubclass(cls, errors.RequestError):
        return cls("must be a str, not int", member="attendees[3].external_user_id", **common)
    if issubclass(cls, errors.WaitError):
        stream = Stream(channel_arn="arn", stream_id="st-1", state="OFFLINE")
        return cls("it did not come", last=GetStreamResponse(stream=stream), state="OFFLINE", polls=7)
    common |= {"attempts": 2, "request_id": "r-1", "maybe_processed": True}
    if issubclass(cls, errors.DecodeError):
        reply = Reply(value=None, status=200, headers={"a": "b"}, body=b"\xff", request_id="r-1", attempts=2)
        return cls("is not UTF-8", reply=reply, **common)
    if issubclass(cls, errors.ApiError):
        members = {name: f"the {name}" for name in cls._member_names()}
        return cls(
            "grün",
            status=418,
            code="Odd",
            retry_after=1.5,
            headers={"x-odd": "1"},
            body={"message": "grün"},
            details=[{"code": 1}, "two"],
            **common,
            **members,
        )
    return cls("it went wrong", **common)


def check_equal(one: errors.RoomtoneError, other: errors.RoomtoneError) -> None:
    assert type(other) is type(one)
    assert other is not one
    assert vars(other) == vars(one)
    assert other.args == one.args
    assert str(other) == str(one)
    assert repr(other) == repr(one)


def test_there_are_errors_of_all_services() -> None:
    """The walk over the classes finds the tree, and each package's base and documented errors."""
    assert {getattr(errors, name) for name in errors.__all__} <= set(EVERY)
    for package in PACKAGES:
        table = import_module(f"roomtone.{package}.errors").ERRORS
        assert {table.base, *table.documented.values(), *table.meanings.values()} <= set(EVERY)
    assert len(EVERY) > 180


@pytest.mark.parametrize("cls", EVERY, ids=IDS)
def test_every_error_survives_pickle_and_copy(cls: type[errors.RoomtoneError]) -> None:
    """Pickled and copied errors have the class, arguments, attributes and text of the first."""
    for error in (example(cls), cls("bare")):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            check_equal(error, pickle.loads(pickle.dumps(error, protocol)))
        check_equal(error, copy.copy(error))
        check_equal(error, copy.deepcopy(error))


@pytest.mark.parametrize("cls", EVERY, ids=IDS)
def test_a_copy_is_independent(cls: type[errors.RoomtoneError]) -> None:
    """What is changed on a deep copy is not changed on the first."""
    error = example(cls)
    other = copy.deepcopy(error)
    other.message = "changed"
    if isinstance(error, errors.ApiError) and isinstance(other, errors.ApiError):
        other.details.append("more")
        assert error.details == [{"code": 1}, "two"]
    assert error.message != "changed"


def test_an_error_arrives_in_another_process() -> None:
    """A fresh interpreter that never imported the service reads a pickled error of it."""
    from roomtone.ivschat import ServiceQuotaExceededException

    error = ServiceQuotaExceededException("too many rooms", resource_id="r", limit=5, request_id="q-1")
    program = (
        "import pickle, sys\n"
        "error = pickle.loads(sys.stdin.buffer.read())\n"
        "print(type(error).__module__, type(error).__name__, error.limit, error.status, error.request_id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(error), capture_output=True, check=True, timeout=30
    )
    assert done.stdout.decode().split() == [
        "roomtone.ivschat.errors",
        "ServiceQuotaExceededException",
        "5",
        "402",
        "q-1",
    ]
