"""Where requests go: AWS endpoints by partition, custom endpoints, SignalWire spaces. Pure; knows _core and the errors.

Messages never repeat what was given: an endpoint can carry a password, a space names a customer.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from urllib.parse import urlsplit

from attrs import Factory, field, frozen

from roomtone._core.naming import did_you_mean
from roomtone._core.operation import AwsService
from roomtone._http.partitions import PARTITIONS, Partition
from roomtone.errors import ConfigurationError

__all__ = ["Endpoint", "aws_endpoint", "check_region", "doubt_region", "signalwire_endpoint"]

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")

_REGION = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_PATH = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_SPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VISIBLE_ASCII = re.compile(r"[!-~]+")

_SPACE_DOMAIN = ".signalwire.com"
_SPACE_FORMS = (
    "write `acme`, `acme.signalwire.com`, an https URL without a path as in `https://acme.signalwire.com`, or a "
    "loopback address with its port as in `127.0.0.1:8900`"
)


def _authority(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return host if endpoint.port is None else f"{host}:{endpoint.port}"


@frozen
class Endpoint:
    """An origin, the path that all paths of the API follow, and the region that requests are signed for."""

    scheme: str
    host: str
    """In lower case; an IPv6 address without brackets."""
    port: int | None
    """None when it is the scheme's own."""
    path: str = ""
    """Percent-encoded, without a trailing slash."""
    region: str = ""
    """Empty where nothing is signed by region."""
    authority: str = field(default=Factory(_authority, takes_self=True), init=False, repr=False, eq=False)
    """The value of the Host header."""

    @property
    def effective_port(self) -> int:
        """The port, also where it is the scheme's own."""
        return self.port or _DEFAULT_PORTS[self.scheme]

    @property
    def url(self) -> str:
        """Origin and path: what a request's own path is appended to."""
        return f"{self.scheme}://{self.authority}{self.path}"


def aws_endpoint(
    service: AwsService,
    *,
    region: str,
    use_fips: bool,
    use_dualstack: bool,
    endpoint_url: str | None,
    allow_http: bool,
) -> Endpoint:
    """The endpoint of a service in a region, or the custom one.

    Raises:
        ConfigurationError: The region or the custom endpoint is malformed, or the parts do not go together.
    """
    check_region(region)
    if endpoint_url is not None:
        return _custom_aws_endpoint(endpoint_url, region, use_fips or use_dualstack, allow_http)
    partition = _partition_of(region)
    for wanted, supported, what in (
        (use_fips, partition.supports_fips, "FIPS endpoints (use_fips, AWS_USE_FIPS_ENDPOINT)"),
        (
            use_dualstack,
            partition.supports_dual_stack,
            "dual-stack endpoints (use_dualstack, AWS_USE_DUALSTACK_ENDPOINT)",
        ),
    ):
        if wanted and not supported:
            raise ConfigurationError(f"the partition {partition.name} has no {what}: turn them off")
    prefix = f"{service.endpoint_prefix}-fips" if use_fips else service.endpoint_prefix
    suffix = partition.dual_stack_dns_suffix if use_dualstack else partition.dns_suffix
    return Endpoint(scheme="https", host=f"{prefix}.{region}.{suffix}", port=None, region=region)


def _custom_aws_endpoint(endpoint_url: str, region: str, has_variant: bool, allow_http: bool) -> Endpoint:
    if has_variant:
        raise ConfigurationError(
            "a custom endpoint goes with neither FIPS nor dual stack: leave endpoint_url (or AWS_ENDPOINT_URL) out, or "
            "turn use_fips and use_dualstack (AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT) off"
        )
    return _parse(endpoint_url, "endpoint_url", allow_http=allow_http, config="Aws", region=region)


def check_region(region: object, where: str = "region") -> str:
    """Refuse what cannot be a region; `where` says in the message whence it came."""
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ConfigurationError(
            f"{where} is malformed: a region is made of lower-case letters, digits and inner hyphens, at most 63, "
            f"as in 'eu-central-1'{did_you_mean(region, _known_regions()) if isinstance(region, str) else ''}"
        )
    if region.startswith("fips-") or region.endswith("-fips"):
        raise ConfigurationError(f"{where}: leave `fips` out of the region and set use_fips=True instead")
    return region


def _known_regions() -> list[str]:
    return [region for partition in PARTITIONS for region in sorted(partition.regions)]


def doubt_region(service: AwsService, region: str, source: str) -> str:
    """Why there may be no endpoint of a service in a region; empty where one is known. `source` says whence it came.

    New regions come and services spread, so nobody is stopped by it: it is what to say when no connection was made.
    """
    from roomtone._http.regions import REGIONS  # only ever wanted for a message

    if service.name in REGIONS.get(region, ()):
        return ""
    own = [known for known, services in REGIONS.items() if service.name in services]
    if region in _known_regions():
        return f"{service.name} is not known to be in the region {region!r} ({source}); it is in {', '.join(own)}"
    near = did_you_mean(region, own) or did_you_mean(region, _known_regions())
    return f"the region {region!r} ({source}) is not known{near or f'; {service.name} is in ' + ', '.join(own)}"


def _partition_of(region: str) -> Partition:
    for partition in PARTITIONS:
        if region in partition.regions or re.match(partition.region_regex, region):
            return partition
    return PARTITIONS[0]


def signalwire_endpoint(space: str | None, base_url: str | None, *, allow_http: bool) -> Endpoint:
    """The endpoint of a space, or `base_url` in its place.

    Raises:
        ConfigurationError: Neither is given, or the given one is malformed.
    """
    if base_url is not None:
        endpoint = _parse(base_url, "base_url", allow_http=allow_http, config="SignalWire")
        if "/api/laml" in endpoint.path:
            raise ConfigurationError(
                "base_url must not hold the API's own path: leave `/api/laml` and what follows out"
            )
        return endpoint
    if space is None or space == "":
        raise ConfigurationError(
            "no SignalWire space. Tried in order: SignalWire(base_url=), SignalWire(space=), SIGNALWIRE_SPACE. "
            "Set one of them, for example SignalWire(space='acme')"
        )
    return _space_endpoint(space, allow_http=allow_http)


def _space_endpoint(space: str, *, allow_http: bool) -> Endpoint:
    if not isinstance(space, str):
        raise ConfigurationError("space must be a str")
    if "://" in space:
        endpoint = _parse(space, "space", allow_http=allow_http, config="SignalWire")
    else:
        endpoint = _named_space(space)
    if endpoint.path:
        raise ConfigurationError(f"space must have no path: {_SPACE_FORMS}")
    return endpoint


def _named_space(space: str) -> Endpoint:
    """The endpoint of a space without a scheme: a slip in a name must not send credentials to somebody else's host."""
    if _SPACE.fullmatch(space.lower()) and space.lower() != "localhost":
        space += _SPACE_DOMAIN
    endpoint = _parse(f"https://{space}", "space", allow_http=False, config="SignalWire")
    if _is_loopback(endpoint.host):
        return _parse(f"http://{space}", "space", allow_http=False, config="SignalWire")
    label, dot, rest = endpoint.host.partition(".")
    if endpoint.port is not None or not _SPACE.fullmatch(label) or dot + rest != _SPACE_DOMAIN:
        raise ConfigurationError(f"space is no SignalWire space: {_SPACE_FORMS}")
    return endpoint


def _parse(url: str, member: str, *, allow_http: bool, config: str, region: str = "") -> Endpoint:
    """The endpoint that a URL names; whatever could make two parsers read it differently is refused."""

    def refuse(reason: str) -> ConfigurationError:
        shown = f": {_SPACE_FORMS}" if member == "space" else ", as in 'https://host.example:8443'"
        return ConfigurationError(f"{member} {reason}{shown}")

    if not isinstance(url, str) or not _VISIBLE_ASCII.fullmatch(url):
        raise refuse("must be a URL in ASCII without spaces or line breaks")
    if url.count("://") > 1:
        raise refuse("must have its scheme once")
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
        has_valid_host = host is not None and _is_host(host)
    except ValueError:
        raise refuse("must be a URL with a valid host and port") from None
    if scheme not in _DEFAULT_PORTS or not host:
        raise refuse("must begin with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise refuse("must hold no user name or password")
    if "?" in url or "#" in url:
        raise refuse("must have no query and no fragment")
    shown = f"[{host}]" if ":" in host else host
    if port == 0 or not has_valid_host or parts.netloc.lower() not in {shown, f"{shown}:{port}"}:
        raise refuse("must be a URL with a valid host and port")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or not {".", ".."}.isdisjoint(path.split("/")):
        raise refuse("must have a percent-encoded path without dot segments")
    if scheme == "http" and not allow_http and not _is_loopback(host):
        raise ConfigurationError(
            f"{member}: plain http is for loopback only. Use https, or allow it with {config}(allow_http=True)"
        )
    own_port = None if port == _DEFAULT_PORTS[scheme] else port
    return Endpoint(scheme=scheme, host=host, port=own_port, path=path, region=region)


def _is_host(host: str) -> bool:
    return IPv6Address(host).scope_id is None if ":" in host else _HOST.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return IPv6Address(host) == _LOOPBACK_V6 if ":" in host else IPv4Address(host) in _LOOPBACK_V4
    except AddressValueError:
        return False
