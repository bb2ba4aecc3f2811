"""What the emulator remembers: the world and its areas, shelves with pages, idempotency tokens. Knows no service."""

from __future__ import annotations

import base64
import binascii
import bisect
import secrets
import string
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from attrs import define, field, frozen

from roomtone._core.codec import Misfit
from roomtone.emulator.clock import utc_now

__all__ = ["Call", "Shelf", "Tokens", "World", "random_id", "random_uuid", "region_of", "utc_now"]

T = TypeVar("T")

ACCOUNT = "123456789012"


def random_id(length: int) -> str:
    """Letters and digits, of no meaning."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def random_uuid() -> str:
    """A UUID of no meaning, as services make their ids."""
    return str(uuid.uuid4())


def region_of(arn: str) -> str:
    """The region in an ARN; empty for what is none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


@define(eq=False)
class World:
    """All that one emulator holds.

    Each area of it, such as meetings or channels, is a class of its own, made at the first touch, so that the world
    need not know them. Whoever reads or changes the world holds `lock`: calls and a test's commands come from several
    threads.
    """

    clock: Callable[[], datetime] = utc_now
    account: str = ACCOUNT
    project: str = ""
    """SignalWire's project id."""
    lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)
    _areas: dict[type[Any], Any] = field(factory=dict, init=False, repr=False)

    def area(self, kind: type[T]) -> T:
        """The one area of its kind."""
        if kind not in self._areas:
            self._areas[kind] = kind()
        area: T = self._areas[kind]
        return area


@frozen
class Call:
    """What a handler knows of a call beside its request."""

    world: World
    region: str
    """The region the request was signed for; empty for SignalWire."""
    path: str
    """The path as it was sent."""
    query: str
    """The query as it was sent."""

    @cached_property
    def now(self) -> datetime:
        """The time of the call: the same one, however often it is asked for."""
        return self.world.clock()

    def area(self, kind: type[T]) -> T:
        """The area of a kind, such as `Meetings`."""
        return self.world.area(kind)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the call's region and the emulator's one account."""
        return f"arn:aws:{service}:{self.region}:{self.world.account}:{resource}"


@define(eq=False)
class Shelf(Generic[T]):
    """Things by their key, in the order they came.

    A page goes on where the last one ended, whatever was added or removed since, and costs what is on it, not what is
    on the shelf.
    """

    _things: dict[str, tuple[int, T]] = field(factory=dict, init=False)
    _order: list[tuple[int, str]] = field(factory=list, init=False)
    """Place and key of every thing, places rising."""
    _count: int = field(default=0, init=False)

    def put(self, key: str, thing: T) -> None:
        """Puts a new thing at the end, or another in the place of an old one."""
        if key in self._things:
            self._things[key] = (self._things[key][0], thing)
            return
        self._things[key] = (self._count, thing)
        self._order.append((self._count, key))
        self._count += 1

    def get(self, key: str) -> T | None:
        return self._things[key][1] if key in self._things else None

    def take(self, key: str) -> T | None:
        """Takes a thing away; None when there is none."""
        if key not in self._things:
            return None
        place, thing = self._things.pop(key)
        del self._order[self._index(place)]
        return thing

    @property
    def newest(self) -> T | None:
        """The thing that came last; None when the shelf is empty."""
        return self._things[self._order[-1][1]][1] if self._order else None

    def __iter__(self) -> Iterator[T]:
        return (thing for _, thing in self._things.values())

    def __len__(self) -> int:
        return len(self._things)

    def page(
        self,
        token: str | None,
        limit: int,
        *,
        where: Callable[[T], bool] = lambda _: True,
        newest_first: bool = False,
    ) -> tuple[list[T], str | None]:
        """One page and the token of the next. Raises Misfit for a token that no page gave."""
        last = _place(token)
        if newest_first:
            rest = range((len(self._order) if last is None else self._index(last)) - 1, -1, -1)
        else:
            rest = range(0 if last is None else self._index(last + 1), len(self._order))
        found: list[tuple[int, T]] = []
        for index in rest:
            place, key = self._order[index]
            thing = self._things[key][1]
            if where(thing):
                if len(found) == limit:
                    return [thing for _, thing in found], _token(found[-1][0])
                found.append((place, thing))
        return [thing for _, thing in found], None

    def _index(self, place: int) -> int:
        """Where in the order a place is, or would be."""
        return bisect.bisect_left(self._order, (place, ""))


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _place(token: str | None) -> int | None:
    if not token:
        return None
    try:
        mark, _, place = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        mark = place = ""
    if mark != "after" or not place.isdecimal():
        raise Misfit("is no token of an earlier page", "next_token")
    return int(place)


@define(eq=False)
class Tokens:
    """What was answered to requests with an idempotency token, so that a second one with it does nothing again."""

    _answers: dict[tuple[type[Any], str], tuple[Any, Any]] = field(factory=dict, init=False)
    _of_thing: dict[str, list[tuple[type[Any], str]]] = field(factory=dict, init=False)

    def once(
        self,
        token: str | None,
        request: Any,
        make: Callable[[], T],
        *,
        conflict: Callable[[], Exception],
        about: Callable[[T], str] | None = None,
    ) -> T:
        """The first answer to this token, or what `make` makes; raises `conflict()` when the request is another one.

        Args:
            token: The token; None for a request without one.
            request: What is asked; the same token may stand for one request of each class.
            make: Does it.
            conflict: The error of a token that stands for another request.
            about: The id of the thing that an answer is about, by which `forget_thing` finds it.
        """
        if token is None:
            return make()
        key: tuple[type[Any], str] = (type(request), token)
        if key in self._answers:
            first, answer = self._answers[key]
            if first != request:
                raise conflict()
            known: T = answer
            return known
        made = make()
        self._answers[key] = (request, made)
        if about is not None:
            self._of_thing.setdefault(about(made), []).append(key)
        return made

    def forget(self, is_about: Callable[[Any], bool]) -> None:
        """Forgets the answers about a thing that is no more, by looking at all of them."""
        self._answers = {key: kept for key, kept in self._answers.items() if not is_about(kept[1])}

    def forget_thing(self, thing_id: str) -> None:
        """Forgets the answers about a thing that is no more, by the id that `about` gave."""
        for key in self._of_thing.pop(thing_id, ()):
            self._answers.pop(key, None)
