"""Whose calls they are and where they go, by the library's own look-ups: settings, region, credentials, SignalWire."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import partial

from attrs import frozen

from roomtone._core.naming import did_you_mean
from roomtone._doctor.report import Check, Finding, ok, skipped, warning
from roomtone._doctor.section import Section
from roomtone._http.credentials import ADVISORY_WINDOW
from roomtone._http.partitions import PARTITIONS
from roomtone._http.providers import AwsAccount

__all__ = ["Account", "look_at_aws", "shortened", "signalwire_is_configured"]

_SIGNALWIRE = ("SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN")

_SET_A_REGION = (
    "export AWS_REGION, for example AWS_REGION=eu-central-1, or write `region` into the profile; "
    "with SignalWire alone: roomtone doctor --service signalwire"
)
_SET_CREDENTIALS = (
    "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN for temporary ones), or name a profile "
    "in AWS_PROFILE; renew what has expired, a profile with SSO by `aws sso login`"
)


def shortened(identity: str) -> str:
    """The end of an id: enough to know it again, and no more."""
    return f"...{identity[-4:]}"


@frozen
class Account:
    """What the checks of AWS services build on."""

    settings: Check
    region: Check
    credentials: Check


async def look_at_aws(section: Section, account: AwsAccount, *, offline: bool) -> Account:
    settings = await section.check(
        "settings",
        partial(_settings, account),
        mend="correct what is named here, in the environment or in the profile's file",
    )
    region = await section.check("region", partial(_region, account), mend=_SET_A_REGION, needs=(settings,))
    credentials = await section.check(
        "credentials", partial(_credentials, account, offline=offline), mend=_SET_CREDENTIALS
    )
    return Account(settings, region, credentials)


async def _settings(account: AwsAccount) -> Finding:
    found = await account.settings()
    profile = found.profile or "default"
    variants = [name for name, used in (("FIPS", found.use_fips), ("dual stack", found.use_dualstack)) if used]
    told = [f"profile {profile!r}", f"retry mode {found.retry_mode}", f"at most {found.max_attempts} attempts"]
    return ok(
        ", ".join([*told, *variants]),
        profile=profile,
        retry_mode=found.retry_mode,
        max_attempts=found.max_attempts,
        use_fips=found.use_fips,
        use_dualstack=found.use_dualstack,
        corrects_clock=found.corrects_clock,
    )


async def _region(account: AwsAccount) -> Finding:
    settings = await account.settings()
    region = settings.required_region()
    told, facts = f"{region}, from {settings.region_source}", {"region": region, "source": settings.region_source}
    known = {name for partition in PARTITIONS for name in partition.regions}
    if region in known:
        return ok(told, **facts)
    guess = did_you_mean(region, sorted(known))
    return warning(f"{told}, is none that this release knows{guess}", "look for a slip; a new region is fine", **facts)


async def _credentials(account: AwsAccount, *, offline: bool) -> Finding:
    source = account.credentials
    if offline and source.describe() != "environment":
        return skipped("the environment holds none, and to look further can mean to ask a service", source=None)
    keys = await source.get()
    where, ends = source.describe(), source.expires_at()
    temporary = keys.session_token is not None
    facts = {
        "source": where,
        "access_key_id_ends": keys.access_key_id[-4:],
        "temporary": temporary,
        "expires_at": None if ends is None else ends.isoformat(timespec="seconds"),
    }
    kind = "temporary key" if temporary else "key"
    whence = "the environment" if where == "environment" else where
    told = f"{kind} {shortened(keys.access_key_id)}, from {whence}, {_lasting(ends)}"
    if keys.access_key_id.startswith("ASIA") and not temporary:
        return warning(
            f"{told}: its id is that of a temporary key, and there is no session token",
            "set AWS_SESSION_TOKEN to the token that came with it",
            **facts,
        )
    if where == "environment" and ends is not None and ends - _now() < timedelta(seconds=ADVISORY_WINDOW):
        return warning(told, "get new ones soon: nothing renews what stands in the environment", **facts)
    return ok(told, **facts)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _lasting(ends: datetime | None) -> str:
    if ends is None:
        return "no end known"
    minutes = (ends - _now()) // timedelta(minutes=1)
    left = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return f"until {ends:%Y-%m-%d %H:%M} UTC (in {left})"


def signalwire_is_configured() -> bool:
    """Whether anything of SignalWire is in the environment."""
    return any(os.environ.get(name) for name in _SIGNALWIRE)
