"""An evening on an emulator: channels go on air, starve, recover and go off again. For looking at the dashboard."""

from __future__ import annotations

import random

import anyio

import roomtone
from roomtone.emulator import Emulator, serve


def happen(emulator: Emulator, channel: str, chance: random.Random) -> None:
    """Something happens on a channel."""
    match chance.choice(["air", "air", "starve", "off"]):
        case "starve":
            emulator.ivs.go_live(channel, health="STARVING", viewer_count=chance.randrange(50))
        case "off":
            emulator.ivs.go_offline(channel)
        case _:
            emulator.ivs.go_live(channel, viewer_count=chance.randrange(500))


async def perform(emulator: Emulator, origin: str) -> None:
    async with roomtone.Client(emulator.aws(origin)) as live:
        names = ("main-stage", "side-stage", "backstage")
        channels = [(await live.ivs.create_channel(name=name)).channel.arn for name in names]
    chance = random.Random()
    while True:
        happen(emulator, chance.choice(channels), chance)
        await anyio.sleep(1)


if __name__ == "__main__":
    emulator = Emulator()
    with serve(emulator, port=8900) as origin:
        for name, value in emulator.environment(origin).items():
            print(f"export {name}={value}", flush=True)
        anyio.run(perform, emulator, origin)
