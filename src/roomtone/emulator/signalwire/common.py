"""What SignalWire's resources share: refusals in the documented forms, URIs, dates, pages. Knows no resource."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import define, evolve

from roomtone._core.codec import Misfit, members_of
from roomtone._core.operation import Operation
from roomtone.emulator.handlers import Handlers, Limits, Patterns, RequestT, ValueT
from roomtone.emulator.state import Call, World
from roomtone.signalwire import codes, errors, operations

__all__ = [
    "API_VERSION",
    "PAGE_LIMITS",
    "Commands",
    "SignalWireHandlers",
    "dates_fit",
    "fits",
    "found",
    "handles",
    "invalid",
    "listing",
    "new_sid",
    "refused",
    "seconds",
    "uri_of",
]

T = TypeVar("T")
PageT = TypeVar("PageT")

API_VERSION = "2010-04-01"
PAGE_SIZE = 50
PAGE_LIMITS: Limits = {"page": (0, None), "page_size": (1, 1000)}

_TELLS_IN_SENTENCES = {
    operations.CONFERENCES_START_STREAM,
    operations.CONFERENCES_STOP_STREAM,
    operations.CONFERENCES_UPDATE_RECORDING,
}
"""Operations whose 422 is documented as a list of sentences."""
_TELLS_OF_TOKENS = {operations.TOKENS_CREATE, operations.TOKENS_UPDATE}
"""Operations whose 422 names the attribute that is wrong."""
_DIALS = {operations.CALLS_START_STREAM, operations.CONFERENCES_START_STREAM}
"""Operations whose URL is that of a WebSocket, which they look at themselves."""
_DATES_IN_ISO_8601 = ("faxes.", "laml_bins.")
_METHODS = re.compile(r"method$")
_URLS = re.compile(r"(url|status_callback)$")


class SignalWireHandlers(Handlers):
    """Handlers whose requests are held to the documented choices and to URLs that are some."""

    def __call__(
        self,
        operation: Operation[RequestT, ValueT],
        *,
        status: int | None = None,
        limits: Limits | None = None,
        patterns: Patterns | None = None,
    ) -> Callable[[Callable[[Call, RequestT], ValueT]], Callable[[Call, RequestT], ValueT]]:
        register = super().__call__(operation, status=status, limits=limits, patterns=patterns)

        def checked(run: Callable[[Call, RequestT], ValueT]) -> Callable[[Call, RequestT], ValueT]:
            def checks_and_runs(call: Call, request: RequestT) -> ValueT:
                _check_choices(operation, request)
                if operation not in _DIALS:
                    _check_urls(operation, request)
                return run(call, request)

            register(checks_and_runs)
            self.by_operation[operation] = evolve(
                self.by_operation[operation],
                iso_dates=operation.name.startswith(_DATES_IN_ISO_8601),
                public=operation is operations.RECORDINGS_DOWNLOAD,
            )
            return run

        return checked


handles: SignalWireHandlers = SignalWireHandlers()


@cache
def _choices(operation: Operation[Any, Any]) -> dict[str, tuple[str, ...]]:
    """What the members of a request may be, for those that are documented as one of several."""
    choices: dict[str, tuple[str, ...]] = {}
    for name, hint in get_type_hints(operation.request).items():
        options = [option for option in get_args(hint) if get_origin(option) is Literal]
        if options:
            choices[name] = get_args(options[0])
    return choices


def _check_choices(operation: Operation[Any, Any], request: Any) -> None:
    for name, choices in _choices(operation).items():
        value = getattr(request, name)
        if value is not None and value not in choices:
            code = codes.INVALID_METHOD if _METHODS.search(name) else codes.INVALID_ARGUMENT
            raise invalid(operation, f"{name} must be {' or '.join(choices)}", code=code)


def _check_urls(operation: Operation[Any, Any], request: Any) -> None:
    for member in members_of(operation.request):
        given = getattr(request, member.name)
        if given is None or not _URLS.search(member.name):
            continue
        for url in [given] if isinstance(given, str) else cast("list[str]", given):
            if not _is_web_url(url):
                code = codes.INVALID_CALLBACK_URL if member.name.endswith("callback") else codes.INVALID_URL
                raise invalid(operation, f"{member.name} must be an http:// or https:// URL", code=code)


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def invalid(
    operation: Operation[Any, Any], message: str, *, code: str = codes.INVALID_ARGUMENT
) -> errors.SignalWireInvalidRequestError:
    """A 422 in the form that is documented for the operation."""
    if operation in _TELLS_IN_SENTENCES:
        return errors.SignalWireInvalidRequestError(message, status=422, details=[message])
    body: dict[str, object] | None = None
    if operation in _TELLS_OF_TOKENS:
        attribute = message.partition(" ")[0].partition("[")[0]
        told = {"type": "validation_error", "code": code, "message": message, "attribute": attribute}
        body = {**told, "url": "https://emulator.signalwire.invalid/errors"}
    if operation is operations.PHONE_NUMBERS_IMPORT_NUMBER:
        body = {"code": code, "message": message, "more_info": "", "status": 422}
    return errors.SignalWireInvalidRequestError(message, status=422, code=code, body=body)


def refused(message: str, *, code: str, status: int = 422) -> errors.SignalWireError:
    """An error about the state of things rather than the request: a 422, or a 409 where that is documented."""
    kind = errors.SignalWireConflictError if status == 409 else errors.SignalWireInvalidRequestError
    return kind(message, status=status, code=code)


def found(thing: T | None, noun: str) -> T:
    """The thing. Raises SignalWireNotFoundError for None."""
    if thing is None:
        raise errors.SignalWireNotFoundError(f"there is no such {noun}", status=404, code=codes.NOT_FOUND)
    return thing


def fits(pattern: str, text: str | None, member: str, example: str) -> None:
    """Refuses a text that a documented pattern does not fit. Raises Misfit."""
    if text is not None and not re.fullmatch(pattern, text):
        raise Misfit(f"must be like {example}", member)


def new_sid() -> str:
    return str(uuid.uuid4())


def seconds(moment: datetime) -> datetime:
    """A moment as the API's dates have it: without fractions."""
    return moment.replace(microsecond=0)


def uri_of(world: World, *parts: str) -> str:
    """The URI of a thing of the account."""
    return "/".join((operations.SERVICE.base_path, "Accounts", world.project, *parts))


@define(eq=False)
class Commands:
    """What happens outside the API; a test or a demo tells the emulator of it."""

    _world: World

    @property
    def _now(self) -> datetime:
        return seconds(self._world.clock())


def listing(
    call: Call, cls: Callable[..., PageT], items: str, things: Iterable[object], page: int | None, page_size: int | None
) -> PageT:
    """One page of things as a list's answer, with the links to the other pages.

    Args:
        call: The call; its filters stay in the links.
        cls: The class of the answer.
        items: The answer's member for the things.
        things: All of them.
        page: The page's number from 0.
        page_size: How many things are on a page; 50 when it was not asked for.
    """
    number, size, all_things = page or 0, page_size or PAGE_SIZE, list(things)
    filters = [(name, text) for name, text in parse_qsl(call.query) if name not in ("Page", "PageSize", "PageToken")]

    def uri(wanted: int) -> str:
        return f"{call.path}?{urlencode([*filters, ('Page', wanted), ('PageSize', size)])}"

    return cls(
        **{items: all_things[number * size : (number + 1) * size]},
        uri=uri(number),
        first_page_uri=uri(0),
        next_page_uri=uri(number + 1) if (number + 1) * size < len(all_things) else None,
        previous_page_uri=uri(number - 1) if number else None,
        page=number,
        page_size=size,
    )


def _day(text: str, member: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise Misfit("must be a date such as 2026-11-21", member) from None


_COMPARISONS: dict[str, Callable[[date, date], bool]] = {
    "": lambda moment, asked: moment == asked,
    "_before": lambda moment, asked: moment <= asked,
    "_on_or_before": lambda moment, asked: moment <= asked,
    "_after": lambda moment, asked: moment >= asked,
}
"""What a filter's ending means, by whole days: `DateCreated`, `...<`, `...OnOrBefore`, `...>`."""


def dates_fit(request: object, thing: object, *names: str) -> bool:
    """Whether dates of a thing are on, before or after the days that a list was asked for. Raises Misfit."""
    for name in names:
        moment: datetime | None = getattr(thing, name)
        for ending, fit in _COMPARISONS.items():
            asked: str | None = getattr(request, name + ending, None)
            if asked is None:
                continue
            day = _day(asked, name + ending)
            if moment is None or not fit(moment.date(), day):
                return False
    return True
