"""W1 to W8: what is run, in which order, and against which mark. Knows the stage and the report; knows no client.

Whatever is compared takes turns, peer then roomtone, again and again; a ratio is one of neighbours, and the median of
them is shown. Marks that are `at_least` say how many times as fast, those that are `at_most` what part of the peer's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Spread, over, spread
from benchmarks.processes import Process, Stage
from benchmarks.report import Group, Line, Mark, at_least, at_most
from benchmarks.stalls import PHASES

US, MS = 1e6, 1e3
Figures = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is run: enough to see little noise, or so little that it takes two minutes."""

    pairs: int
    """How often each comparison is repeated."""
    burst: float
    """Seconds that one burst of calls is to take."""
    fresh: int
    """How often fresh processes are started."""
    latencies: int
    """Calls over which latencies are counted."""
    growth: int
    """Calls over which memory may grow."""
    everything: bool
    """Also what takes long and has no mark."""


FULL = Size(pairs=5, burst=0.4, fresh=7, latencies=3_000, growth=100_000, everything=True)
QUICK = Size(pairs=3, burst=0.12, fresh=2, latencies=800, growth=10_000, everything=False)

Pair = tuple[str, str]
ROOMTONE, TRIO, AIOHTTP = "roomtone", "roomtone/trio", "roomtone/aiohttp"
AIOBOTOCORE, BOTO3 = "aiobotocore", "boto3"
HTTPX, KEEPING, SIGNED, FLOOR = "httpx", "httpx/keeping", "httpx+signer", "floor"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# W1 ------------------------------------------------------------------------------------------------------------------


_COLD_MARKS = {
    ("one", "cpu", BOTO3): at_most(0.65),
    ("one", "cpu", AIOBOTOCORE): at_most(0.4),
    ("all", "peak_mb", BOTO3): at_most(0.85),
    ("all", "peak_mb", AIOBOTOCORE): at_most(0.7),
}


def cold_start(stage: Stage, size: Size) -> Iterator[Group]:
    """A fresh process, from nothing to the first answer."""
    lines: list[Line] = []
    for how_many, label in (("one", "one service"), ("all", "all services")):
        _say(f"W1 {label}")
        found = _cold(stage, how_many, size.fresh)
        for key, what, factor in (("cpu", "CPU ms", MS), ("wall", "wall ms", MS), ("peak_mb", "peak MB", 1.0)):
            for peer in (BOTO3, AIOBOTOCORE):
                mark = _COLD_MARKS.get((how_many, key, peer))
                lines.append(_ratio(f"{label}, {what}", (ROOMTONE, peer), found, key, factor=factor, mark=mark))
            nothing = spread(figures[key] for figures in found["nothing"]).times(factor)
            lines.append(Line(f"{label}, {what}", "nothing", nothing, unit=what.split()[1]))
    yield Group(
        "W1",
        "cold start: a fresh process to the first answer over TLS (boto3 and aiobotocore: eight services, roomtone: "
        "nine); less is better. `nothing` is Python alone, a part of all the others",
        ("roomtone", "other"),
        lines,
    )


def _cold(stage: Stage, how_many: str, times: int) -> dict[str, list[Figures]]:
    clients = (BOTO3, ROOMTONE, AIOBOTOCORE, "nothing")
    found: dict[str, list[Figures]] = {client: [] for client in clients}
    for number in range(times + 1):
        for client in clients:
            figures = stage.fresh("benchmarks.cold", client, how_many, stage.origin("tls"))
            if number:  # the first one may have had to compile what it imports
                found[client].append(figures)
    return found


def _ratio(
    what: str,
    pair: Pair,
    found: dict[str, list[Figures]],
    key: str,
    *,
    factor: float = 1.0,
    mark: Mark | None = None,
) -> Line:
    """The first one's figures over the second one's."""
    who, against = pair
    ours, theirs = ([figures[key] for figures in found[name]] for name in pair)
    figures = (spread(ours).times(factor), spread(theirs).times(factor))
    return Line(what, who, over(ours, theirs), against, mark=mark, figures=figures)


# W2 ------------------------------------------------------------------------------------------------------------------

_SMALL_PAIRS: Sequence[Pair] = (
    (ROOMTONE, AIOBOTOCORE),
    (ROOMTONE, BOTO3),
    (ROOMTONE, HTTPX),
    (ROOMTONE, KEEPING),
    (ROOMTONE, SIGNED),
    (ROOMTONE, FLOOR),
    (TRIO, ROOMTONE),
    (AIOHTTP, AIOBOTOCORE),
)
# On trio within a third of asyncio.
_SMALL_MARKS: dict[Pair, dict[int, Mark]] = {
    (ROOMTONE, AIOBOTOCORE): {10: at_least(2), 100: at_least(2.5), 500: at_least(1.7)},
    (AIOHTTP, AIOBOTOCORE): {10: at_least(3), 100: at_least(4), 500: at_least(3)},
    (TRIO, ROOMTONE): {10: at_least(0.67), 100: at_least(0.67), 500: at_least(0.67)},
}


def small_calls(stage: Stage, size: Size) -> Iterator[Group]:
    """Many small calls at a time."""
    for call in ("get_meeting", "create_attendee"):
        lines: list[Line] = []
        for concurrency in (1, 10, 100, 500):
            for pair in _SMALL_PAIRS:
                if size.everything or _is_for_a_quick_run(call, concurrency, pair):
                    lines += _small(stage, size, call, concurrency, pair)
        stage.end_workers()
        yield Group("W2", f"{call}: {_RATES}", _RATE_COLUMNS, lines)


def _is_for_a_quick_run(call: str, concurrency: int, pair: Pair) -> bool:
    if call == "create_attendee":
        return AIOBOTOCORE in pair
    return pair in _SMALL_MARKS or concurrency in (10, 100)


def _small(stage: Stage, size: Size, call: str, concurrency: int, pair: Pair) -> Iterator[Line]:
    _say(f"W2 {call}, {concurrency} at a time: {pair[0]} and {pair[1]}")
    workers = {name: stage.open(name) for name in pair}
    if None in workers.values():
        return
    bursts = {name: _Bursts(worker, call, concurrency, size) for name, worker in workers.items() if worker}
    pairs = 1 if max(burst.seconds for burst in bursts.values()) > 3 else size.pairs
    found: dict[str, list[Figures]] = {name: [] for name in pair}
    for _ in range(pairs):
        for name in reversed(pair):
            found[name].append(bursts[name].run())
    mark = _SMALL_MARKS.get(pair, {}).get(concurrency)
    yield _calls_per_second(f"{concurrency} at a time", pair, found, mark)


_RATES = "calls per second of its core, more is better"
_RATE_COLUMNS = ("CPU us/call", "other's", "calls/s", "other's", "ratio of these")


def _calls_per_second(what: str, pair: Pair, found: dict[str, list[Figures]], mark: Mark | None) -> Line:
    """The ratio by CPU time, which a busy machine disturbs less, and the one by the clock beside it."""
    who, against = pair
    cpu, rates = ({name: [figures[key] for figures in found[name]] for name in pair} for key in ("cpu", "rate"))
    return Line(
        what,
        who,
        over(cpu[against], cpu[who]),
        against,
        mark=mark,
        figures=(
            spread(cpu[who]).times(US),
            spread(cpu[against]).times(US),
            spread(rates[who]),
            spread(rates[against]),
            over(rates[who], rates[against]),
        ),
    )


class _Bursts:
    """Bursts of one client, of a length that suits its speed, after one that opens its connections."""

    def __init__(self, worker: Process, call: str, concurrency: int, size: Size) -> None:
        self._worker = worker
        self._asked = {"call": call, "concurrency": concurrency}
        warm = self.run(max(concurrency, 20))
        if warm["wall"] < 1:
            warm = self.run(max(concurrency, 50))
        self._calls = max(concurrency, round(warm["rate"] * size.burst))
        self.seconds = self._calls / warm["rate"]

    def run(self, calls: int | None = None) -> Figures:
        return self._worker.ask("burst", **self._asked, calls=calls or self._calls)


# W3, W5, W6 ----------------------------------------------------------------------------------------------------------


_CPU = ("CPU us", "other's")


def parsing(stage: Stage, size: Size) -> Iterator[Group]:
    """Large answers to objects."""
    labels = {"events": "500 events", "page": "page of 100", "megabyte": "1 MB"}
    marks = {
        "events": {"botocore": at_least(50)},
        "page": {"botocore": at_least(4), "orjson": at_most(2.4)},
        "megabyte": {"botocore": at_least(3.5)},
    }
    beside_botocore: list[Line] = []
    beside_json: list[Line] = []
    for who, taken in _codecs(stage, size, "parsing"):
        for name, label in labels.items():
            ours = taken[name]["roomtone"]
            pair = (who, "botocore")
            beside_botocore.append(_faster(label, pair, ours, taken[name]["botocore"], marks[name]["botocore"]))
            for library in ("orjson", "json"):
                theirs = taken[name][library]
                figures = spread(ours).times(US), spread(theirs).times(US)
                mark = marks[name].get(library)
                beside_json.append(Line(label, who, over(ours, theirs), library, mark=mark, figures=figures))
    yield Group("W3", "large answers to objects: times as fast as botocore's parser", _CPU, beside_botocore)
    yield Group("W3", "the same beside JSON to dicts alone: times as long, less is better", _CPU, beside_json)


def encoding(stage: Stage, size: Size) -> Iterator[Group]:
    """A large request to bytes."""
    labels = {"bare": "100 attendees", "objects": "objects made too", "nested": "with capabilities"}
    lines: list[Line] = []
    for who, taken in _codecs(stage, size, "encoding"):
        mark = at_least(6 if who == ROOMTONE else 20)
        for name, label in labels.items():
            ours, theirs = taken[name]["roomtone"], taken[name]["botocore"]
            lines.append(_faster(label, (who, "botocore"), ours, theirs, None if name == "objects" else mark))
    yield Group("W5", "100 attendees in one create to bytes: times as fast, more is better", _CPU, lines)


def signing(stage: Stage, size: Size) -> Iterator[Group]:
    """One signature."""
    _say("W6")
    taken = _codec(stage, size, "signing")["taken"]["sign"]
    pair = (ROOMTONE, "botocore")
    line = _faster("create_attendee", pair, taken["roomtone"], taken["botocore"], at_least(13))
    yield Group("W6", "signing: times as fast as SigV4Auth, more is better", _CPU, [line])


def _codecs(stage: Stage, size: Size, kind: str) -> Iterator[tuple[str, dict[str, dict[str, list[float]]]]]:
    """With the standard library's JSON, which is the default, and with orjson where roomtone uses it."""
    _say(f"{'W3' if kind == 'parsing' else 'W5'} {kind}")
    plain = _codec(stage, size, kind, "--plain")
    yield ROOMTONE, plain["taken"]
    fast = _codec(stage, size, kind)
    if fast["fast"]:
        yield "roomtone[fast]", fast["taken"]


def _codec(stage: Stage, size: Size, kind: str, *more: str) -> Figures:
    rounds, seconds = str(size.pairs + 2), str(size.burst / 2)
    return stage.fresh("benchmarks.codecs", kind, *more, "--rounds", rounds, "--seconds", seconds)


def _faster(what: str, pair: Pair, ours: list[float], theirs: list[float], mark: Mark | None) -> Line:
    who, against = pair
    figures = spread(ours).times(US), spread(theirs).times(US)
    return Line(what, who, over(theirs, ours), against, mark=mark, figures=figures)


# W4 ------------------------------------------------------------------------------------------------------------------


def pages(stage: Stage, size: Size) -> Iterator[Group]:
    """100 pages of 100 items, item by item."""
    marks = {(ROOMTONE, AIOBOTOCORE): at_least(2.5)}
    lines: list[Line] = []
    for pair in (
        (ROOMTONE, AIOBOTOCORE),
        (ROOMTONE, BOTO3),
        (ROOMTONE, HTTPX),
        (ROOMTONE, FLOOR),
        (TRIO, ROOMTONE),
        (AIOHTTP, AIOBOTOCORE),
    ):
        _say(f"W4 {pair[0]} and {pair[1]}")
        found = _in_turn(stage, pair, size.pairs, lambda worker: worker.ask("pages"))
        if found is None:
            continue
        lines.append(_calls_per_second("10,000 items", pair, found, marks.get(pair)))
    stage.end_workers()
    columns = ("CPU us/item", "other's", "items/s", "other's", "ratio of these")
    yield Group("W4", "100 pages of 100 items: items per second of its core, more is better", columns, lines)


def _in_turn(
    stage: Stage, pair: Pair, pairs: int, run: Callable[[Process], Figures]
) -> dict[str, list[Figures]] | None:
    """The second, the first, the second, the first; each once more in front, to warm up."""
    workers = {name: stage.open(name) for name in pair}
    found: dict[str, list[Figures]] = {name: [] for name in pair}
    for number in range(pairs + 1):
        for name in reversed(pair):
            worker = workers[name]
            if worker is None:
                return None
            figures = run(worker)
            if number:
                found[name].append(figures)
    return found


# W7 ------------------------------------------------------------------------------------------------------------------


def latency(stage: Stage, size: Size) -> Iterator[Group]:
    """How long calls take, and how long they keep others waiting."""
    yield Group(
        "W7",
        "p99 over p50 of get_meeting, less is better",
        ("p99 ms", "p50 ms"),
        [line for concurrency in (100, 500) for line in _evenness(stage, size, concurrency)],
    )
    yield Group(
        "W7",
        "100 calls at a time to a server that takes 20 ms: p99 over the other's, connections opened; less is better",
        ("p99 ms", "other's"),
        _slow_server(stage, size),
    )
    stage.end_workers()
    yield Group(
        "W7",
        "longest stall of a task that runs every millisecond, services imported before; less is better",
        ("aiobotocore",),
        list(_stalls(stage, size)),
    )


def _evenness(stage: Stage, size: Size, concurrency: int) -> Iterator[Line]:
    peers = (ROOMTONE, AIOBOTOCORE, FLOOR, *((HTTPX,) if size.everything else ()))
    _say(f"W7 latencies, {concurrency} at a time")
    found = _waves(stage, size, peers, concurrency, "plain")[0]
    for peer, bursts in found.items():
        p99, p50 = ([figures[key] for figures in bursts] for key in ("p99", "p50"))
        yield Line(
            f"{concurrency} at a time",
            peer,
            over(p99, p50),
            mark=at_most(1.5) if peer == ROOMTONE else None,
            figures=(spread(p99).times(MS), spread(p50).times(MS)),
        )


def _slow_server(stage: Stage, size: Size) -> list[Line]:
    concurrency = 100
    _say("W7 a server that takes 20 ms")
    found, opened = _waves(stage, size, (ROOMTONE, AIOBOTOCORE, AIOHTTP, HTTPX), concurrency, "slow")
    pairs = (
        ((ROOMTONE, AIOBOTOCORE), at_most(0.5)),
        ((AIOHTTP, AIOBOTOCORE), None),
        ((ROOMTONE, HTTPX), None),
    )
    lines = [_ratio("p99", pair, found, "p99", factor=MS, mark=mark) for pair, mark in pairs if {*pair} <= found.keys()]
    for peer, count in opened.items():
        mark = at_most(concurrency) if peer == ROOMTONE else None
        lines.append(Line("connections opened", peer, Spread((float(count),)), unit="", mark=mark))
    return lines


def _waves(
    stage: Stage, size: Size, peers: Sequence[str], concurrency: int, port: str
) -> tuple[dict[str, list[Figures]], dict[str, int]]:
    """Bursts of the peers in turn, each after one that opens its connections; and how many each opened in all."""
    found: dict[str, list[Figures]] = {peer: [] for peer in peers}
    opened = dict.fromkeys(peers, 0)
    workers = {peer: stage.open(peer, port) for peer in peers}
    for number in range(size.pairs + 1):
        for peer in reversed(peers):
            worker = workers[peer]
            if worker is None:
                found.pop(peer, None)
                opened.pop(peer, None)
                continue
            stage.connections(reset=True)
            calls = max(size.latencies, 2 * concurrency) if number else concurrency
            figures = worker.ask("burst", call="get_meeting", concurrency=concurrency, calls=calls)
            opened[peer] += stage.connections()["opened"]
            if number:
                found[peer].append(figures)
    return found, opened


_STALL_MARKS = {
    "creation": at_most(3),
    "credentials": at_most(8),
    "first call": at_most(15),
    "parse": at_most(2),
    "steady 10": at_most(5),
}
_PHASE_LABELS = {
    "nothing": "no client: the machine's own",
    "creation": "client creation",
    "credentials": "credentials from a profile",
    "first call": "first call, over TLS",
    "parse": "call with 500 events",
    "steady 1": "steady, 1 call at a time",
    "steady 10": "steady, 10 at a time",
    "steady 100": "steady, 100 at a time",
}


def _stalls(stage: Stage, size: Size) -> Iterator[Line]:
    for phase in PHASES if size.everything else PHASES[:-1]:
        _say(f"W7 stalls: {_PHASE_LABELS[phase]}")
        longest: dict[str, list[float]] = {AIOBOTOCORE: [], ROOMTONE: []}
        for _ in range(size.fresh):
            for client, found in longest.items():
                figures = stage.fresh("benchmarks.stalls", client, phase, stage.origin("plain"), stage.origin("tls"))
                found.append(figures["longest"] * MS)
        yield Line(
            _PHASE_LABELS[phase],
            "" if phase == "nothing" else ROOMTONE,
            spread(longest[ROOMTONE]),
            unit="ms",
            mark=_STALL_MARKS.get(phase),
            figures=(spread(longest[AIOBOTOCORE]),),
        )


# W8 ------------------------------------------------------------------------------------------------------------------


def memory(stage: Stage, size: Size) -> Iterator[Group]:
    """Memory of clients, and what calls leave behind."""
    _say("W8 all clients made")
    found = _cold(stage, "all", 1)
    lines = [_ratio("all services' clients made", (ROOMTONE, peer), found, "made_mb") for peer in (BOTO3, AIOBOTOCORE)]
    for peer in (ROOMTONE, *((AIOBOTOCORE,) if size.everything else ())):
        _say(f"W8 {size.growth:,} calls of {peer}")
        worker = stage.open(peer)
        if worker is None:
            continue
        figures = worker.ask("growth", concurrency=10, calls=size.growth)
        lines.append(
            Line(
                f"growth over {size.growth:,} calls",
                peer,
                Spread((figures["growth_mb"],)),
                unit="MB",
                mark=at_most(1) if peer == ROOMTONE else None,
                figures=(Spread((figures["before_mb"],)),),
            )
        )
    stage.end_workers()
    yield Group("W8", "memory in MB, less is better", ("MB", "other's"), lines)


WORKLOADS: dict[str, Callable[[Stage, Size], Iterator[Group]]] = {
    "W1": cold_start,
    "W2": small_calls,
    "W3": parsing,
    "W4": pages,
    "W5": encoding,
    "W6": signing,
    "W7": latency,
    "W8": memory,
}
