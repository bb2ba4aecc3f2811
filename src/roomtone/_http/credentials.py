"""Who signs: given credentials, a provider, the environment, or botocore's whole chain. Knows settings and config.

Laws: the event loop is never blocked; however many callers ask at a time, one look-up runs; a caller that is cancelled
leaves nothing locked, and a look-up that it began in a thread serves whoever comes next; no message holds a secret.
"""

from __future__ import annotations

import inspect
import logging
import os
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread
from attrs import define, field, frozen

from roomtone._core.dates import parse_timestamp
from roomtone._http import background
from roomtone._http.settings import botocore_session, no_such_profile, profile_label, profile_name
from roomtone.config import Aws, Credentials
from roomtone.errors import ConfigurationError

__all__ = ["CredentialsSource"]

_T = TypeVar("_T")

_LOG = logging.getLogger("roomtone")

LOOKUP_TIMEOUT = 30.0
"""Seconds that a look-up may take when there is nothing to sign with until it ends."""
EARLY_LOOKUP_TIMEOUT = 5.0
"""Seconds that it may take while the old credentials still serve."""
ADVISORY_WINDOW = 15 * 60.0
"""Seconds before their end from when credentials are renewed ahead of time; nobody waits, the old ones serve."""
MANDATORY_WINDOW = 60.0
"""Seconds before their end from when every caller waits for new credentials."""
EARLY_PAUSE = 60.0
"""Seconds between two tries in the advisory window."""
SHORT_LIVED_PAUSE = 10.0
"""Seconds for which credentials are used that are in the mandatory window from the start."""

_WEEK = 7 * 24 * 3600


@frozen
class _Found:
    credentials: Credentials
    source: str
    ends_within: Callable[[float], bool]
    """Whether they end within so many seconds. Does no I/O."""


class CredentialsSource:
    """The credentials of one client, looked up at the first call and renewed before they end."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._made_lock: anyio.Lock | None = None
        self._found: _Found | None = None
        self._found_at = 0.0
        self._tried_at = 0.0
        self._rounds = 0
        self._outcome: _Found | ConfigurationError | None = None
        self._thread = _SharedThread()
        self._ahead: anyio.CancelScope | None = None

    @property
    def _lock(self) -> anyio.Lock:
        # Made when it is first asked for: anyio loads its backend for it, and creating a client is to cost nothing.
        self._made_lock = self._made_lock or anyio.Lock()
        return self._made_lock

    @property
    def at_hand(self) -> bool:
        """Whether `get` has nothing to wait for."""
        found = self._found
        return isinstance(self._aws.credentials, Credentials) or (found is not None and not self._must_renew(found))

    async def get(self) -> Credentials:
        """Credentials to sign with now.

        Raises:
            ConfigurationError: There are none, or they cannot be had; the message says what was tried.
        """
        if isinstance(self._aws.credentials, Credentials):
            return self._aws.credentials
        found = self._found
        if found is None or self._must_renew(found):
            found = await self._renewed()
        elif self._may_renew(found):
            self._tried_at = time.monotonic()
            self._ahead = background.start(self._try_to_renew)
        return found.credentials

    def close(self) -> None:
        """Ends what goes on in the background."""
        if self._ahead is not None:
            self._ahead.cancel()

    def invalidate(self, credentials: Credentials | None = None) -> None:
        """Forget what was found, after the service called it expired, so that the next `get` looks again.

        With `credentials` only when it is these that are held: an answer to an older request forgets nothing newer.
        """
        if self._found is not None and credentials in (None, self._found.credentials):
            self._found = None
            self._thread.forget()

    def describe(self) -> str:
        """Where the credentials come from, in a word; never a secret."""
        if isinstance(self._aws.credentials, Credentials):
            return "explicit"
        if self._found is not None:
            return self._found.source
        if self._aws.credentials is not None:
            return "provider"
        return "environment" if _in_environment(self._aws) else "botocore"

    def describe_found(self) -> str:
        """Where the credentials that are held come from, in words, or that there are none yet."""
        if isinstance(self._aws.credentials, Credentials):
            return "credentials from Aws(credentials=)"
        return "credentials not looked up yet" if self._found is None else f"credentials from {self._found.source}"

    def expires_at(self) -> datetime | None:
        """When the credentials end that `get` gave; None where they do not, or nobody says so for the next week."""
        if isinstance(self._aws.credentials, Credentials):
            return self._aws.credentials.expires_at
        found = self._found
        if found is None or found.credentials.expires_at is not None:
            return None if found is None else found.credentials.expires_at
        # botocore keeps the moment to itself, and tells whether it is within so many seconds.
        if not found.ends_within(_WEEK):
            return None
        seconds = bisect_left(range(_WEEK), True, key=found.ends_within)
        return datetime.now(timezone.utc) + timedelta(seconds=seconds)

    def _must_renew(self, found: _Found) -> bool:
        if not found.ends_within(MANDATORY_WINDOW):
            return False
        return found.ends_within(0) or time.monotonic() - self._found_at > SHORT_LIVED_PAUSE

    def _may_renew(self, found: _Found) -> bool:
        return (
            found.ends_within(ADVISORY_WINDOW)
            and time.monotonic() - self._tried_at > EARLY_PAUSE
            and not self._lock.statistics().locked
        )

    async def _renewed(self) -> _Found:
        """What a look-up finds: our own, or that of the caller who was before us."""
        rounds = self._rounds
        async with self._lock:
            if self._rounds == rounds:
                try:
                    self._keep(await self._look_up(LOOKUP_TIMEOUT))
                except ConfigurationError as error:
                    self._found = None
                    self._conclude(error)
            outcome = self._outcome
        if isinstance(outcome, _Found):
            return outcome
        # Each caller raises an error of its own: one that many tasks raise would gather all their tracebacks.
        assert outcome is not None
        raise ConfigurationError(outcome.message) from outcome.__cause__

    async def _try_to_renew(self) -> None:
        """Renew ahead of time; when that fails, the old ones still serve."""
        async with self._lock:
            with suppress(ConfigurationError):
                self._keep(await self._look_up(EARLY_LOOKUP_TIMEOUT))

    def _keep(self, found: _Found) -> None:
        # The end of an id tells one key from another and is all that `aws configure list` shows too.
        _LOG.debug("AWS credentials: %s, access key id ****%s", found.source, found.credentials.access_key_id[-4:])
        self._found = found
        self._found_at = self._tried_at = time.monotonic()
        self._conclude(found)

    def _conclude(self, outcome: _Found | ConfigurationError) -> None:
        """End a round: whoever waited for it takes its outcome."""
        self._outcome = outcome
        self._rounds += 1

    async def _look_up(self, limit: float) -> _Found:
        with anyio.move_on_after(limit):
            if self._aws.credentials is not None:
                return await self._from_provider()
            found = _from_environment(self._aws)
            if found is None:
                found = await self._thread.run(partial(_from_botocore, self._aws))
            return found
        self._thread.forget()
        tried = "the credentials provider" if self._aws.credentials is not None else _chain(self._aws)
        raise ConfigurationError(f"AWS credentials did not come within {limit:g} seconds. Tried: {tried}")

    async def _from_provider(self) -> _Found:
        provider = cast("Callable[[], object]", self._aws.credentials)
        try:
            if inspect.iscoroutinefunction(provider):
                result = await provider()
            else:
                result = await self._thread.run(provider)
                if inspect.isawaitable(result):
                    result = await cast("Awaitable[object]", result)
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(f"Aws.credentials: the provider failed with {type(error).__name__}") from error
        if not isinstance(result, Credentials):
            raise ConfigurationError(
                f"Aws.credentials: the provider must return roomtone.Credentials, not {type(result).__name__}"
            )
        return _dated(result, "provider", "Aws.credentials: the provider returned credentials that have expired")


@define
class _SharedThread:
    """Runs one function at a time in a worker thread. Who comes after a cancelled caller joins the thread it left."""

    _running: Future[Any] | None = field(default=None, init=False)
    _began_at: float = field(default=0.0, init=False)

    async def run(self, function: Callable[[], _T]) -> _T:
        left = self._running
        # What was left long ago is not joined: it hangs, or its result is stale.
        if left is not None and time.monotonic() - self._began_at <= LOOKUP_TIMEOUT:
            await anyio.to_thread.run_sync(wait, [left], 2 * LOOKUP_TIMEOUT, abandon_on_cancel=True)
            running: Future[_T] = left
        else:
            running = await self._begin(function)
        if self._running is running:
            self._running = None
        return running.result(timeout=0)

    async def _begin(self, function: Callable[[], _T]) -> Future[_T]:
        self._running = begun = Future[_T]()
        self._began_at = time.monotonic()
        try:
            await anyio.to_thread.run_sync(_complete, begun, function, abandon_on_cancel=True)
        finally:
            if begun.cancel():  # we were cancelled before the thread began, so now it never will
                self._running = None
        return begun

    def forget(self) -> None:
        self._running = None


def _complete(future: Future[_T], function: Callable[[], _T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)


def _dated(credentials: Credentials, source: str, if_expired: str) -> _Found:
    def ends_within(seconds: float) -> bool:
        end = credentials.expires_at
        return end is not None and end - datetime.now(timezone.utc) <= timedelta(seconds=seconds)

    if ends_within(0):
        raise ConfigurationError(if_expired)
    return _Found(credentials, source, ends_within)


def _in_environment(aws: Aws) -> bool:
    """Whether the environment holds credentials that count: an explicit profile overrules them, as in botocore."""
    return not aws.profile and bool(os.environ.get("AWS_ACCESS_KEY_ID"))


def _from_environment(aws: Aws) -> _Found | None:
    """The environment's credentials, which come first in botocore's chain too: they need no import and no thread."""
    if not _in_environment(aws):
        return None
    if not os.environ.get("AWS_SECRET_ACCESS_KEY"):
        raise ConfigurationError(
            "AWS_ACCESS_KEY_ID is set in the environment, so AWS_SECRET_ACCESS_KEY must be set too"
        )
    expiration = os.environ.get("AWS_CREDENTIAL_EXPIRATION")
    credentials = Credentials(
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        os.environ.get("AWS_SECURITY_TOKEN") or os.environ.get("AWS_SESSION_TOKEN") or None,
        _parsed(expiration) if expiration else None,
    )
    return _dated(credentials, "environment", "the AWS credentials in the environment have expired")


def _parsed(expiration: str) -> datetime:
    try:
        return parse_timestamp(expiration)
    except ValueError:
        raise ConfigurationError("AWS_CREDENTIAL_EXPIRATION must be an ISO 8601 time") from None


def _from_botocore(aws: Aws) -> _Found:
    """A walk through botocore's chain, for a worker thread.

    Every look-up has a session of its own. So no object of botocore's is shared between threads, and files that were
    rewritten are read again.
    """
    from botocore.exceptions import ProfileNotFound

    try:
        session: Any = botocore_session(aws)
        found: Any = session.get_credentials()
        credentials = None if found is None else _frozen_now(found)
    except ConfigurationError:
        raise
    except ProfileNotFound as error:
        raise ConfigurationError(no_such_profile(aws)) from error
    except Exception as error:
        # The error's own text stays with the cause: it can hold what a credential process printed.
        raise ConfigurationError(
            f"AWS credentials cannot be had: {type(error).__name__}. Tried in order: {_chain(aws)}"
        ) from error
    if found is None or credentials is None:
        raise ConfigurationError(
            f"no AWS credentials{_half(aws)}. Tried in order: {_chain(aws)}. Set one of them up, for example with "
            "`aws configure`, or give Aws(credentials=)"
        )
    # Temporary ones know when they end, and say so through `refresh_needed` alone.
    return _Found(credentials, f"botocore: {found.method}", getattr(found, "refresh_needed", _never))


def _frozen_now(found: Any) -> Credentials | None:
    keys = found.get_frozen_credentials()
    try:
        return keys and Credentials(keys.access_key, keys.secret_key, keys.token or None)
    except ConfigurationError as error:
        refusal = error.message
    finally:
        del keys  # its repr tells the secret to whoever prints the locals of a traceback
    raise ConfigurationError(refusal)


def _never(seconds: float) -> bool:
    return False


def _without_metadata() -> bool:
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"


def _half(aws: Aws) -> str:
    """What is there of credentials that are not whole."""
    half = not aws.profile and os.environ.get("AWS_SECRET_ACCESS_KEY") and not os.environ.get("AWS_ACCESS_KEY_ID")
    return ": AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not" if half else ""


def _chain(aws: Aws) -> str:
    profile = profile_label(profile_name(aws))
    steps = [
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" if not aws.profile else "",
        "AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN" if not aws.profile else "",
        f"{profile} (role, web identity, SSO, keys, login, process)",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI",
        "the EC2 instance metadata" + (" (off by AWS_EC2_METADATA_DISABLED)" if _without_metadata() else ""),
    ]
    return ", ".join(step for step in steps if step)
