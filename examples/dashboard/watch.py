"""Watching the streams of Amazon IVS: which channels are on air, which of them starve, and which went off air."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Literal

import anyio
from attrs import evolve, field, frozen

from roomtone import errors
from roomtone.ivs import IVSClient

LONGEST_PAUSE = 60.0
logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class Row:
    """What the dashboard shows of a channel.

    Args:
        channel: Its ARN.
        stream: The id of its stream; each time on air is another one.
        state: A starving stream is live too, but its broadcaster sends too little.
        viewers: How many watch.
        event: The newest event of the stream, when it starves or is over; tells why.
    """

    channel: str
    stream: str
    state: Literal["live", "starving", "offline"]
    viewers: int = 0
    event: str = field(default="", eq=False)


async def look(ivs: IVSClient) -> dict[str, Row]:
    """All that is on air, by channel."""
    return {
        stream.channel_arn: Row(
            channel=stream.channel_arn,
            stream=stream.stream_id,
            state="starving" if stream.health == "STARVING" else "live",
            viewers=max(stream.viewer_count or 0, 0),  # -1 when the service could not count them
        )
        async for stream in ivs.iter_streams(max_results=100)
        if stream.channel_arn and stream.stream_id
    }


def compare(before: Mapping[str, Row], now: Mapping[str, Row]) -> list[Row]:
    """The rows that changed from one look to the next, and those that went off air."""
    gone = [evolve(row, state="offline", viewers=0) for channel, row in before.items() if channel not in now]
    return [row for channel, row in now.items() if row != before.get(channel)] + gone


async def explain(ivs: IVSClient, row: Row) -> Row:
    """The row with the newest event of its stream, where that tells why it is as it is."""
    if row.state == "live":
        return row
    try:
        answer = await ivs.get_stream_session(channel_arn=row.channel, stream_id=row.stream)
    except (errors.NotFoundError, errors.ThrottledError):  # the channel was deleted; or this is not worth a wait
        return row
    newest = next(iter(answer.stream_session.truncated_events or ()), None)
    return evolve(row, event=newest.name or "") if newest else row


async def watch(
    ivs: IVSClient, *, every: float = 5.0, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
) -> AsyncGenerator[list[Row]]:
    """What changed, after each look; nothing is a change too: it says that the dashboard is up to date.

    The client repeats a throttled call by itself. When even that does not help, the looks become rarer until one
    succeeds; the same for any other failure, for a dashboard must not die of one.

    Args:
        ivs: The client.
        every: Seconds between two looks.
        sleep: How to wait.
    """
    known: dict[str, Row] = {}
    pause = every
    while True:
        try:
            seen = await look(ivs)
            changed = [await explain(ivs, row) for row in compare(known, seen)]
        except errors.RoomtoneError as error:
            pause = min(max(pause * 2, getattr(error, "retry_after", None) or 0.0), LONGEST_PAUSE)
            logger.warning("the next look is in %.1f s, for this one failed: %s", pause, error)
        else:
            known, pause = seen, every
            yield changed
        await sleep(pause)
