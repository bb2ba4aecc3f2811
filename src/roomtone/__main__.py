"""The command line, `roomtone` or `python -m roomtone`: the demo, the emulator on a port, the doctor."""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import sys
import threading
from collections.abc import Generator, Sequence

import anyio

from roomtone._version import __version__
from roomtone.client import Client
from roomtone.errors import RoomtoneError

# What only one command needs is imported by that command.

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0 when it did its work, 1 when it did not, 2 for a wrong call."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "emulator":
            return _emulator(arguments.port, arguments.fault)
        if arguments.command == "doctor":
            return _doctor(arguments)
        return anyio.run(_live_demo) if arguments.live else _demo_on_emulator()
    except (RoomtoneError, OSError) as error:
        print(f"roomtone: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="roomtone", description="A typed async client for live-media control planes.")
    parser.add_argument("--version", action="version", version=f"roomtone {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="walk through Amazon Chime SDK, Amazon IVS and SignalWire on an emulator")
    demo.add_argument(
        "--live", action="store_true", help="use the environment's credentials instead, and only read: list calls"
    )
    emulator = commands.add_parser("emulator", help="serve the emulator on loopback until Ctrl-C")
    emulator.add_argument("--port", type=_port, default=8900, help="the port, 0 for a free one (default: %(default)s)")
    emulator.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="TARGET=FAULT",
        help="let calls go wrong, such as ivs.get_stream=throttle*2; may be given more than once. Faults are throttle, "
        "throttle:SECONDS, error, error:STATUS, latency:SECONDS and disconnect, for one call, *N for N or *all",
    )
    _add_doctor(
        commands.add_parser("doctor", help="check what calls stand on: settings, credentials, network, services")
    )
    return parser


def _add_doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument(
        "--service",
        type=_service,
        action="append",
        default=[],
        metavar="NAME",
        help="check this service by a call that reads, `ivs` or `signalwire` for example; may be repeated "
        "(default: ivs, and signalwire if it is configured)",
    )
    doctor.add_argument("--offline", action="store_true", help="send nothing: no look-ups, no connections, no calls")
    doctor.add_argument("--json", action="store_true", help="print one JSON document")
    doctor.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="the most that one check may take (default: %(default)g)",
    )


def _service(text: str) -> str:
    from roomtone._doctor import service_name

    try:
        return service_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("a time limit is a positive number of seconds")
    return seconds


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _say(label: str, text: str) -> None:
    print(f"  {label:<13}{text}" if text else f"\n{label}", flush=True)


def _demo_on_emulator() -> int:
    from roomtone import _demo
    from roomtone.emulator import Emulator, serve

    emulator = Emulator()
    stage = _demo.Stage(
        go_live=lambda channel_arn: emulator.ivs.go_live(channel_arn, viewer_count=128),
        begin_conference=lambda: emulator.conferences.begin("team-call", participants=3),
    )

    async def perform(origin: str) -> None:
        async with Client(emulator.aws(origin), emulator.signalwire(origin)) as live:
            await _demo.perform(live, stage, _say)

    with serve(emulator) as origin:
        print(f"roomtone {__version__}, calling an emulator at {origin}")
        anyio.run(perform, origin)
    return 0


async def _live_demo() -> int:
    from roomtone import _demo

    print(f"roomtone {__version__}, calling the services of the environment's credentials; it only reads")
    async with Client(timeout=30.0) as live:
        return 0 if await _demo.look(live, _say) else 1


def _emulator(port: int, faults: Sequence[str]) -> int:
    from roomtone.emulator import Emulator, serve
    from roomtone.emulator.faults import spelled

    emulator = Emulator()
    try:
        for text in faults:
            emulator.faults.add(*spelled(text))
    except ValueError as error:
        print(f"roomtone: {error}", file=sys.stderr)
        return 2
    with _end_of_process() as end, serve(emulator, port=port) as origin:
        print(f"# the roomtone emulator listens on {origin}; Ctrl-C ends it")
        for name, value in emulator.environment(origin).items():
            print(f"export {name}={value}", flush=True)
        end.wait()
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from roomtone._doctor.terminal import run

    return run(arguments.service, offline=arguments.offline, limit=arguments.timeout, as_json=arguments.json)


@contextlib.contextmanager
def _end_of_process() -> Generator[threading.Event]:
    """Set by Ctrl-C and by SIGTERM, also in a shell's background job, which inherits SIGINT ignored."""
    end = threading.Event()

    def told(number: int, frame: object) -> None:
        end.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    former = [signal.signal(number, told) for number in numbers]
    try:
        yield end
    finally:
        for number, handler in zip(numbers, former, strict=True):
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
