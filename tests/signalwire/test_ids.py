"""Ids of SignalWire: nothing is asked of them but that they stay one segment of their path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_origin, get_type_hints
from urllib.parse import unquote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors
from roomtone._core.codec import bare_type
from roomtone._core.encode import encode
from roomtone._core.operation import Operation
from roomtone.signalwire import operations

WITH_IDS = [
    (operation, member) for operation in operations.OPERATIONS for member in operation.labels if member != "format"
]


def request(operation: Operation[Any, Any], **given: str) -> Any:
    """The least request, with an id."""
    hints = get_type_hints(operation.request)
    values: dict[str, Any] = {
        field.name: ["sms"] if get_origin(bare_type(hints[field.name])) is Sequence else "x"
        for field in attrs.fields(operation.request)
        if field.default is attrs.NOTHING
    }
    return operation.request(**{**values, **given})


@pytest.mark.parametrize(("operation", "member"), WITH_IDS, ids=lambda value: getattr(value, "name", value))
def test_an_id_is_one_segment(operation: Operation[Any, Any], member: str) -> None:
    """Documented examples, the prefixes that users hold and any odd text go through; nothing leaves its segment."""
    for sid in (
        "b3877c40-da60-4998-90ad-b792e98472ms",
        "CF" + "0" * 32,
        "..a",
        "a/../b",
        "%2e%2e",
        "?x=1#y",
        "\u00fc \r\n",
    ):
        path = encode(operation, request(operation, **{member: sid}), account_sid="P").path
        plain = encode(operation, request(operation, **{member: "s"}), account_sid="P").path
        assert path.count("/") == plain.count("/")
        assert path.isascii()
        assert any(unquote(segment).removesuffix(".json") == sid for segment in path.split("/"))


@pytest.mark.parametrize(("operation", "member"), WITH_IDS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.parametrize("sid", ["", ".", "..", None, 7, "\ud800"])
def test_what_is_no_segment_is_refused(operation: Operation[Any, Any], member: str, sid: Any) -> None:
    """An empty id or dots would be another path; the member is named."""
    with pytest.raises(errors.RequestError) as caught:
        encode(operation, request(operation, **{member: sid}), account_sid="P")
    assert caught.value.member == member


@given(st.text(min_size=1))
def test_any_text_is_an_id_or_refused(sid: str) -> None:
    """What is sent is the id again once it is decoded."""
    try:
        path = encode(operations.CALLS_GET, request(operations.CALLS_GET, sid=sid), account_sid="P").path
    except errors.RequestError:
        assert sid in (".", "..")
        return
    assert unquote(path.rpartition("/")[2]) == sid
    assert path.count("/") == 4
