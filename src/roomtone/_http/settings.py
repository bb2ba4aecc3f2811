"""What AWS calls need to know: explicit values, then the environment, then the profile. Knows config and the errors.

The shared config files are read by botocore, in a worker thread, and only when there is one or a profile is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio.to_thread
from attrs import field, frozen

from roomtone._core.naming import did_you_mean
from roomtone._core.operation import AwsService
from roomtone._http.endpoints import check_region
from roomtone.config import DEFAULT_MAX_ATTEMPTS, Aws, RetryMode
from roomtone.errors import ConfigurationError

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["AwsSettings", "botocore_session", "load", "no_such_profile", "profile_label"]

_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
_PROFILE_KEYS = frozenset(
    {
        "disable_clock_skew_correction",
        "endpoint_url",
        "ignore_configured_endpoint_urls",
        "max_attempts",
        "region",
        "retry_mode",
        "services",
        "use_dualstack_endpoint",
        "use_fips_endpoint",
    }
)
_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
_RETRY_MODES: Mapping[str, RetryMode] = {"legacy": "standard", "standard": "standard", "adaptive": "adaptive"}

_EVERY_SERVICE = ""


@frozen(kw_only=True)
class AwsSettings:
    """The settings of one client's AWS calls, resolved.

    Args:
        region: The configured region; None when there is none.
        region_source: Where the region comes from, for messages.
        use_fips: Whether FIPS endpoints are used.
        use_dualstack: Whether dual-stack endpoints are used.
        retry_mode: `standard` or `adaptive`.
        max_attempts: Attempts in total per call.
        corrects_clock: Whether a clock that is wrong by the service's is put right for signatures.
        profile: The profile that was asked for; None for the default one.
        endpoints: Custom endpoints, the strongest layer first: by service id (`IVS_REALTIME`), "" standing for all.
    """

    region: str | None
    region_source: str
    use_fips: bool
    use_dualstack: bool
    retry_mode: RetryMode
    max_attempts: int
    corrects_clock: bool
    profile: str | None
    endpoints: tuple[Mapping[str, str], ...] = field(repr=False)

    def endpoint_url(self, service: AwsService) -> str | None:
        """The custom endpoint of a service, if one is configured."""
        return self._custom_endpoint(service)[0]

    def endpoint_source(self, service: AwsService) -> str | None:
        """Where the custom endpoint of a service is configured, for people to read; None where there is none."""
        return self._custom_endpoint(service)[1]

    def _custom_endpoint(self, service: AwsService) -> tuple[str | None, str | None]:
        for layer, where in zip(self.endpoints, ("Aws(endpoint_url=)", _ENDPOINT_VARIABLE, "profile"), strict=False):
            key = service.service_id if service.service_id in layer else _EVERY_SERVICE
            url = layer.get(key)
            if url is None:
                continue
            if where == _ENDPOINT_VARIABLE and key:
                where = f"{_ENDPOINT_VARIABLE}_{key}"
            return url, f"`endpoint_url` in {profile_label(self.profile)}" if where == "profile" else where
        return None, None

    def required_region(self) -> str:
        """The configured region. Raises ConfigurationError when there is none, or when it is malformed."""
        if self.region is None:
            raise ConfigurationError(
                "no AWS region. Tried in order: Aws(region=), AWS_REGION, AWS_DEFAULT_REGION, "
                f"`region` in {profile_label(self.profile)}. Set one of them, for example Aws(region='eu-central-1')"
            )
        return check_region(self.region, self.region_source)


async def load(aws: Aws) -> AwsSettings:
    """Resolve the settings. Files are read in a worker thread.

    Raises:
        ConfigurationError: A value is malformed, a config file cannot be read, or the profile does not exist.
    """
    return await anyio.to_thread.run_sync(_resolve, aws, abandon_on_cancel=True)


def botocore_session(aws: Aws) -> Session:
    """A new botocore session that sees the same profile and region as we do. For worker threads only."""
    from botocore.session import Session

    # An explicit profile makes botocore leave the environment's credentials aside, one from the environment does not.
    # The latter is handed over all the same: to botocore an empty AWS_PROFILE is a profile without a name.
    from_environment = None if aws.profile else profile_name(aws)
    session = Session(profile=aws.profile or None, session_vars={"profile": (None, None, from_environment, None)})
    region = aws.region or _first(os.environ, _REGION_VARIABLES)
    if region:
        session.set_config_variable("region", region)  # pyright: ignore[reportUnknownMemberType]
    return session


def profile_name(aws: Aws) -> str | None:
    """The profile that is asked for, if one is."""
    return aws.profile or _first(os.environ, _PROFILE_VARIABLES)


def no_such_profile(aws: Aws) -> str:
    """The message for a profile that does not exist, with those that do. For worker threads only."""
    profile = profile_name(aws) or ""
    known = cast("list[str]", botocore_session(aws).available_profiles)  # pyright: ignore[reportUnknownMemberType]
    others = f"; there {'are' if len(known) > 1 else 'is'} {', '.join(sorted(known)) or 'none'}"
    return f"{profile_label(profile)} does not exist: name another, or write it{did_you_mean(profile, known) or others}"


def profile_label(profile: str | None) -> str:
    """How messages name a profile and the files that it can stand in."""
    files = " and ".join(os.environ.get(variable) or path for variable, path in _FILES.items())
    return f"the profile {profile or 'default'!r} of {files}"


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    # An empty variable counts as absent: that is how shells and compose files unset one.
    return next((environ[name] for name in names if environ.get(name)), None)


@frozen
class _Layers:
    """The environment over the profile, for settings that are not given."""

    environ: Mapping[str, str] = field(repr=False)
    profile: Mapping[str, object] = field(repr=False)
    profile_label: str

    def find(self, variables: tuple[str, ...], key: str) -> tuple[str | None, str]:
        """A value and where it comes from."""
        for variable in variables:
            if self.environ.get(variable):
                return self.environ[variable], variable
        where = f"`{key}` in {self.profile_label}"
        value = self.profile.get(key)
        if value is not None and not isinstance(value, str):
            raise ConfigurationError(f"{where} must be a plain value, not a section")
        return value or None, where

    def flag(self, given: bool | None, variable: str, key: str) -> bool:
        if given is not None:
            return given
        value, where = self.find((variable,), key)
        if value is None:
            return False
        if value.lower() not in {"true", "false"}:
            raise ConfigurationError(f"{where} must be true or false")
        return value.lower() == "true"


def _resolve(aws: Aws) -> AwsSettings:
    profile = profile_name(aws)
    scoped, services = _read_profile(aws, profile)
    layers = _Layers(os.environ, scoped, profile_label(profile))
    region, region_source = (aws.region, "Aws(region=)") if aws.region else layers.find(_REGION_VARIABLES, "region")
    return AwsSettings(
        region=region,
        region_source=region_source,
        use_fips=layers.flag(aws.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        use_dualstack=layers.flag(aws.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        retry_mode=aws.retry_mode or _retry_mode(layers),
        max_attempts=aws.max_attempts or _max_attempts(layers),
        corrects_clock=not layers.flag(None, "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "disable_clock_skew_correction"),
        profile=profile,
        endpoints=(_explicit_endpoints(aws), *_configured_endpoints(layers, services)),
    )


def _retry_mode(layers: _Layers) -> RetryMode:
    value, where = layers.find(("AWS_RETRY_MODE",), "retry_mode")
    if value is None:
        return "standard"
    if value.lower() not in _RETRY_MODES:
        raise ConfigurationError(f"{where} must be standard or adaptive (legacy is read as standard)")
    return _RETRY_MODES[value.lower()]


def _max_attempts(layers: _Layers) -> int:
    value, where = layers.find(("AWS_MAX_ATTEMPTS",), "max_attempts")
    if value is None:
        return DEFAULT_MAX_ATTEMPTS
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):
        raise ConfigurationError(f"{where} must be a whole number, 1 or more")
    return int(value)


def _explicit_endpoints(aws: Aws) -> Mapping[str, str]:
    if aws.endpoint_url is None:
        return {}
    if isinstance(aws.endpoint_url, str):
        return {_EVERY_SERVICE: aws.endpoint_url}
    if not isinstance(aws.endpoint_url, Mapping):
        raise ConfigurationError("Aws.endpoint_url must be a str, or a mapping from service names to such")
    return {name.upper().replace("-", "_"): url for name, url in aws.endpoint_url.items()}


def _configured_endpoints(layers: _Layers, services: Mapping[str, object]) -> tuple[Mapping[str, str], ...]:
    ignored = layers.flag(None, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")
    if ignored:
        return ()
    from_environment = {
        name.removeprefix(_ENDPOINT_VARIABLE).removeprefix("_"): url
        for name, url in layers.environ.items()
        if url and (name == _ENDPOINT_VARIABLE or name.startswith(f"{_ENDPOINT_VARIABLE}_"))
    }
    from_profile: dict[str, str] = {}
    for_all, _ = layers.find((), "endpoint_url")
    if for_all:
        from_profile[_EVERY_SERVICE] = for_all
    section, _ = layers.find((), "services")
    if section:
        from_profile |= _services_section(services, section, layers.profile_label)
    return from_environment, from_profile


def _services_section(services: Mapping[str, object], name: str, label: str) -> Mapping[str, str]:
    section = services.get(name)
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{label} names the services section {name!r}, which does not exist")
    found: dict[str, str] = {}
    for service_id, values in cast("Mapping[str, object]", section).items():
        url = cast("Mapping[str, object]", values).get("endpoint_url") if isinstance(values, Mapping) else None
        if url and isinstance(url, str):
            found[service_id.upper()] = url
    return found


def _read_profile(aws: Aws, profile: str | None) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The profile's values and all services sections. botocore is not imported when there is nothing to read."""
    if profile is None and not any(_file_exists(variable) for variable in _FILES):
        return {}, {}
    from botocore.exceptions import BotoCoreError, ProfileNotFound

    session = botocore_session(aws)
    try:
        scoped = cast("dict[str, Any]", session.get_scoped_config())
        full = cast("dict[str, Any]", session.full_config)  # pyright: ignore[reportUnknownMemberType]
    except ProfileNotFound as error:
        raise ConfigurationError(no_such_profile(aws)) from error
    except (BotoCoreError, OSError, ValueError) as error:
        raise ConfigurationError(f"{profile_label(profile)} cannot be read: {type(error).__name__}") from error
    # Keys and tokens stand in the same place; no frame of ours is to hold them.
    return {key: value for key, value in scoped.items() if key in _PROFILE_KEYS}, full.get("services", {})


def _file_exists(variable: str) -> bool:
    path = os.path.expandvars(os.environ.get(variable, _FILES[variable]))
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError):
        return False
