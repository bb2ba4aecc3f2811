"""Shelves and idempotency tokens, which every double of a service stands on."""

from __future__ import annotations

import time

import pytest

from roomtone._core.codec import Misfit
from roomtone.emulator.state import Shelf, Tokens, region_of
from roomtone.ivs import CreateChannelRequest


def shelf_of(*keys: str) -> Shelf[str]:
    shelf: Shelf[str] = Shelf()
    for key in keys:
        shelf.put(key, key.upper())
    return shelf


def test_things_keep_their_places() -> None:
    """A thing put again stays where it was; one taken away is gone, and put once more it comes last."""
    shelf = shelf_of("a", "b", "c")
    shelf.put("a", "new")
    assert (list(shelf), shelf.newest, len(shelf)) == (["new", "B", "C"], "C", 3)
    assert shelf.take("c") == "C"
    assert shelf.take("c") is None
    assert (shelf.get("c"), shelf.newest) == (None, "B")
    shelf.take("a")
    shelf.put("a", "A")
    assert list(shelf) == ["B", "A"]
    assert shelf_of().newest is None


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_go_on_where_the_last_one_ended(newest_first: bool) -> None:
    """Whatever is taken and added between two pages, nothing on the shelf is told twice or left out."""
    shelf = shelf_of(*"abcdefg")
    page, token = shelf.page(None, 3, newest_first=newest_first)
    assert page == (["G", "F", "E"] if newest_first else ["A", "B", "C"])
    for key in "ceh":
        shelf.take(key)
    shelf.put("h", "H")
    rest, last = shelf.page(token, 10, newest_first=newest_first)
    assert rest == (["D", "B", "A"] if newest_first else ["D", "F", "G", "H"])
    assert last is None


def test_a_page_that_is_just_full_is_the_last() -> None:
    """A token promises that something follows."""
    shelf = shelf_of(*"abcd")
    page, token = shelf.page(None, 2, where=lambda thing: thing != "D")
    assert (page, token is not None) == (["A", "B"], True)
    assert shelf.page(token, 1, where=lambda thing: thing != "D") == (["C"], None)
    with pytest.raises(Misfit, match="token"):
        shelf.page("made up", 1)


def test_growth_costs_nothing() -> None:
    """Pages of a long list, and taking things away, take no longer for the many things beside them."""
    shelf: Shelf[int] = Shelf()
    for number in range(100_000):
        shelf.put(str(number), number)
    _, token = shelf.page(None, 99_000)
    started = time.perf_counter()
    for _ in range(1000):
        assert len(shelf.page(token, 10)[0]) == 10
        assert shelf.page(None, 10, newest_first=True)[1] is not None
    assert time.perf_counter() - started < 1  # by looking through all of them it takes 20 s
    for number in range(0, 100_000, 100):
        shelf.take(str(number))
    assert len(shelf) == 99_000


def test_a_token_answers_once() -> None:
    """One token is one answer, until the thing it is about is forgotten; another request with it is a conflict."""
    tokens, made = Tokens(), list[str]()

    def make() -> str:
        made.append(f"thing-{len(made)}")
        return made[-1]

    def once(token: str | None, name: str = "a") -> str:
        request = CreateChannelRequest(name=name)
        return tokens.once(token, request, make, conflict=lambda: ValueError("taken"), about=lambda thing: thing)

    assert once("t") == once("t") == "thing-0"
    with pytest.raises(ValueError, match="taken"):
        once("t", "b")
    assert (once("u"), once(None), once(None)) == ("thing-1", "thing-2", "thing-3")
    tokens.forget_thing("thing-0")
    tokens.forget_thing("thing-0")
    assert (once("t", "b"), once("u")) == ("thing-4", "thing-1")
    tokens.forget(lambda answer: answer == "thing-1")
    assert once("u") == "thing-5"
    nameless = [tokens.once("v", CreateChannelRequest(), make, conflict=ValueError) for _ in range(2)]
    assert nameless == ["thing-6", "thing-6"]


def test_the_region_of_an_arn() -> None:
    """It is the fourth part; what is no ARN has none."""
    assert region_of("arn:aws:ivs:eu-west-1:123456789012:channel/x") == "eu-west-1"
    assert region_of("nonsense") == ""
