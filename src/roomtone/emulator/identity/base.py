"""What the handlers of Amazon Chime SDK Identity share: look-ups that refuse, idempotency, common limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_identity import errors
from roomtone.emulator.app_instances import App, app_instances
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Tokens

__all__ = [
    "app_around",
    "app_of",
    "found",
    "handles",
    "once",
]

handles: Handlers = Handlers()

T = TypeVar("T")


def found(thing: T | None, noun: str) -> T:
    """What was looked for. Raises ForbiddenException.

    Only one operation documents NotFoundException: what is not there is answered as what is none of the caller's.
    """
    if thing is None:
        raise errors.ForbiddenException(f"there is no such {noun}")
    return thing


def app_of(call: Call, arn: str) -> App:
    """The app instance of an ARN. Raises ForbiddenException."""
    return found(app_instances(call).apps.get(arn), "app instance")


def app_around(call: Call, arn: str, noun: str) -> App:
    """The app instance that an ARN is of or lies in. Raises ForbiddenException."""
    return found(app_instances(call).around(arn), noun)


def once(tokens: Tokens, token: str | None, request: object, make: Callable[[], T]) -> T:
    """The first answer to this token, or a new one. Raises ConflictException."""
    if token is None:
        raise Misfit("is required", "client_request_token")
    return tokens.once(token, request, make, conflict=_reused)


def _reused() -> errors.ConflictException:
    return errors.ConflictException("the client request token was used with other parameters")
