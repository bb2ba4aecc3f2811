"""The form of names and values as text, and what it refuses."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone._core.form import PAIRS_LIMIT, text_pairs

# Surrogates cannot be sent at all; the codec refuses them before a form sees them.
texts = st.text(st.characters(exclude_categories=["Cs"]))
words = texts.filter(lambda text: text and " " not in text)


def body(*members: tuple[str, Any]) -> bytes:
    return urlencode([pair for name, value in members for pair in text_pairs(name, value)]).encode()


def test_the_bytes_of_a_body() -> None:
    """Scalars, lists and absent members have exactly these bytes."""
    assert body(
        ("To", "+1 555"),
        ("From", None),
        ("Record", True),
        ("AsyncAmd", False),
        ("Timeout", 60),
        ("Speed", 0.5),
        ("StatusCallbackEvent", ["initiated", "answered"]),
        ("StartTime>", "2026-11-21T12:00:00Z"),
        ("Body", "ü&=%~'*/?"),
        ("Empty", ""),
    ) == (
        b"To=%2B1+555&Record=true&AsyncAmd=false&Timeout=60&Speed=0.5&StatusCallbackEvent=initiated"
        b"&StatusCallbackEvent=answered&StartTime%3E=2026-11-21T12%3A00%3A00Z&Body=%C3%BC%26%3D%25~%27%2A%2F%3F&Empty="
    )


def test_a_separated_list_is_one_text() -> None:
    """A list with a separator is sent once, and not at all when it is empty."""
    assert text_pairs("Event", ["in-progress", "completed"], separator=" ") == [("Event", "in-progress completed")]
    assert text_pairs("Event", [], separator=" ") == []


@pytest.mark.parametrize("item", ["", "two words"])
def test_an_item_that_would_not_arrive_whole_is_refused(item: str) -> None:
    """An item that holds the separator, or is empty, would arrive as another list."""
    with pytest.raises(ValueError, match="which separates them") as caught:
        text_pairs("Event", ["completed", item], separator=" ")
    assert "two words" not in str(caught.value)


def test_a_mapping_becomes_numbered_pairs() -> None:
    """A mapping is sent as numbered names and values in its own order."""
    assert text_pairs("Parameters", {"tenant": "42", "b": ""}, numbered="Parameter") == [
        ("Parameter1.Name", "tenant"),
        ("Parameter1.Value", "42"),
        ("Parameter2.Name", "b"),
        ("Parameter2.Value", ""),
    ]
    assert text_pairs("Parameters", {}, numbered="Parameter") == []


def test_ninety_nine_pairs_and_no_more() -> None:
    """The documented limit is sent whole; one pair more is refused with both numbers."""
    most = {f"n{number}": "v" for number in range(PAIRS_LIMIT)}
    assert text_pairs("Parameters", most, numbered="Parameter")[-1] == ("Parameter99.Value", "v")
    with pytest.raises(ValueError, match=r"^holds 100 pairs; at most 99 can be sent$"):
        text_pairs("Parameters", most | {"one": "more"}, numbered="Parameter")


@pytest.mark.parametrize(
    ("value", "numbered"), [({"a": "1"}, ""), ({"": "1"}, "P"), ({"a": ["1"]}, "P"), ([["1"]], ""), (b"1", "")]
)
def test_what_a_form_cannot_hold_is_refused(value: object, numbered: str) -> None:
    """Nested values, bytes, nameless pairs and mappings that are not to be numbered are errors, not text."""
    with pytest.raises(ValueError, match=r"^must "):
        text_pairs("Name", value, numbered=numbered)


@given(st.dictionaries(texts.filter(bool), texts, max_size=PAIRS_LIMIT))
def test_a_mapping_comes_back_from_the_wire(mapping: dict[str, str]) -> None:
    """Whatever the names and values are, a server reads the same mapping out of the body."""
    sent = urlencode(text_pairs("Parameters", mapping, numbered="Parameter"))
    got = dict(parse_qsl(sent, keep_blank_values=True, max_num_fields=2 * PAIRS_LIMIT, strict_parsing=bool(sent)))
    assert {got[f"Parameter{n}.Name"]: got[f"Parameter{n}.Value"] for n in range(1, len(mapping) + 1)} == mapping


@given(texts.filter(bool), st.lists(texts))
def test_a_list_comes_back_from_the_wire(name: str, items: list[str]) -> None:
    """Repeated keys keep every item and their order."""
    assert parse_qsl(urlencode(text_pairs(name, items)), keep_blank_values=True) == [(name, item) for item in items]


@given(st.lists(words, min_size=1))
def test_a_separated_list_comes_back_from_the_wire(items: list[str]) -> None:
    """What was joined splits into the same items."""
    [(_, text)] = parse_qsl(urlencode(text_pairs("Event", items, separator=" ")))
    assert text.split(" ") == items
