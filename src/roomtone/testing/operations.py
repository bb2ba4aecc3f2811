"""The mock of one operation: what it answers, and the calls that came. Knows operations' records and the wire."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload
from urllib.parse import parse_qsl, urlencode

import httpx
from attrs import field, frozen

from roomtone._core.caching import cache
from roomtone._core.codec import Misfit
from roomtone._core.decode import decode
from roomtone._core.faults import ErrorTable
from roomtone._core.mirror import reply
from roomtone._core.naming import did_you_mean
from roomtone._core.operation import Operation, TokenPages, UriPages, WireReply
from roomtone.errors import ApiError, DecodeError
from roomtone.testing import outcomes
from roomtone.testing.making import make
from roomtone.testing.outcomes import Answer, Outcome, UnexpectedCallError, documented_error

__all__ = ["Call", "OperationMock", "PagedOperationMock", "ResourceMock", "ServiceMock", "named_operations"]

RequestT = TypeVar("RequestT")
ValueT = TypeVar("ValueT")
ItemT = TypeVar("ItemT")


@frozen
class Call(Generic[RequestT]):
    """One request that came; each attempt of a call is one.

    Attributes:
        operation: What was called: `ivs.get_stream_session`, `signalwire.conferences.start_stream`.
        request: The request as it was read from its bytes. An idempotency token that the client filled in is None.
        region: The region that it was signed for; empty for SignalWire.
        http: The request as it was sent.
    """

    operation: str
    request: RequestT
    region: str
    http: httpx.Request = field(repr=False, eq=False)


class OperationMock(Generic[RequestT, ValueT]):
    """The mock of one operation. What is said last counts; what is wrong with it is said at once.

    Attributes:
        calls: The calls that came, in order.
    """

    def __init__(self, name: str, operation: Operation[Any, Any], table: ErrorTable) -> None:
        self.calls: list[Call[RequestT]] = []
        self._name = name
        self._operation = operation
        self._table = table
        self._answer: Callable[[Call[RequestT]], Answer | Awaitable[Answer]] | None = None
        self._left = 0
        """How many answers of a script nobody asked for yet."""

    @overload
    def respond(self: OperationMock[RequestT, None], response: None = None) -> None: ...
    @overload
    def respond(self, response: ValueT) -> None: ...
    def respond(self, response: object = None) -> None:
        """Answers each call with a response; bytes for a download, nothing where the API has no output.

        Raises:
            TypeError: It is none of this operation's.
            ValueError: A client could not read it; `make` fills in what is always answered.
        """
        self._always(self._settled(response))

    def raises(self, error: ApiError) -> None:
        """Answers each call with an error that the service documents, in its own wire form.

        Raises:
            ValueError: The service does not document it; `raw` answers anything.
        """
        self._always(self._settled(error))

    def script(self, *steps: ValueT | ApiError | Outcome) -> None:
        """Answers one attempt after the other with a response, an error or an outcome; one attempt more is an error.

        Raises:
            TypeError: As for `respond`.
            ValueError: As for `respond` and `raises`.
        """
        answers = [self._settled(step) for step in steps]
        self._left = len(answers)

        def answer(_: Call[RequestT]) -> Answer:
            if not self._left:
                raise UnexpectedCallError(f"{self._name} was called once more: its script of {len(answers)} is used up")
            self._left -= 1
            return answers[-1 - self._left]

        self._answer = answer

    def throttle(self, times: int, *, then: ValueT | ApiError | Outcome, retry_after: float | None = None) -> None:
        """Throttles that many attempts, and answers each later one with `then`.

        Args:
            times: How many, 0 or more.
            then: A response, an error or an outcome.
            retry_after: Seconds that the service asks to wait.

        Raises:
            TypeError: As for `respond`.
            ValueError: As for `respond` and `raises`; or `times` is less than 0.
        """
        if times < 0:
            raise ValueError("times must be 0 or more")
        throttled, later = self._settled(outcomes.throttled(retry_after=retry_after)), self._settled(then)
        self._left = times

        def answer(_: Call[RequestT]) -> Answer:
            if not self._left:
                return later
            self._left -= 1
            return throttled

        self._answer = answer

    def timeout(self) -> None:
        """Lets each attempt time out after it was sent; without waiting."""
        self._always(self._settled(outcomes.timeout()))

    def connect_error(self) -> None:
        """Refuses each connection."""
        self._always(self._settled(outcomes.connect_error()))

    def raw(
        self,
        status: int,
        *,
        json: object = None,
        text: str | None = None,
        html: str | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answers each call with these very bytes; `roomtone.testing.raw` describes the arguments."""
        outcome = outcomes.raw(status, json=json, text=text, html=html, content=content, headers=headers)
        self._always(self._settled(outcome))

    def handle(
        self,
        function: Callable[[RequestT], ValueT | ApiError | Outcome | Awaitable[ValueT | ApiError | Outcome]],
    ) -> None:
        """Answers each call with what a function makes of its request.

        Args:
            function: Takes the typed request; returns a response, an error or an outcome, or raises the error. It may
                be async.
        """

        async def answer(call: Call[RequestT]) -> Answer:
            try:
                made: object = function(call.request)
                if inspect.isawaitable(made):
                    made = await made
            except ApiError as error:
                made = error
            return self._settled(made)

        self._left = 0
        self._answer = answer

    @property
    def requests(self) -> list[RequestT]:
        """The requests that came, in order."""
        return [call.request for call in self.calls]

    @property
    def last_request(self) -> RequestT:
        """The last request that came. AssertionError when none did."""
        if not self.calls:
            raise AssertionError(f"{self._name} was not called")
        return self.calls[-1].request

    @property
    def call_count(self) -> int:
        """How many requests came."""
        return len(self.calls)

    @property
    def called(self) -> bool:
        """Whether any request came."""
        return bool(self.calls)

    def reset(self) -> None:
        """Forgets what to answer and the calls that came."""
        self._answer = None
        self._left = 0
        self.calls.clear()

    def _always(self, answer: Answer) -> None:
        self._left = 0
        self._answer = lambda _: answer

    def _is_mocked(self) -> bool:
        return self._answer is not None

    def _neglected(self) -> str | None:
        """What of it was prepared and never asked for."""
        if self._is_mocked() and not self.calls:
            return f"{self._name} was not called"
        return f"{self._name} was not asked for {self._left} of its answers" if self._left else None

    async def _answered(self, call: Call[RequestT]) -> Answer:
        assert self._answer is not None
        self.calls.append(call)
        answer = self._answer(call)
        return await answer if inspect.isawaitable(answer) else answer

    def _settled(self, step: object) -> Answer:
        """A step of a script as one attempt's end."""
        if isinstance(step, Outcome):
            return step.settled(self._operation, self._table)
        if isinstance(step, ApiError):
            return documented_error(self._operation, self._table, step)
        return self._success(step)

    def _success(self, value: Any) -> WireReply:
        expected = self._operation.response
        found: type[Any] = type(value)
        if found is not expected:
            name = "nothing" if expected is NoneType else f"a {expected.__name__}"
            advice = f"; make({expected.__name__}, ...) makes one" if isinstance(value, Mapping) else ""
            raise TypeError(f"{self._name} answers {name}, not a {found.__name__}{advice}")
        if isinstance(value, bytes):
            return WireReply(200, {"content-type": "application/octet-stream"}, value)
        try:
            answer = reply(value, status=204 if value is None else 200)
        except Misfit as misfit:
            raise ValueError(f"{expected.__name__}.{misfit.path} {misfit.reason}") from None
        try:
            decode(self._operation, answer, self._table)
        except DecodeError as error:
            advice = f"make({expected.__name__}, ...) fills in what must be there"
            raise ValueError(f"no client could read this: {error.message}; {advice}") from None
        return answer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}, calls: {len(self.calls)}>"


class PagedOperationMock(OperationMock[RequestT, ValueT], Generic[RequestT, ValueT, ItemT]):
    """The mock of an operation that answers page by page."""

    def pages(self, *pages: Sequence[ItemT]) -> None:
        """Answers with pages of these items: sets each page's token or link, and takes no other token.

        A call without a token gets the first page, so whoever asks again begins again. Without any page the answer is
        an empty one.
        """
        contents = [list(page) for page in pages] or [[]]
        record = self._operation.pages
        made = _by_token if isinstance(record, TokenPages) else _by_link
        # Now, so that an item that is none is refused here and not in the call.
        for index, items in enumerate(contents):
            self._settled(made(self._operation, items, f"page-{index + 2}", None))

        def answer(call: Call[RequestT]) -> Answer:
            token = getattr(call.request, record.token if isinstance(record, TokenPages) else "page_token")
            tokens = [None, *(f"page-{index + 2}" for index in range(len(contents) - 1))]
            if token not in tokens:
                known = ", ".join(map(repr, tokens[1:])) or "there is one page only"
                raise UnexpectedCallError(f"{self._name} was asked for a page that nobody told of, {token!r}: {known}")
            index = tokens.index(token)
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            return self._settled(made(self._operation, contents[index], following, call.http))

        self._left = 0
        self._answer = answer


def _by_token(operation: Operation[Any, Any], items: list[Any], token: str | None, _: httpx.Request | None) -> Any:
    assert isinstance(operation.pages, TokenPages)
    return make(operation.response, **{operation.pages.items: items, operation.pages.token: token})


def _by_link(operation: Operation[Any, Any], items: list[Any], token: str | None, http: httpx.Request | None) -> Any:
    assert isinstance(operation.pages, UriPages)
    link = None
    if token is not None:
        path, _, query = ("", "", "") if http is None else http.url.raw_path.decode("ascii").partition("?")
        kept = [(key, text) for key, text in parse_qsl(query) if key not in ("Page", "PageToken")]
        number = str(int(token.removeprefix("page-")) - 1)
        link = f"{path}?{urlencode([*kept, ('Page', number), ('PageToken', token)])}"
    return make(operation.response, **{operation.pages.items: items, "next_page_uri": link})


@cache
def named_operations(package: str) -> Mapping[str, Operation[Any, Any]]:
    """A service's operations by the names that its client's methods have: `create_meeting`, `conferences.list`."""
    module = import_module(f"roomtone.{package}.operations")
    constants = {value: name.lower() for name, value in vars(module).items() if isinstance(value, Operation)}
    operations: tuple[Operation[Any, Any], ...] = module.OPERATIONS
    return {one.name if "." in one.name else constants[one]: one for one in operations}


class ResourceMock:
    """Mocks of operations by the names of a client's methods; each is made when it is touched."""

    def __init__(self, find: Callable[[str], OperationMock[Any, Any] | None], path: str) -> None:
        self._find = find
        self._path = path

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                raise AttributeError(name)
            annotations = inspect.get_annotations(type(self))
            found = self._find(f"{self._path}.{name}")
            if found is None:
                if name not in annotations:
                    raise AttributeError(f"{self._path} has no operation {name!r}{did_you_mean(name, annotations)}")
                resource = getattr(inspect.getmodule(type(self)), annotations[name])
                found = resource(self._find, f"{self._path}.{name}")
            setattr(self, name, found)
            return found

    def __dir__(self) -> Iterator[str]:
        yield from super().__dir__()
        yield from inspect.get_annotations(type(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class ServiceMock(ResourceMock):
    """The mocks of one service's operations."""
