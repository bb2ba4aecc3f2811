"""Pages by token and by link: items, responses, where to resume, and the end."""

from __future__ import annotations

import gc
import inspect
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timezone
from importlib import import_module
from typing import Any, get_args, get_origin
from urllib.parse import parse_qs, parse_qsl

import attrs
import httpx
import pytest
import respx
from botocore import xform_name

import roomtone
from flow.loopback import REGION, Waits
from roomtone import errors
from roomtone._core.codec import ANSWERS, members_of
from roomtone._core.operation import Operation, TokenPages
from roomtone.ivs import ListChannelsResponse
from roomtone.signalwire import CallList

pytestmark = pytest.mark.anyio

CHANNELS = f"https://ivs.{REGION}.amazonaws.com/ListChannels"
CALLS = "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/project-1/Calls"

# Each token's page: the names of its channels, and the token of the next page.
Book = Mapping[str | None, tuple[list[str], str | None]]
BOOK: Book = {None: (["a", "b"], "t2"), "t2": ([], "t3"), "t3": (["c"], "t4"), "t4": (["d", "e"], None)}


def shelve(router: respx.MockRouter, book: Book) -> respx.Route:
    """IVS's ListChannels with these pages."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert router.calls.call_count < 50, "this would never end"
        names, following = book[json.loads(request.content).get("nextToken")]
        return httpx.Response(200, json={"channels": [{"name": name} for name in names], "nextToken": following})

    return router.post(CHANNELS).mock(side_effect=answer)


def tokens_sent(route: respx.Route) -> list[str | None]:
    return [json.loads(call.request.content).get("nextToken") for call in route.calls]


async def test_items_of_all_pages(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The items of all pages come in order, empty pages in between are passed over, arguments go with every page."""
    calls = shelve(router, BOOK)
    found = [channel.name async for channel in live.ivs.iter_channels(filter_by_name="x", max_results=2)]
    assert found == ["a", "b", "c", "d", "e"]
    assert tokens_sent(calls) == [None, "t2", "t3", "t4"]
    for call in calls.calls:
        sent = json.loads(call.request.content)
        assert (sent["filterByName"], sent["maxResults"]) == ("x", 2)


async def test_pages_themselves(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`.pages()` gives the responses, empty ones too."""
    shelve(router, BOOK)
    pages = [page async for page in live.ivs.iter_channels().pages()]
    assert [type(page) for page in pages] == [ListChannelsResponse] * 4
    assert [len(page.channels or ()) for page in pages] == [2, 0, 1, 2]
    assert [page.next_token for page in pages] == ["t2", "t3", "t4", None]


async def test_pages_are_fetched_when_they_are_wanted(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Making a paginator sends nothing; the first item costs one request, the last of a page none."""
    calls = shelve(router, BOOK)
    paginator = live.ivs.iter_channels()
    items = aiter(paginator)
    assert calls.call_count == 0
    await anext(items)
    await anext(items)
    assert calls.call_count == 1
    await anext(items)
    assert calls.call_count == 3


async def test_the_token_at_every_step(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The token is the current page's until the consumer comes back from its last item; then it is the next one's."""
    shelve(router, BOOK)
    paginator = live.ivs.iter_channels()
    assert paginator.token is None
    steps = [(item.name, paginator.token) async for item in paginator]
    assert steps == [("a", None), ("b", None), ("c", "t3"), ("d", "t4"), ("e", "t4")]
    assert paginator.token is None
    paginator = live.ivs.iter_channels()
    assert [paginator.token async for _ in paginator.pages()] == [None, "t2", "t3", "t4"]
    assert paginator.token is None


@pytest.mark.parametrize("stop_after", range(1, 6))
async def test_resuming_repeats_items_and_loses_none(
    live: roomtone.Client, router: respx.MockRouter, stop_after: int
) -> None:
    """Wherever a loop is left, `starting_token=` goes on from there: items may repeat and none is lost."""
    shelve(router, BOOK)
    paginator = live.ivs.iter_channels()
    seen: list[str | None] = []
    async for channel in paginator:
        seen.append(channel.name)
        if len(seen) == stop_after:
            break
    rest = [channel.name async for channel in live.ivs.iter_channels(starting_token=paginator.token)]
    assert list(dict.fromkeys([*seen, *rest])) == ["a", "b", "c", "d", "e"]
    page_sizes = [2, 2, 1, 2, 2]
    assert len(seen) + len(rest) - 5 <= page_sizes[stop_after - 1]


async def test_a_failed_page_can_be_resumed(live: roomtone.Client, waits: Waits, router: respx.MockRouter) -> None:
    """When a page fails, the token is that page's, and both the same loop and a new one can go on."""
    fine = {"channels": [{"name": "a"}], "nextToken": "t2"}
    calls = router.post(CHANNELS)
    calls.side_effect = [
        httpx.Response(200, json=fine),
        httpx.Response(403),
        httpx.Response(200, json={"channels": []}),
    ]
    paginator = live.ivs.iter_channels()
    items = aiter(paginator)
    assert (await anext(items)).name == "a"
    with pytest.raises(errors.PermissionDeniedError):
        await anext(items)
    assert paginator.token == "t2"
    assert [item async for item in items] == []
    assert tokens_sent(calls) == [None, "t2", "t2"]


async def test_iterating_again_begins_again(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A paginator can be used twice, from its own start."""
    shelve(router, BOOK)
    paginator = live.ivs.iter_channels(starting_token="t3")
    assert paginator.token == "t3"
    for _ in range(2):
        assert [channel.name async for channel in paginator] == ["c", "d", "e"]
        assert paginator.token is None


async def test_an_exhausted_iterator_stays_exhausted(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Asking again after the end asks nobody."""
    calls = shelve(router, {None: (["a"], None)})
    items = aiter(live.ivs.iter_channels())
    assert [item.name async for item in items] == ["a"]
    assert [item.name async for item in items] == []
    assert calls.call_count == 1


@pytest.mark.parametrize(
    ("book", "start", "pages"),
    [
        ({None: (["a"], "t2"), "t2": (["b"], "t2")}, None, 2),
        ({None: (["a"], "t2"), "t2": (["b"], "t3"), "t3": (["c"], "t2")}, None, 3),
        ({"t1": (["a"], "t1")}, "t1", 1),
    ],
    ids=["itself", "a cycle of two", "the one it started with"],
)
async def test_a_token_that_repeats(
    live: roomtone.Client, router: respx.MockRouter, book: Book, start: str | None, pages: int
) -> None:
    """A token that was seen before stops with an error, after all pages that were new."""
    calls = shelve(router, book)
    found = []

    async def go_through() -> None:
        async for channel in live.ivs.iter_channels(starting_token=start):
            found.append(channel.name)  # noqa: PERF401

    with pytest.raises(errors.PaginationError) as caught:
        await go_through()
    assert len(found) == calls.call_count == pages
    error = caught.value
    assert isinstance(error, errors.DecodeError)
    assert (error.service, error.operation, error.attempts) == ("ivs", "ListChannels", 1)
    assert error.reply is not None
    assert (error.reply.status, error.reply.value) == (200, None)


@pytest.mark.parametrize("end", [None, ""])
async def test_an_empty_token_is_the_end(live: roomtone.Client, router: respx.MockRouter, end: str | None) -> None:
    """A null, absent or empty token ends the pages."""
    calls = shelve(router, {None: (["a"], "t2"), "t2": (["b"], end)})
    assert [channel.name async for channel in live.ivs.iter_channels()] == ["a", "b"]
    assert calls.call_count == 2


async def test_an_empty_starting_token_is_none(live: roomtone.Client, router: respx.MockRouter) -> None:
    """`starting_token=""` starts at the beginning, as the end of an earlier run would give it."""
    calls = shelve(router, {None: (["a"], None)})
    assert [channel.name async for channel in live.ivs.iter_channels(starting_token="")] == ["a"]
    assert tokens_sent(calls) == [None]


async def test_a_starting_token_is_a_text(live: roomtone.Client) -> None:
    """Another type is refused at once, by name."""
    with pytest.raises(errors.RequestError, match="starting_token must be a str, not int") as caught:
        live.ivs.iter_channels(starting_token=5)  # type: ignore[arg-type]
    assert (caught.value.member, caught.value.operation) == ("starting_token", "ListChannels")


async def test_leaving_a_loop_early_leaves_nothing_behind(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A loop that is left early leaves no half-run generator to the garbage collector; warnings would fail this."""
    shelve(router, BOOK)
    async for _ in live.ivs.iter_channels():
        break
    async for _ in live.ivs.iter_channels().pages():
        break
    iterator: AsyncIterator[Any] = aiter(live.ivs.iter_channels())
    await anext(iterator)
    del iterator
    gc.collect()


SERVICES = (
    "chime_sdk_identity",
    "chime_sdk_media_pipelines",
    "chime_sdk_meetings",
    "chime_sdk_messaging",
    "chime_sdk_voice",
    "ivs",
    "ivs_realtime",
    "ivschat",
)
TOKEN_PAGED = [
    (service, operation)
    for service in SERVICES
    for operation in import_module(f"roomtone.{service}.operations").OPERATIONS
    if operation.pages is not None
]


def least(hint: Any) -> Any:
    """The least value of a type: what is required or always answered, and nothing else."""
    if (get_origin(hint) is not None and get_origin(hint) in (list, dict)) or "Sequence" in str(get_origin(hint)):
        return []
    if attrs.has(hint):
        return hint(**{m.name: least(m.type) for m in members_of(hint) if not m.optional and not m.has_default})
    return {str: "x", int: 1, bool: True, float: 1.0, datetime: datetime(2026, 11, 21, tzinfo=timezone.utc)}[hint]


def where_the_token_is(operation: Operation[Any, Any], request: httpx.Request) -> str | None:
    assert isinstance(operation.pages, TokenPages)
    key = operation.query.get(operation.pages.token)
    if key is not None:
        return dict(parse_qsl(request.url.query.decode())).get(key)
    (wire,) = [m.wire for m in members_of(operation.request) if m.name == operation.pages.token]
    found: str | None = json.loads(request.content).get(wire)
    return found


def test_the_operations_with_a_next_token() -> None:
    """Every operation that takes and answers a next token is paged: 52 in the locked models."""
    assert len(TOKEN_PAGED) == 52


@pytest.mark.filterwarnings("ignore:.*is deprecated in the API:DeprecationWarning")
@pytest.mark.parametrize(("service", "operation"), TOKEN_PAGED, ids=lambda value: getattr(value, "name", value))
async def test_every_paged_operation(
    live: roomtone.Client, router: respx.MockRouter, service: str, operation: Operation[Any, Any]
) -> None:
    """Each `iter_*` goes through two pages and a cut-off one, with the token where the API wants it."""
    record = operation.pages
    assert isinstance(record, TokenPages)
    members = {member.name: member for member in members_of(operation.response)}
    item_type = get_args(members[record.items].type)[0]
    item = ANSWERS.dump_hook(item_type)(least(item_type))
    items, token = members[record.items].wire, members[record.token].wire
    calls = router.route(url__startswith="https://")
    calls.side_effect = [
        httpx.Response(200, json={items: [item, item], token: "tok/en+2 ="}),
        httpx.Response(200, json={items: [item]}),
    ]
    method: Callable[..., Any] = getattr(
        getattr(live, service), f"iter_{xform_name(operation.name).removeprefix('list_')}"
    )
    wanted = {
        name: least(next(m.type for m in members_of(operation.request) if m.name == name))
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty
    }
    found = [item async for item in method(**wanted)]
    assert len(found) == 3
    assert calls.call_count == 2
    assert [where_the_token_is(operation, call.request) for call in calls.calls] == [None, "tok/en+2 ="]
    assert len({call.request.url.path for call in calls.calls}) == 1


# Pages by link


def link_pages(router: respx.MockRouter, *links: object) -> respx.Route:
    """SignalWire's list of calls: a page with one call for each link, which leads to the next."""
    calls = router.get(url__startswith="https://")
    calls.side_effect = [
        httpx.Response(200, json={"calls": [{"sid": f"CA{number}"}], "next_page_uri": link})
        for number, link in enumerate(links, 1)
    ]
    return calls


async def sids(live: roomtone.Client, **arguments: Any) -> list[str | None]:
    return [call.sid async for call in live.signalwire.calls.iter_calls(**arguments)]


PATH = "/api/laml/2010-04-01/Accounts/project-1/Calls"


@pytest.mark.parametrize(
    "link",
    [
        f"{PATH}?Page=1&PageToken=PA1&PageSize=2",
        "/elsewhere/Calls.json?Page=1&PageToken=PA1&PageSize=2",
        "https://evil.example/steal?Page=1&PageToken=PA1&PageSize=2",
        "//evil.example?Page=1&PageToken=PA1&PageSize=2",
        "http://user:pass@acme.signalwire.com:1?Page=1&PageToken=PA1&PageSize=2#x",
        "?Page=1&PageToken=PA1&PageSize=2",
        "../../..?Page=1&PageToken=PA1&PageSize=2",
    ],
)
async def test_a_link_never_moves_path_or_origin(live: roomtone.Client, router: respx.MockRouter, link: str) -> None:
    """Of a link only the query is followed; whoever else it names gets no credentials."""
    calls = link_pages(router, link, None)
    assert await sids(live, page_size=2, status="busy") == ["CA1", "CA2"]
    first, second = (call.request for call in calls.calls)
    assert dict(first.url.params) == {"Status": "busy", "PageSize": "2"}
    assert str(second.url) == f"{CALLS}?Page=1&PageToken=PA1&PageSize=2"
    assert second.headers["authorization"] == first.headers["authorization"]
    assert second.headers["host"] == "acme.signalwire.com"


@pytest.mark.parametrize("link", [None, "", PATH, f"{PATH}?", "#?a", "http://[broken?Page=1", 5])
async def test_a_link_without_a_query_is_the_end(live: roomtone.Client, router: respx.MockRouter, link: object) -> None:
    """What leads nowhere ends the pages."""
    calls = link_pages(router, link)
    assert await sids(live) == ["CA1"]
    assert calls.call_count == 1


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("Page=1&Page=2", {"Page": ["1", "2"]}),
        ("StartTime%3E=2026-11-21&To=%2B1555", {"StartTime>": ["2026-11-21"], "To": ["+1555"]}),
        ("a=b c&d=\u00fc", {"a": ["b c"], "d": ["\u00fc"]}),
        ("PageToken=&Page=1", {"PageToken": [""], "Page": ["1"]}),
        ("Page=1?Page=2", {"Page": ["1?Page=2"]}),
        ("x=%0d%0aEvil: 1", {"x": ["\r\nEvil: 1"]}),
        ("x=%zz", {"x": ["%zz"]}),
    ],
)
async def test_odd_queries_of_a_link(
    live: roomtone.Client, router: respx.MockRouter, query: str, pairs: dict[str, list[str]]
) -> None:
    """A link's query is encoded anew, so it arrives as it was meant and can't break the request."""
    calls = link_pages(router, f"{PATH}?{query}", None)
    assert await sids(live) == ["CA1", "CA2"]
    sent = calls.calls[1].request
    assert parse_qs(sent.url.query.decode(), keep_blank_values=True) == pairs
    assert sent.url.path == PATH


async def test_a_link_that_repeats(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A link that was followed before stops with an error, also when it is written in another way."""
    calls = link_pages(router, f"{PATH}?Page=1&To=%2B1", f"{PATH}?Page=2", f"https://x{PATH}?Page=1&To=%2b1#z")
    with pytest.raises(errors.PaginationError) as caught:
        await sids(live)
    assert calls.call_count == 3
    assert (caught.value.service, caught.value.operation) == ("signalwire", "calls.list")


async def test_resuming_pages_by_link(live: roomtone.Client, router: respx.MockRouter) -> None:
    """The token of pages by link is a query; `starting_token=` goes on from there."""
    link_pages(router, f"{PATH}?Page=1&PageToken=PA1", f"{PATH}?Page=2", None)
    paginator = live.signalwire.calls.iter_calls()
    steps = [(call.sid, paginator.token) async for call in paginator]
    assert steps == [("CA1", None), ("CA2", "Page=1&PageToken=PA1"), ("CA3", "Page=2")]
    calls = link_pages(router, None)
    resumed = live.signalwire.calls.iter_calls(starting_token="Page=1&PageToken=PA1")
    assert resumed.token == "Page=1&PageToken=PA1"
    pages = [page async for page in resumed.pages()]
    assert [type(page) for page in pages] == [CallList]
    assert str(calls.calls.last.request.url) == f"{CALLS}?Page=1&PageToken=PA1"


async def test_a_starting_token_that_is_a_link_of_evil(live: roomtone.Client, router: respx.MockRouter) -> None:
    """Whatever a starting token holds, the request stays on its path and origin."""
    calls = link_pages(router, None)
    await sids(live, starting_token="https://evil.example/?Page=1#/../x")
    assert calls.calls.last.request.url.host == "acme.signalwire.com"
    assert calls.calls.last.request.url.path == PATH


async def test_items_under_their_second_name(live: roomtone.Client, router: respx.MockRouter) -> None:
    """A list whose items come under either of two names is read under both."""
    calls = router.get(url__startswith="https://")
    calls.side_effect = [
        httpx.Response(200, json={"media": [{"sid": "M1"}], "next_page_uri": "/x?Page=1"}),
        httpx.Response(200, json={"fax_media": [{"sid": "M2"}], "next_page_uri": "/x?Page=2"}),
        httpx.Response(200, json={}),
    ]
    assert [media.sid async for media in live.signalwire.faxes.iter_media("FX1")] == ["M1", "M2"]
