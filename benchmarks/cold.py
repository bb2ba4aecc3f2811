"""W1 and W8: one client in a fresh process, from nothing to its first answer over TLS. Knows three clients.

The environment holds the credentials, the region and the bundle of certificates, so that every client starts as it does
for its users. It prints what it took at the moment of the first answer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import AsyncExitStack
from typing import Any

from benchmarks import payloads
from benchmarks.memory import peak_mb, rss_mb
from benchmarks.plain import hide

ONE = ("ivs",)
EIGHT = (
    "ivs",
    "ivs-realtime",
    "ivschat",
    "chime-sdk-identity",
    "chime-sdk-media-pipelines",
    "chime-sdk-meetings",
    "chime-sdk-messaging",
    "chime-sdk-voice",
)


def _told(made_mb: float, arn: object) -> None:
    cpu = time.process_time()
    assert arn == payloads.CHANNEL_ARN
    print(json.dumps({"cpu": cpu, "made_mb": made_mb, "peak_mb": peak_mb()}), flush=True)


def nothing(origin: str, services: tuple[str, ...]) -> None:
    """An interpreter and these modules alone: what all of them have in common."""
    _told(rss_mb(), payloads.CHANNEL_ARN)


def with_boto3(origin: str, services: tuple[str, ...]) -> None:
    import boto3

    clients: dict[str, Any] = {service: boto3.client(service, endpoint_url=origin) for service in services}
    made_mb = rss_mb()
    _told(made_mb, clients["ivs"].get_channel(arn=payloads.CHANNEL_ARN)["channel"]["arn"])


def with_aiobotocore(origin: str, services: tuple[str, ...]) -> None:
    import asyncio

    from aiobotocore.session import get_session

    async def start() -> None:
        session = get_session()
        async with AsyncExitStack() as stack:
            clients: dict[str, Any] = {
                service: await stack.enter_async_context(session.create_client(service, endpoint_url=origin))
                for service in services
            }
            made_mb = rss_mb()
            _told(made_mb, (await clients["ivs"].get_channel(arn=payloads.CHANNEL_ARN))["channel"]["arn"])

    asyncio.run(start())


def with_roomtone(origin: str, services: tuple[str, ...]) -> None:
    import asyncio

    import roomtone

    async def start() -> None:
        signalwire = roomtone.SignalWire(space="acme", project_id="project", api_token="token")
        async with roomtone.Client(roomtone.Aws(endpoint_url=origin), signalwire) as live:
            for service in services if services == ONE else (*services, "signalwire"):
                getattr(live, service.replace("-", "_"))
            made_mb = rss_mb()
            _told(made_mb, (await live.ivs.get_channel(arn=payloads.CHANNEL_ARN)).channel.arn)

    asyncio.run(start())


CLIENTS = {"nothing": nothing, "boto3": with_boto3, "aiobotocore": with_aiobotocore, "roomtone": with_roomtone}


def main() -> None:
    # No argparse: its import would count.
    client, how_many, origin, *pin = sys.argv[1:]
    if pin:
        os.sched_setaffinity(0, {int(pin[1])})
    hide()
    CLIENTS[client](origin, ONE if how_many == "one" else EIGHT)


if __name__ == "__main__":
    main()
