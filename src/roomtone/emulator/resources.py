"""Resources that are known by their ARN: kinds of them, what a call can reach, their tags. Knows no service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy
from typing import Any, Generic, Protocol, TypeVar

import attrs
from attrs import define, field

from roomtone._core.codec import Misfit
from roomtone.emulator.state import Call, Shelf

__all__ = ["Kind", "Kinds", "Tagged", "changes", "id_of", "region_of", "tags_of", "view"]


class Tagged(Protocol):
    """What every resource has."""

    arn: str
    tags: dict[str, str] | None


T = TypeVar("T", bound=Tagged)
V = TypeVar("V", bound=attrs.AttrsInstance)

MOST_TAGS = 50
_KEY, _VALUE = range(1, 129), range(257)


def region_of(arn: str) -> str:
    """The region in an ARN; empty when it is none."""
    return (arn.split(":") + [""] * 4)[3]


def id_of(arn: str) -> str:
    """The last part of an ARN."""
    return arn.rpartition("/")[2]


@define(eq=False)
class Kind(Generic[T]):
    """All resources of one kind, of all regions, by their ARN.

    Args:
        noun: What one of them is called in messages.
        missing: Makes the service's error for an ARN that leads nowhere, of the noun and the ARN.
    """

    noun: str
    missing: Callable[[str, str], Exception]
    shelf: Shelf[T] = field(factory=Shelf, init=False)

    def at(self, arn: str) -> T:
        """The resource at an ARN. Raises what `missing` makes."""
        thing = self.shelf.get(arn)
        if thing is None:
            raise self.missing(self.noun, arn)
        return thing

    def has(self, call: Call, arn: str) -> bool:
        """Whether there is such a resource where the call was sent: one of another region is not seen."""
        return region_of(arn) == call.region and self.shelf.get(arn) is not None

    def of(self, call: Call, arn: str) -> T:
        """The resource at an ARN that a call can reach. Raises what `missing` makes."""
        if not self.has(call, arn):
            raise self.missing(self.noun, arn)
        return self.at(arn)

    def put(self, thing: T) -> T:
        """Puts a new resource at the end, or another state of it in its place, and returns it."""
        self.shelf.put(thing.arn, thing)
        return thing

    def take(self, call: Call, arn: str) -> T:
        """Takes a resource away. Raises what `missing` makes."""
        thing = self.of(call, arn)
        self.shelf.take(arn)
        return thing

    def __iter__(self) -> Iterator[T]:
        return iter(self.shelf)

    def page(
        self,
        call: Call,
        token: str | None,
        limit: int,
        *,
        where: Callable[[T], bool] = lambda _: True,
        newest_first: bool = False,
    ) -> tuple[list[T], str | None]:
        """One page of the call's region and the token of the next."""
        return self.shelf.page(
            token,
            limit,
            where=lambda thing: region_of(thing.arn) == call.region and where(thing),
            newest_first=newest_first,
        )


@define(eq=False)
class Kinds:
    """An area whose resources all have tags: what its attributes of class `Kind` hold."""

    def _tagged(self, call: Call, arn: str) -> tuple[Kind[Any], Tagged]:
        kinds = [kind for kind in attrs.asdict(self, recurse=False).values() if isinstance(kind, Kind)]
        for kind in kinds:
            if kind.has(call, arn):
                return kind, kind.at(arn)
        raise kinds[0].missing("resource", arn)

    def tags(self, call: Call, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        return dict(self._tagged(call, arn)[1].tags or {})

    def tag(self, call: Call, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a resource. Raises Misfit when they do not fit or are too many."""
        self._retag(call, arn, tags_of({**self.tags(call, arn), **tags}))

    def untag(self, call: Call, arn: str, keys: Collection[str]) -> None:
        """Takes tags away; keys that the resource does not have are passed over."""
        self._retag(call, arn, {key: value for key, value in self.tags(call, arn).items() if key not in keys})

    def _retag(self, call: Call, arn: str, tags: dict[str, str]) -> None:
        kind, thing = self._tagged(call, arn)
        # A copy, for an earlier answer or a stream session may hold the resource as it was.
        changed = copy(thing)
        changed.tags = tags
        kind.put(changed)


def tags_of(given: Mapping[str, str] | None) -> dict[str, str]:
    """The tags of a request. Raises Misfit."""
    tags = dict(given or {})
    if len(tags) > MOST_TAGS:
        raise Misfit(f"must be 0 to {MOST_TAGS} items, with those the resource has", "tags")
    for key, value in tags.items():
        if len(key) not in _KEY or len(value) not in _VALUE:
            raise Misfit("must have keys of 1 to 128 and values of 0 to 256 characters", "tags")
        if key.lower().startswith("aws:"):
            raise Misfit("must not have keys that begin with aws:, which are reserved", "tags")
    return tags


def changes(request: attrs.AttrsInstance, *, but: Iterable[str] = ("arn",)) -> dict[str, Any]:
    """What an update changes: its members that were sent, without those that say what is to be updated."""
    sent = attrs.asdict(request, recurse=False)
    return {name: value for name, value in sent.items() if value is not None and name not in {*but}}


def view(cls: type[V], thing: object, **more: Any) -> V:
    """A summary or an answer: each of its members from the thing it is about, or from `more`."""
    return cls(**{one.name: getattr(thing, one.name) for one in attrs.fields(cls) if one.name not in more}, **more)
