"""The compiled way and the codec never disagree about a value that the compiled one takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.test_fuzz import mutated
from parity.shapes import CASES, Subject, answer_of, params_of, subjects
from roomtone._core import jsontext
from roomtone._core.codec import ANSWERS, REQUESTS, TOLERANT_ANSWERS, Misfit, members_of
from roomtone._core.fast import Odd, dumper, loader
from roomtone.signalwire import Call, CallList

SUBJECTS = subjects()
ANSWERED = [one for one in SUBJECTS if one.model.output_shape is not None]
quiet = settings(deadline=None, suppress_health_check=list(HealthCheck))


def same_from(codec: Any, cls: type[Any], content: Any) -> None:
    """Either the compiled loader leaves it to the codec, or both read the same."""
    try:
        value = loader(cls)(content)
    except Odd:
        return
    assert value == codec.load(cls, content)
    assert [type(getattr(value, member.name)) for member in members_of(cls)] == [
        type(getattr(codec.load(cls, content), member.name)) for member in members_of(cls)
    ]


@pytest.mark.parametrize("case", CASES)
def test_good_answers_take_the_fast_way(case: Any) -> None:
    """Full and nasty answers of every operation are read without the codec, and as it reads them."""
    for one in ANSWERED:
        content = json.loads(json.dumps(answer_of(one, case)))
        assert loader(one.operation.response)(content) == ANSWERS.load(one.operation.response, content), str(one)


@given(st.sampled_from(ANSWERED), st.data())
@quiet
def test_any_answer_is_read_alike(one: Subject, data: st.DataObject) -> None:
    """Whatever is wrong with an answer, the fast way does not make another one of it."""
    right = json.loads(json.dumps(answer_of(one, "full"), default=str))
    same_from(ANSWERS, one.operation.response, data.draw(mutated(right)))


@given(st.data())
@quiet
def test_any_answer_of_signalwire_is_read_alike(data: st.DataObject) -> None:
    """The same for answers that are read with tolerance."""
    call = {member.wire: "x" for member in members_of(Call)} | {"date_created": "Tue, 25 Sep 2018 20:00:00 +0000"}
    same_from(TOLERANT_ANSWERS, Call, data.draw(mutated(call)))
    same_from(TOLERANT_ANSWERS, CallList, data.draw(mutated({"calls": [call], "page": 1, "next_page_uri": None})))


@pytest.mark.parametrize("case", CASES)
def test_requests_are_written_alike(case: Any) -> None:
    """Every request whose members are plainly good is dumped as the codec dumps it."""
    taken = 0
    for one in SUBJECTS:
        request = REQUESTS.load(one.operation.request, params_of(one, case))
        try:
            dumped = dumper(one.operation.request)(request)
        except Odd:
            continue
        taken += 1
        assert json.dumps(dumped) == json.dumps(REQUESTS.dump(request)), str(one)
    assert taken > 0.8 * len(SUBJECTS)


@given(st.sampled_from(SUBJECTS), st.data())
@quiet
def test_any_request_is_written_alike(one: Subject, data: st.DataObject) -> None:
    """Where the codec refuses a request, the fast way never sends it."""
    request = REQUESTS.load(one.operation.request, params_of(one, "full"))
    for member in members_of(one.operation.request):
        if data.draw(st.integers(0, 3)) == 0:
            setattr(request, member.name, data.draw(mutated(getattr(request, member.name))))
    try:
        fast = jsontext.dumps(dumper(one.operation.request)(request))
    except (Odd, UnicodeEncodeError):
        return
    try:
        slow = jsontext.dumps(REQUESTS.dump(request))
    except Misfit as misfit:
        pytest.fail(f"the codec refuses it: {misfit.path} {misfit.reason}")
    assert fast == slow


TEXTS: list[tuple[Any, bool]] = [
    ({"a": "ü", "b": [1, 2.5, True, None]}, True),
    ({"a": 2**64 - 1}, True),
    ({"a": "\x7f\u2028"}, True),
    ({"a": "\ud800"}, False),
]


@pytest.mark.parametrize("with_orjson", [True, False])
@pytest.mark.parametrize(("content", "can"), TEXTS)
def test_json_is_the_same_with_and_without_orjson(
    content: Any, can: bool, with_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is installed decides on the speed only."""
    if not with_orjson:
        monkeypatch.setattr(jsontext, "_fast_dumps", None)
        monkeypatch.setattr(jsontext, "_fast_loads", None)
    if not can:
        with pytest.raises(UnicodeEncodeError):
            jsontext.dumps(content)
        return
    written = jsontext.dumps(content)
    assert written == json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    assert jsontext.loads(written) == content
    for wrong in (b"NaN", b"{", b'{"a": Infinity}', b"\xff", b'"\\ud800', b""):
        with pytest.raises(ValueError):  # noqa: PT011
            jsontext.loads(wrong)
