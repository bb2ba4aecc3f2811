"""Paginator: the items of all pages, or the pages. Knows operations' page records and how to make one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

from roomtone._core.model import Request
from roomtone._core.operation import MAX_TARGET, Operation, Pages, Reply, TokenPages, UriPages
from roomtone.errors import PaginationError, RequestError

__all__ = ["Paginator"]

ItemT = TypeVar("ItemT")
PageT = TypeVar("PageT")

Fetch = Callable[[Request[Any], "str | None"], Awaitable[Reply[Any]]]


class Paginator(Generic[ItemT, PageT]):
    """The answer of an `iter_*` method: `async for item in paginator`, or `async for page in paginator.pages()`.

    Pages are fetched one at a time, when their first item is wanted. Iterating again begins again.

    Attributes:
        token: Where to resume with `starting_token=`: the token of the current page until its last item was yielded and
            another one asked for, then that of the next page; so items may repeat and none is lost. None before a first
            page without a token, and at the end.

    Raises:
        PaginationError: While iterating: a page's token or link was seen before, so there would be no end; or a link is
            too long to be sent.
    """

    def __init__(
        self,
        fetch: Fetch,
        operation: Operation[Any, PageT],
        request: Request[PageT],
        starting_token: str | None,
    ) -> None:
        assert operation.pages is not None
        self._fetch = fetch
        self._operation = operation
        self._pages = operation.pages
        self._request = request
        self._by_link = isinstance(operation.pages, UriPages)
        if starting_token is not None and not isinstance(starting_token, str):
            raise self._refused(f"must be a str, not {type(starting_token).__name__}")
        if self._by_link and starting_token:
            starting_token = _query_only(f"?{starting_token}")
            if len(starting_token or "") > MAX_TARGET:
                raise self._refused(f"is too long: it has more than {MAX_TARGET:,} characters")
        self._starting_token = starting_token or None
        self.token: str | None = self._starting_token

    def __aiter__(self) -> AsyncIterator[ItemT]:
        return _Items(self.pages(), self._pages)

    # Under `if not TYPE_CHECKING`, because otherwise a plain loop would type-check.
    if not TYPE_CHECKING:

        def __iter__(self) -> object:
            raise TypeError("pages are fetched as they are wanted: iterate with `async for`, not `for`")

    def pages(self) -> AsyncIterator[PageT]:
        """The responses, one by one."""
        return _Pages(self)

    def _page(self, token: str | None) -> Awaitable[Reply[Any]]:
        if isinstance(self._pages, TokenPages):
            request: Any = self._request
            return self._fetch(request if token is None else attrs.evolve(request, **{self._pages.token: token}), None)
        return self._fetch(self._request, token)

    def _following(self, reply: Reply[Any]) -> str | None:
        """What leads to the next page; None at the end."""
        if isinstance(self._pages, TokenPages):
            return getattr(reply.value, self._pages.token) or None
        return _query_only(reply.value.next_page_uri or "")

    def _refused(self, reason: str) -> RequestError:
        return RequestError(
            f"starting_token {reason}",
            member="starting_token",
            service=self._operation.service.name,
            operation=self._operation.name,
        )

    def _astray(self, reply: Reply[Any], reason: str) -> PaginationError:
        return PaginationError(
            reason,
            reply=attrs.evolve(reply, value=None),
            service=self._operation.service.name,
            operation=self._operation.name,
            request_id=reply.request_id,
            attempts=reply.attempts,
        )


def _query_only(link: str) -> str | None:
    """The query of a page's link, encoded anew: a link never moves path or origin. None when it has none."""
    try:
        return urlencode(parse_qsl(urlsplit(link).query, keep_blank_values=True)) or None
    except ValueError:
        return None


# Classes, not async generators: a loop that is left early leaves nothing behind for a garbage collector to close.


class _Pages(AsyncIterator[PageT]):
    def __init__(self, paginator: Paginator[Any, PageT]) -> None:
        self._paginator = paginator
        self._next: str | None = paginator._starting_token
        self._seen: set[str | None] = set()
        self._last: Reply[Any] | None = None

    async def __anext__(self) -> PageT:
        # The consumer came back for more, so it has all of the last page: the token may move on.
        self._paginator.token = self._next
        if self._last is not None and self._next is None:
            raise StopAsyncIteration
        if self._next in self._seen:
            assert self._last is not None
            raise self._paginator._astray(
                self._last, "the service answered a page's token a second time, so its pages would never end"
            )
        if self._last is not None and self._paginator._by_link and len(self._next or "") > MAX_TARGET:
            raise self._paginator._astray(self._last, "the service answered a page's link that is too long to be sent")
        reply = await self._paginator._page(self._next)
        self._seen.add(self._next)
        self._last = reply
        self._next = self._paginator._following(reply)
        value: PageT = reply.value
        return value


class _Items(AsyncIterator[ItemT]):
    def __init__(self, pages: AsyncIterator[Any], record: Pages) -> None:
        self._pages = pages
        self._record = record
        self._items: Iterator[ItemT] = iter(())

    async def __anext__(self) -> ItemT:
        while True:
            for item in self._items:
                return item
            self._items = iter(_items_of(await anext(self._pages), self._record))


def _items_of(page: Any, record: Pages) -> Sequence[Any]:
    items = getattr(page, record.items)
    if not items and isinstance(record, UriPages) and record.also:
        items = getattr(page, record.also)
    return items or ()
