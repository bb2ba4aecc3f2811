"""Names: from Python to the wire and back. Knows nothing but strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

_LONGEST_NAME = 200

Case: TypeAlias = Literal["pascal", "camel", "snake"]


def wire_name(name: str, case: Case) -> str:
    """The wire name of a Python member by the casing rule: `meeting_id` is `MeetingId`, `meetingId` or `meeting_id`."""
    name = name.rstrip("_")
    if case == "snake":
        return name
    joined = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return joined if case == "pascal" else joined[:1].lower() + joined[1:]


def folded(name: str) -> str:
    """A name without what tells one spelling of it from another: `GetChannel`, `get_channel` and `get-channel`."""
    return name.replace("_", "").replace("-", "").lower()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when a known name is near, else nothing."""
    import difflib  # only ever wanted for a message

    if len(name) > _LONGEST_NAME:  # comparing takes time by the square of it
        return ""
    spelled = {folded(one): one for one in reversed(list(known))}
    near = difflib.get_close_matches(folded(name), spelled, n=1)
    return f"; did you mean {spelled[near[0]]!r}?" if near else ""
