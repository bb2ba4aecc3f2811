"""What the emulator remembers: the world and its areas, shelves with pages, idempotency tokens. Knows no service."""

from __future__ import annotations

import base64
import binascii
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from attrs import define, field, frozen

from roomtone._core.codec import Misfit

__all__ = ["Call", "Shelf", "Tokens", "World", "random_id", "utc_now"]

T = TypeVar("T")

ACCOUNT = "123456789012"


def utc_now() -> datetime:
    """The time, to whole milliseconds as services answer it."""
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def random_id(length: int) -> str:
    """Letters and digits, of no meaning."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


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

    @property
    def now(self) -> datetime:
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

    A page goes on where the last one ended, whatever was added or removed since.
    """

    _things: dict[str, tuple[int, T]] = field(factory=dict, init=False)
    _count: int = field(default=0, init=False)

    def put(self, key: str, thing: T) -> None:
        """Puts a new thing at the end, or another in the place of an old one."""
        place = self._things[key][0] if key in self._things else self._count
        self._things[key] = (place, thing)
        self._count = max(self._count, place + 1)

    def get(self, key: str) -> T | None:
        return self._things[key][1] if key in self._things else None

    def take(self, key: str) -> T | None:
        """Takes a thing away; None when there is none."""
        return self._things.pop(key, (0, None))[1]

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
        found = [(place, thing) for place, thing in self._things.values() if where(thing)]
        if newest_first:
            found.reverse()
        if last is not None:
            found = [(place, thing) for place, thing in found if (place < last if newest_first else place > last)]
        page = found[:limit]
        more = len(found) > len(page)
        return [thing for _, thing in page], _token(page[-1][0]) if more else None


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

    def once(self, token: str | None, request: Any, make: Callable[[], T], *, conflict: Callable[[], Exception]) -> T:
        """The first answer to this token, or what `make` makes; raises `conflict()` when the request is another one."""
        if token is None:
            return make()
        key = (type(request), token)
        if key in self._answers:
            first, answer = self._answers[key]
            if first != request:
                raise conflict()
            known: T = answer
            return known
        made = make()
        self._answers[key] = (request, made)
        return made

    def forget(self, is_about: Callable[[Any], bool]) -> None:
        """Forgets the answers about a thing that is no more."""
        self._answers = {key: kept for key, kept in self._answers.items() if not is_about(kept[1])}
