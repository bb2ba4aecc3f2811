"""The processes of a run: the server, one worker per peer, scripts in fresh ones. Knows how to start and to end them.

The server has one core to itself and the clients another, where the system can do that: what is measured is the client.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from benchmarks import payloads

_ROOT = Path(__file__).resolve().parents[1]
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "VIRTUAL_ENV")
LONGEST_WAIT = 300.0
"""Seconds that one command, or one fresh process, may take before it is ended."""


def _cores() -> tuple[int | None, int | None]:
    """One for the server, one for the clients; None where there are not two, or no way to choose."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)


def _pin(core: int | None) -> list[str]:
    return [] if core is None else ["--core", str(core)]


class Process:
    """A process that answers lines with lines of JSON, and that ends with its input."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._name = " ".join(arguments[:2])

    def read(self) -> dict[str, Any]:
        """The next line. A process that is silent for too long is ended."""
        timer = threading.Timer(LONGEST_WAIT, self._process.kill)
        timer.start()
        try:
            line = cast("IO[str]", self._process.stdout).readline()
        finally:
            timer.cancel()
        if not line:
            raise RuntimeError(f"{self._name} ended, with {self._process.wait()}, before it answered")
        return cast("dict[str, Any]", json.loads(line))

    def ask(self, do: str, **command: Any) -> dict[str, Any]:
        """The answer to one command."""
        given = cast("IO[str]", self._process.stdin)
        given.write(json.dumps({"do": do, **command}) + "\n")
        given.flush()
        return self.read()

    def end(self) -> None:
        """Ends it: politely at first."""
        cast("IO[str]", self._process.stdin).close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        cast("IO[str]", self._process.stdout).close()


class Stage:
    """What the workloads run on: the server, the workers that were asked for, and what both need around them."""

    DELAY = 0.02
    """Seconds that the slow port takes for an answer."""
    LIMIT = 500
    """Connections that each client may have: as many as calls are ever in flight."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._workers: dict[str, Process] = {}
        self.unavailable: dict[str, str] = {}
        self._server_core, self._client_core = _cores()
        (self._folder / "home").mkdir()
        server = self._start(
            ["benchmarks.server", str(self._folder), "--delay", str(self.DELAY), *_pin(self._server_core)]
        )
        self._ports: dict[str, int] = server.read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def pinned(self) -> bool:
        return self._client_core is not None

    def origin(self, port: str) -> str:
        """`plain`, `slow` or `tls`."""
        return f"{'https' if port == 'tls' else 'http'}://127.0.0.1:{self._ports[port]}"

    def environment(self) -> dict[str, str]:
        """No proxy, no profile and no settings of whoever runs this; the server's authority beside the public ones."""
        bundle = str(self._folder / "bundle.pem")
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": str(self._folder / "home"),
            "PYTHONHASHSEED": "0",
            "AWS_ACCESS_KEY_ID": payloads.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": payloads.SECRET_KEY,
            "AWS_DEFAULT_REGION": payloads.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
        }

    def _start(self, arguments: list[str]) -> Process:
        process = Process(arguments, self.environment())
        self._stack.callback(process.end)
        return process

    def worker(self, peer: str) -> Process:
        """The peer's process, started when it is first asked for."""
        if peer not in self._workers:
            self._workers[peer] = self._start(["benchmarks.worker", peer, *_pin(self._client_core)])
        return self._workers[peer]

    def open(self, peer: str, port: str = "plain") -> Process | None:
        """A worker with a new client, its connections yet to be made; None where the peer cannot take part."""
        if peer in self.unavailable:
            return None
        worker = self.worker(peer)
        answer = worker.ask("open", origin=self.origin(port), limit=self.LIMIT)
        if "unavailable" in answer:
            self.unavailable[peer] = answer["unavailable"]
            return None
        return worker

    def end_workers(self) -> None:
        """Ends all workers, so that the next workload begins with fresh ones."""
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def fresh(self, module: str, *arguments: str) -> dict[str, Any]:
        """What a script prints first, in a process of its own, and the seconds until then."""
        began = time.perf_counter()
        process = Process([module, *arguments, *_pin(self._client_core)], self.environment())
        try:
            figures = process.read()
            return {**figures, "wall": time.perf_counter() - began}
        finally:
            process.end()

    def connections(self, *, reset: bool = False) -> dict[str, int]:
        """The connections that the server saw since the last reset."""
        control = http.client.HTTPConnection("127.0.0.1", self._ports["control"], timeout=10)
        try:
            control.request("GET", "/reset" if reset else "/connections")
            return cast("dict[str, int]", json.loads(control.getresponse().read()))
        finally:
            control.close()
