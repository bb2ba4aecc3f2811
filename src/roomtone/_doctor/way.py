"""The way to a service, step by step with the library's own network and TLS: DNS, TCP, TLS. Sends no request."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from ipaddress import ip_address
from time import perf_counter
from typing import Any

import anyio
import anyio.to_thread
from attrs import define, field

from roomtone._doctor.machine import other_bundle
from roomtone._doctor.report import Finding, failed, ok, skipped, warning
from roomtone._http.endpoints import Endpoint
from roomtone._http.failures import reason
from roomtone._http.network import backend
from roomtone._http.tls import bundles, shared_context

__all__ = ["Way"]

_PORTS = {"https": 443, "http": 80}
_SHOWN = 3
_NO_ANSWER = "no answer"
_PART_OF_LIMIT = 0.8
"""How much of a check's time each address has, so that one that hangs does not hide those that answer."""

_CERTIFICATE_MENDS: Mapping[int, str] = {
    10: "the certificate has expired, or this machine's clock is wrong: correct the one that is at fault",
    62: "the certificate is another host's: correct the endpoint, or have the server present its own",
    64: "the certificate is another host's: correct the endpoint, or have the server present its own",
}
"""By OpenSSL's number of what is wrong with a certificate."""


@define(eq=False)
class Way:
    """What was found on the way to one endpoint. `aclose` ends the connection that was made."""

    endpoint: Endpoint
    limit: float
    whence: str | None
    """Where a host of the user's own is configured; None for AWS's."""
    addresses: list[str] = field(factory=list, init=False)
    _streams: list[Any] = field(factory=list, init=False)

    @property
    def port(self) -> int:
        return self.endpoint.port or _PORTS[self.endpoint.scheme]

    async def dns(self) -> Finding:
        host = self.endpoint.host
        if _is_address(host):
            self.addresses = [host]
            return ok(f"{host} is an address, there is no name to look up", host=host, addresses=[host])
        try:
            # In a thread of anyio's: what hangs in the system's resolver is left behind when the time is up.
            found = await anyio.to_thread.run_sync(self._looked_up, abandon_on_cancel=True)
        except (OSError, UnicodeError) as error:
            return failed(f"{host} has no address: {reason(error)}", self.if_no_address, host=host, addresses=[])
        self.addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        return ok(f"{host} is {_some(self.addresses)}", host=host, addresses=self.addresses)

    @property
    def if_no_address(self) -> str:
        if self.whence:
            return f"look for a slip in {self.whence}; else check the name server"
        return "look for a slip in the region, and whether the service is in it; else check the name server"

    def _looked_up(self) -> list[Any]:
        return [*socket.getaddrinfo(self.endpoint.host, self.port, type=socket.SOCK_STREAM)]

    async def tcp(self) -> Finding:
        """Tries all addresses at a time. One that refuses costs a call nothing: the library goes on to the next."""
        began = perf_counter()
        failures: dict[str, str] = {}
        took: dict[str, float] = {}

        async def connect(address: str) -> None:
            failures[address] = _NO_ANSWER
            with anyio.move_on_after(self.limit * _PART_OF_LIMIT):
                try:
                    self._streams.append(await backend().connect_tcp(address, self.port))
                except Exception as error:
                    failures[address] = reason(error)
                else:
                    took[address] = perf_counter() - began
                    del failures[address]

        async with anyio.create_task_group() as tasks:
            for address in self.addresses:
                tasks.start_soon(connect, address)
        facts: dict[str, object] = {"port": self.port, "connected": list(took), "failures": failures}
        if not took:
            why = _some([f"{address} ({why})" for address, why in failures.items()])
            return failed(f"port {self.port} cannot be reached: {why}", self.if_unreachable, **facts)
        first = min(took, key=took.__getitem__)
        facts["milliseconds"] = milliseconds = round(took[first] * 1000, 1)
        told = f"{first} port {self.port} in {milliseconds:g} ms"
        hanging = [address for address, why in failures.items() if why == _NO_ANSWER]
        if hanging:
            return warning(
                f"{told}, but {len(hanging)} of {len(self.addresses)} addresses do not answer: {_some(hanging)}",
                "calls can wait for those: see to the route to them (often it is IPv6), or take them out of DNS",
                **facts,
            )
        return ok(told, **facts)

    @property
    def if_unreachable(self) -> str:
        mend = f"see that {self.endpoint.authority} is served and that no firewall is in between"
        proxy = next((name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY") if os.environ.get(name)), None)
        if proxy is not None:
            mend += f"; roomtone does not use {proxy}: give Client(http_client=) one that does"
        return mend

    async def tls(self) -> Finding:
        if self.endpoint.scheme == "http":
            return skipped("plain http has none")
        context = await anyio.to_thread.run_sync(shared_context, bundles())
        try:
            self._streams[0] = stream = await self._streams[0].start_tls(context, server_hostname=self.endpoint.host)
        except Exception as error:
            return _refused_tls(error)
        session: ssl.SSLObject = stream.get_extra_info("ssl_object")
        certificate: Mapping[str, Any] = session.getpeercert() or {}  # verified, so it is there
        issuer, ends = _issuer(certificate), _end(certificate)
        cipher = session.cipher()
        return ok(
            f"{session.version()}, certificate by {issuer} until {ends:%Y-%m-%d}",
            version=session.version(),
            cipher=cipher[0] if cipher else None,
            issuer=issuer,
            not_after=ends.isoformat(),
        )

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            for stream in self._streams:
                await stream.aclose()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _issuer(certificate: Mapping[str, Any]) -> str:
    parts: dict[str, str] = {name: value for ((name, value), *_) in certificate.get("issuer", ())}
    return parts.get("commonName") or parts.get("organizationName") or "an unnamed authority"


def _end(certificate: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), timezone.utc)


def _refused_tls(error: BaseException) -> Finding:
    said: BaseException | None = error
    while said is not None and not isinstance(said, ssl.SSLCertVerificationError):
        said = said.__cause__ or said.__context__
    if said is None:
        return failed(
            f"no TLS: {reason(error)}",
            "see that the server speaks TLS 1.2 or newer on this port, and that nothing in between ends it",
        )
    told = f"the certificate is refused: {said.verify_message}"
    return failed(told, _CERTIFICATE_MENDS.get(said.verify_code, _if_unknown()), verify_code=said.verify_code)


def _if_unknown() -> str:
    mend = "set SSL_CERT_FILE to a file of PEM certificates that has this server's authority (or your proxy's) in it"
    other = other_bundle()
    return f"{mend}; {other} is set, which roomtone does not read" if other else mend
