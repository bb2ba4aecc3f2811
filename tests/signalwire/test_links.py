"""What a `next_page_uri` may do to a client: lead on, end, or fail; never lead away, never for ever."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

import roomtone
from flow.loopback import Waits, answering, default_tls, message, serving
from roomtone import errors
from roomtone._core.operation import UriPages
from roomtone.paging import _query_only
from roomtone.signalwire import operations

PATH = "/api/laml/2010-04-01/Accounts/P/Calls"
LISTS = [operation for operation in operations.OPERATIONS if operation.pages is not None]
BASIC = "Basic " + base64.b64encode(b"P:t").decode()


def client(**options: Any) -> roomtone.Client:
    config = roomtone.SignalWire(**{"space": "acme", "project_id": "P", "api_token": "t", **options})
    made = roomtone.Client(signalwire=config, ssl_context=default_tls())
    Waits().of(made)
    return made


def page(number: int, link: object) -> bytes:
    return message(json.dumps({"calls": [{"sid": f"CA{number}"}], "next_page_uri": link}))


async def follow(*links: object) -> tuple[list[str | None], list[tuple[str, str]]]:
    """The items behind pages with these links, and each target and Authorization header that reached a real server."""
    pages = [page(number, link) for number, link in enumerate(links, 1)]
    async with serving(answering(*pages)) as server:
        async with client(space=f"127.0.0.1:{server.port}") as live:
            found = [call.sid async for call in live.signalwire.calls.iter_calls(status="busy")]
        assert all(request.headers["host"] == f"127.0.0.1:{server.port}" for request in server.received)
        return found, [(request.target, request.headers["authorization"]) for request in server.received]


async def gather(items: AsyncIterable[Any], found: list[Any] | None = None) -> None:
    """Goes through all items, which it puts where they can be looked at after an error."""
    async for item in items:
        (found if found is not None else []).append(item)


def test_the_lists_in_pages() -> None:
    """The 16 lists of the API are in pages by link."""
    assert len(LISTS) == 16
    assert all(isinstance(operation.pages, UriPages) for operation in LISTS)


@pytest.mark.anyio
@pytest.mark.parametrize("link", [None, "", " ", 0, 5, 1.5, True, [], ["?Page=1"], {}, {"query": "Page=1"}])
async def test_a_link_of_another_type_is_the_end(link: object) -> None:
    """What is no link ends the pages, after the items that came."""
    found, targets = await follow(link)
    assert (found, len(targets)) == (["CA1"], 1)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "link",
    [
        "?",
        "#",
        "?#Page=1",
        "#?Page=1",
        PATH,
        f"{PATH}?",
        f"{PATH}?#",
        "https://evil.example/",
        "\r\n",
        "?&&&",
        "http://[",
    ],
)
async def test_a_link_without_a_query_is_the_end(link: str) -> None:
    """A link that has no query leads nowhere."""
    found, targets = await follow(link)
    assert (found, len(targets)) == (["CA1"], 1)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "link",
    [
        "http://evil.example:1/x?Page=1&PageToken=PA1",
        "https://user:pass@evil.example/x?Page=1&PageToken=PA1",
        "https://acme.signalwire.com@evil.example/?Page=1&PageToken=PA1",
        "//evil.example/x?Page=1&PageToken=PA1#top",
        "\\\\evil.example\\x?Page=1&PageToken=PA1",
        "http:evil.example?Page=1&PageToken=PA1",
        "javascript:x?Page=1&PageToken=PA1",
        "file:///etc/passwd?Page=1&PageToken=PA1",
        "/api/laml/2010-04-01/Accounts/P/Calls/../../Q/Calls?Page=1&PageToken=PA1",
        "/%2e%2e/Q?Page=1&PageToken=PA1",
        "/x\r\nHost: evil.example\r\n\r\n?Page=1&PageToken=PA1",
        "/x?Page=1&Page\r\nToken=PA1",
        "\u0000/x?Page=1&PageToken=PA1",
    ],
)
async def test_a_link_that_leads_elsewhere(link: str) -> None:
    """Of any link only the query is followed, on the same path of the same server, which alone gets the credentials."""
    found, targets = await follow(link, None)
    assert found == ["CA1", "CA2"]
    assert targets == [(f"{PATH}?Status=busy", BASIC), (f"{PATH}?Page=1&PageToken=PA1", BASIC)]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("a=%0d%0aX-Evil:%201", "a=%0D%0AX-Evil%3A+1"),
        ("a=\u2028%00", "a=%E2%80%A8%00"),
        ("a=b HTTP/1.1", "a=b+HTTP%2F1.1"),
        ("a=b;c=d", "a=b%3Bc%3Dd"),
        ("Page=1?Page=2", "Page=1%3FPage%3D2"),
        ("flag", "flag="),
    ],
)
async def test_a_query_cannot_break_the_request(query: str, sent: str) -> None:
    """A link's query is encoded anew: neither line breaks nor blanks of it reach the request line as such."""
    found, targets = await follow(f"{PATH}?{query}", None)
    assert found == ["CA1", "CA2"]
    assert [target for target, _ in targets] == [f"{PATH}?Status=busy", f"{PATH}?{sent}"]


@pytest.mark.anyio
async def test_a_text_that_cannot_be_encoded_is_the_end() -> None:
    """Half a surrogate pair is no text; the link that holds one ends the pages."""
    found, targets = await follow(f"{PATH}?Page=\ud800")
    assert (found, len(targets)) == (["CA1"], 1)


@pytest.mark.anyio
@pytest.mark.parametrize("link", [f"/{'x' * 100_000}?Page=1", f"?Page=1#{'x' * 100_000}"])
async def test_a_long_link_whose_query_is_short(link: str) -> None:
    """Only the query counts: path and fragment may be as long as they like."""
    found, targets = await follow(link, None)
    assert found == ["CA1", "CA2"]
    assert targets[1] == (f"{PATH}?Page=1", BASIC)


@pytest.mark.anyio
async def test_a_link_of_a_hundred_kilobytes() -> None:
    """A query that no request can carry fails as the service's doing, after the items that came."""
    long = {"calls": [{"sid": "CA1"}], "next_page_uri": f"https://evil.example/?PageToken={'x' * 100_000}"}
    with respx.mock() as router:
        calls = router.get(f"https://acme.signalwire.com{PATH}").respond(json=long)
        async with client() as live:
            pages = live.signalwire.calls.iter_calls()
            with pytest.raises(errors.PaginationError, match="too long") as caught:
                await gather(pages)
            with pytest.raises(errors.RequestError, match="starting_token is too long"):
                live.signalwire.calls.iter_calls(starting_token=pages.token)
    assert (calls.call_count, caught.value.attempts, caught.value.operation) == (1, 1, "calls.list")


@pytest.mark.anyio
async def test_a_link_that_is_too_long_for_the_server() -> None:
    """A query that can be sent is sent, and the server's word on it is the error."""
    long = {"calls": [{"sid": "CA1"}], "next_page_uri": f"?PageToken={'x' * 50_000}"}
    with respx.mock() as router:
        calls = router.get(f"https://acme.signalwire.com{PATH}")
        calls.side_effect = [httpx.Response(200, json=long), httpx.Response(414)]
        async with client() as live:
            with pytest.raises(errors.InvalidRequestError) as caught:
                await gather(live.signalwire.calls.iter_calls())
    assert (caught.value.status, calls.call_count) == (414, 2)


@pytest.mark.anyio
@pytest.mark.parametrize("links", [["?Page=1"] * 2, ["?Page=1", "?Page=2", "https://x/?Page=%31#y"]])
async def test_a_link_that_repeats_fails(links: list[str]) -> None:
    """A link that was followed before, however it is written, is an error after the items of every new page."""
    found: list[Any] = []
    async with serving(answering(*(page(number, link) for number, link in enumerate(links, 1)))) as server:
        async with client(space=f"127.0.0.1:{server.port}") as live:
            with pytest.raises(errors.PaginationError) as caught:
                await gather(live.signalwire.calls.iter_calls(), found)
        assert len(found) == len(server.received) == len(links)
    assert caught.value.operation == "calls.list"


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_amid_the_pages(status: int) -> None:
    """A page that is said to be elsewhere is an error; nobody else is asked."""
    with respx.mock() as router:
        calls = router.get(f"https://acme.signalwire.com{PATH}")
        away = httpx.Response(status, headers={"Location": f"https://evil.example{PATH}?Page=1"})
        calls.side_effect = [httpx.Response(200, json={"calls": [], "next_page_uri": "?Page=1"}), away]
        async with client() as live:
            with pytest.raises(errors.ApiError) as caught:
                await gather(live.signalwire.calls.iter_calls())
    assert (caught.value.status, calls.call_count) == (status, 2)


@given(st.text(st.characters(), max_size=60) | st.text("/?#&=%:@\\.htpx1\r\n \ud800", max_size=40))
def test_any_text_is_a_query_or_the_end(link: str) -> None:
    """Of any text comes a query in ASCII that means the same when it is read again, or nothing."""
    query = _query_only(link)
    if query is not None:
        assert query.isascii()
        assert not set(query) & set(" \r\n\t#?\0")
        assert _query_only(f"?{query}") == query
        assert parse_qs(query, keep_blank_values=True) == parse_qs(urlsplit(link).query, keep_blank_values=True)
