"""From the spec of SignalWire's API to facts: names, types, places, and the decisions that are no fact of the API."""

from __future__ import annotations

import pytest
from attrs import evolve, fields

from roomtone.signalwire import Account, Call, CallsCreateRequest, CallsStartStreamRequest, Token
from roomtone_codegen import facts, signalwire_reader, signalwire_spec
from roomtone_codegen.curation import Undecided
from roomtone_codegen.signalwire_reader import class_name, python_name

SPEC = signalwire_spec.load()
SERVICE = signalwire_reader.read(SPEC)
OPERATIONS = {operation.name: operation for operation in SERVICE.operations}
SHAPES = {shape.name: {member.name: member for member in shape.members} for shape in SERVICE.shapes}


def request(operation: str) -> dict[str, facts.Member]:
    return {member.name: member for member in OPERATIONS[operation].request.members}


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("From", "from_"),
        ("StartTime>", "start_time_after"),
        ("DateCreated<", "date_created_before"),
        ("DateCreatedOnOrBefore", "date_created_on_or_before"),
        ("CallSidToCoach", "call_sid_to_coach"),
        ("SendAsMms", "send_as_mms"),
        ("SMS", "sms"),
        ("Url", "url"),
        ("token_id", "token_id"),
        ("RecordingStatusCallbackEvent", "recording_status_callback_event"),
    ],
)
def test_python_names(wire: str, python: str) -> None:
    """Names are snake_case, operators are words, and keywords take an underscore."""
    assert python_name(wire) == python


def test_class_names() -> None:
    """A request is named by its resource and method."""
    assert class_name("laml_bins", "create") == "LamlBinsCreate"
    assert OPERATIONS["phone_numbers.search_toll_free"].request.name == "PhoneNumbersSearchTollFreeRequest"
    assert len({operation.request.name for operation in SERVICE.operations}) == 79 + len(SPEC.downloads)


def test_the_account_is_no_argument_but_where_it_is_the_resource() -> None:
    """The client fills the account's label; an account's own methods take a sid, and a number can be moved away."""
    assert all(member.at != "AccountSid" for operation in SERVICE.operations for member in operation.request.members)
    assert request("accounts.get")["sid"].positional
    assert request("phone_numbers.update")["account_sid"].place == "body"


def test_answers_promise_nothing() -> None:
    """No answer is refused for what it lacks; typed as always there is the own id alone, and a list of resources."""
    for name, members in SHAPES.items():
        assert not any(member.answered for member in members.values())
        assert {member.name for member in members.values() if member.required} <= {"sid"}
        lists = {member.name for member in members.values() if member.never_none}
        assert bool(lists) == name.endswith(("List", "Resources")), name
    assert not SHAPES["Token"]["permissions"].never_none


def test_types_of_answers() -> None:
    """Prices are decimals whatever JSON carries them, dates are datetimes, codes stay text."""
    assert SHAPES["Call"]["price"].type == SHAPES["Fax"]["price"].type == facts.Scalar("Decimal")
    assert SHAPES["Call"]["start_time"].type == facts.Scalar("datetime")
    assert SHAPES["QueueMember"]["date_enqueued"].type == facts.Scalar("datetime")
    assert SHAPES["Message"]["error_code"].type == facts.Scalar("str")
    assert SHAPES["Call"]["status"].type == request("calls.list")["status"].type == facts.EnumOf("CallStatus")


def test_types_of_parameters() -> None:
    """Spaces join one list, keys are repeated for the others, pairs are a mapping, a flag sent as text is a bool."""
    text = facts.Scalar("str")
    assert request("calls.create")["recording_status_callback_event"].type == facts.ListOf(text, separator=" ")
    assert request("calls.create")["status_callback_event"].type == facts.ListOf(text)
    assert request("faxes.create")["store_media"].type == facts.Scalar("bool")
    parameters = request("conferences.start_stream")["parameters"]
    assert parameters.numbered == "Parameter"
    assert parameters.type == facts.MapOf(text, text, limits=facts.Limits(maximum=99))


def test_iterators() -> None:
    """Iterators are named by what they give; the one list with two names for its items has both."""
    named = {operation.name: operation.pages for operation in SERVICE.operations if operation.pages}
    assert named["calls.list"].iterator == "iter_calls"
    assert named["conferences.list_participants"].iterator == "iter_participants"
    assert named["phone_numbers.list"].iterator == "iter_phone_numbers"
    assert {name for name, pages in named.items() if pages.also} == {"faxes.list_media"}
    assert (named["faxes.list_media"].items, named["faxes.list_media"].also) == ("media", "fax_media")


def test_metadata_is_asked_for_beside_media() -> None:
    """Where the bare path gives media, the path of the metadata ends in .json."""
    assert OPERATIONS["recordings.get"].path.endswith("/Recordings/{Sid}.json")
    assert OPERATIONS["recordings.delete"].path.endswith("/Recordings/{Sid}")


def test_secrets_stay_out_of_repr() -> None:
    """A password or token that is sent or answered is not printed."""
    secret = "hush"
    assert secret not in repr(CallsCreateRequest(to="a", from_="b", sip_auth_password=secret))
    assert secret not in repr(CallsStartStreamRequest(call_sid="a", url="b", authorization_bearer_token=secret))
    assert secret not in repr(Account(sid="a", auth_token=secret, signing_key=secret))
    assert secret not in repr(Token(token=secret))
    assert fields(Call).sid.repr


def test_a_status_of_unknown_meaning_stops_the_generator() -> None:
    """A new status of failure is a person's decision."""
    [first, *rest] = SPEC.methods
    with pytest.raises(Undecided, match="the meaning of 418 is not said"):
        signalwire_reader.read(evolve(SPEC, methods=(evolve(first, errors={418: "Error"}), *rest)))


def test_items_under_three_names_stop_the_generator() -> None:
    """Two names for the items of a page are all that an operation's record can hold."""
    [listed] = [method for method in SPEC.methods if method.where == "calls.list"]
    odd = evolve(listed, pages=dict.fromkeys(("calls", "call_list", "list"), "Call"))
    with pytest.raises(Undecided, match=r"calls\.list has its items under more than two keys"):
        signalwire_reader.read(evolve(SPEC, methods=(odd,)))
