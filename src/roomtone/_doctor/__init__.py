"""The doctor: checks what calls of the library stand on, with the library's own parts. Knows the public client."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

import anyio
from attrs import define, field

from roomtone._core.naming import did_you_mean
from roomtone._core.operation import AwsService
from roomtone._doctor.account import Account, look_at_aws, shortened, signalwire_is_configured
from roomtone._doctor.asking import PROBES, Question
from roomtone._doctor.machine import look_at_machine
from roomtone._doctor.report import Check, Finding, Report, ok
from roomtone._doctor.section import Section
from roomtone._doctor.way import Way
from roomtone._http.connection import Connection
from roomtone._service import ServiceClient
from roomtone._version import __version__
from roomtone.client import Client
from roomtone.events import Attempt

__all__ = ["diagnose", "examine", "service_name"]

_NETWORK = ("dns", "tcp", "tls", "call", "clock")


def service_name(text: str) -> str:
    """The service that is meant, by its boto3 name. Raises ValueError where there is none of that name."""
    name = text.replace("_", "-")
    if name not in PROBES:
        known = ", ".join(PROBES)
        raise ValueError(f"no service is called {text!r}{did_you_mean(name, PROBES)}; the services are {known}")
    return name


def examine(services: Sequence[str] = (), *, offline: bool, limit: float) -> Report:
    """`diagnose`, run to its end in a thread that nobody waits for.

    A name look-up or a credential process that hangs keeps its thread; as a child of this one it does not keep the
    process.
    """
    outcome = Future[Report]()

    def run() -> None:
        try:
            outcome.set_result(anyio.run(partial(diagnose, services, offline=offline, limit=limit)))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="roomtone-doctor", daemon=True).start()
    return outcome.result()


async def diagnose(services: Sequence[str] = (), *, offline: bool, limit: float) -> Report:
    """Checks this machine, the configuration, and each service.

    Args:
        services: boto3's names; when empty, `ivs`, and `signalwire` if anything of it is configured.
        offline: Nothing is sent, and no name is looked up.
        limit: The most seconds that one check may take.
    """
    asked = list(dict.fromkeys(services)) or ["ivs", "signalwire"]
    machine = Section("machine", "This machine", limit)
    aws = Section("aws", "AWS", limit)
    visits: list[_Visit] = []
    # The check's own clock is the only one.
    async with Client(timeout=None, attempt_timeout=None, on_attempt=lambda one: _hand_on(visits, one)) as live:
        certificates = await look_at_machine(machine)
        account = None
        if any(name != "signalwire" for name in asked):
            account = await look_at_aws(aws, live._connection._account, offline=offline)
        for name in asked:
            client: ServiceClient = getattr(live, name.replace("-", "_"))
            whose = None if name == "signalwire" else account
            visits.append(_Visit(live._connection, client, whose, certificates, offline, limit))
        async with anyio.create_task_group() as tasks:
            for visit in visits:
                wanted = bool(services) or visit.section.name != "signalwire" or signalwire_is_configured()
                tasks.start_soon(visit.make if wanted else visit.leave_out)
    sections = [machine, aws, *(visit.section for visit in visits)]
    return Report(version=__version__, offline=offline, checks=tuple(c for section in sections for c in section.checks))


def _hand_on(visits: Sequence[_Visit], attempt: Attempt) -> None:
    for visit in visits:
        if visit.section.name == attempt.service and visit.question is not None:
            visit.question.note(attempt)


@define(eq=False)
class _Visit:
    """The checks of one service."""

    connection: Connection
    client: ServiceClient
    account: Account | None
    """Of AWS; None for SignalWire."""
    certificates: Check
    offline: bool
    limit: float
    section: Section = field(init=False)
    question: Question | None = field(default=None, init=False)
    _way: Way | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        service = self.client._service
        title = service.title if service.name == "signalwire" else f"{service.title} ({service.name})"
        self.section = Section(service.name, title, self.limit)

    async def leave_out(self) -> None:
        self.section.skip("endpoint", "nothing of it is in the environment: SIGNALWIRE_SPACE, _PROJECT_ID, _API_TOKEN")

    async def make(self) -> None:
        section = self.section
        if self.account is None:
            mend = "export SIGNALWIRE_SPACE (your space's name), SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN"
            endpoint = await section.check("endpoint", self._signalwire_endpoint, mend=mend)
        else:
            mend = "correct the endpoint where it is configured: AWS_ENDPOINT_URL and its kin, or the profile"
            needs = (self.account.settings, self.account.region)
            endpoint = await section.check("endpoint", self._aws_endpoint, mend=mend, needs=needs)
        if self.offline:
            for name in _NETWORK:
                section.skip(name, "offline")
            return
        try:
            await self._go(endpoint)
        finally:
            if self._way is not None:
                await self._way.aclose()

    async def _aws_endpoint(self) -> Finding:
        service = self.client._service
        assert isinstance(service, AwsService)
        target = await self.connection.provider(service).target(None)
        source = (await self.connection._account.settings()).endpoint_source(service)
        self._way = Way(target.endpoint, self.limit, source)
        whence = f"instead of the service's own, from {source}" if source else "the service's own"
        return ok(f"{target.endpoint.url}, {whence}", url=target.endpoint.url, custom=source is not None, source=source)

    async def _signalwire_endpoint(self) -> Finding:
        target = await self.connection.provider(self.client._service).target(None)
        project_id = target.account_sid or ""
        self._way = Way(target.endpoint, self.limit, "SIGNALWIRE_SPACE")
        return ok(
            f"{target.endpoint.url}, from SIGNALWIRE_SPACE; project {shortened(project_id)}, with a token",
            url=target.endpoint.url,
            source="SIGNALWIRE_SPACE",
            project_id_ends=project_id[-4:],
            project_id_source="SIGNALWIRE_PROJECT_ID",
            api_token_source="SIGNALWIRE_API_TOKEN",
        )

    async def _go(self, endpoint: Check) -> None:
        section, way = self.section, self._way
        if way is None:
            for name in _NETWORK:
                section.block(name, endpoint)
            return
        dns = await section.check("dns", way.dns, mend=way.if_no_address)
        tcp = await section.check("tcp", way.tcp, mend=way.if_unreachable, needs=(dns,))
        tls = await section.check("tls", way.tls, mend=way.if_unreachable, needs=(tcp, self.certificates))
        self.question = question = self._question()
        identity = () if self.account is None else (self.account.credentials,)
        await section.check("call", question.call, mend="try again", needs=(tls, *identity))
        await section.check("clock", question.clock, mend="try again")

    def _question(self) -> Question:
        if self.account is None:
            return Question(self.client, access_key=None, corrects_clock=False)
        key = self.account.credentials.finding.facts.get("access_key_id_ends", "")
        corrects_clock = bool(self.account.settings.finding.facts.get("corrects_clock"))
        return Question(self.client, access_key=shortened(str(key)), corrects_clock=corrects_clock)
