"""Every documented error of every AWS service, with and without a time to wait: who is tried again, and when."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import httpx
import pytest
import respx
from attrs import frozen

import roomtone
from flow.loopback import KEYS, REGION, Waits, default_tls
from parity.shapes import SERVICES, Subject, package_name, params_of, subjects
from roomtone import errors
from roomtone._core.operation import Safety

pytestmark = pytest.mark.anyio

# By meaning and status: the attempts that a call has which reads, that carries a token, that creates, that dials.
ATTEMPTS: dict[tuple[type[errors.ApiError], int], tuple[int, int, int, int]] = {
    (errors.InvalidRequestError, 400): (1, 1, 1, 1),
    (errors.InvalidRequestError, 422): (1, 1, 1, 1),
    (errors.AuthenticationError, 401): (1, 1, 1, 1),
    (errors.PermissionDeniedError, 403): (1, 1, 1, 1),
    (errors.NotFoundError, 404): (1, 1, 1, 1),
    (errors.NotFoundError, 410): (1, 1, 1, 1),
    (errors.ConflictError, 409): (1, 1, 1, 1),
    (errors.QuotaExceededError, 400): (1, 1, 1, 1),
    (errors.QuotaExceededError, 402): (1, 1, 1, 1),
    (errors.ThrottledError, 429): (3, 3, 3, 3),
    (errors.ServiceFaultError, 500): (3, 3, 3, 1),
    (errors.UnavailableError, 503): (3, 3, 3, 3),
}
KINDS: tuple[Safety, ...] = ("safe", "token", "unsafe", "once")


@frozen
class Documented:
    service: str
    error: type[errors.ApiError]

    @property
    def meaning(self) -> type[errors.ApiError]:
        return next(cls for cls in self.error.__mro__ if cls.__module__ == errors.__name__)

    def __str__(self) -> str:
        return f"{self.service}.{self.error.__name__}"


DOCUMENTED = [
    Documented(service, error)
    for service in SERVICES
    for error in import_module(f"roomtone.{package_name(service)}.errors").ERRORS.documented.values()
]


def one_of(service: str, safety: Safety) -> Subject | None:
    return next((one for one in subjects() if one.service == service and one.operation.safety == safety), None)


@pytest.mark.parametrize("header", ["", "retry-after", "x-amz-retry-after"])
@pytest.mark.parametrize("documented", DOCUMENTED, ids=str)
async def test_who_is_tried_again(documented: Documented, header: str, router: respx.MockRouter) -> None:
    """As many attempts as the table says; a time to wait is waited before each, and never adds one."""
    error = documented.error
    assert error.status is not None
    expected = dict(zip(KINDS, ATTEMPTS[documented.meaning, error.status], strict=True))
    headers = {
        "x-amzn-errortype": error.code,
        **({header: "3000" if header.startswith("x") else "3"} if header else {}),
    }
    router.route().mock(return_value=httpx.Response(error.status, headers=headers, json={}))
    tried: dict[str, tuple[int, list[float]]] = {}
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    async with roomtone.Client(aws, ssl_context=default_tls()) as live:
        for safety in KINDS:
            one = one_of(documented.service, safety)
            if one is None:
                continue
            waits = Waits().of(live, jitter=0.5)
            client: Any = getattr(live, package_name(documented.service))
            with pytest.raises(error) as caught:
                await client.send(roomtone.from_wire(one.operation.request, params_of(one, "minimal")))
            assert (caught.value.code, caught.value.status) == (error.code, error.status)
            assert caught.value.retry_after == (3 if header else None)
            tried[safety] = caught.value.attempts, waits.noted
    assert len(tried) >= 2
    for safety, (attempts, noted) in tried.items():
        assert attempts == expected[safety], safety
        assert len(noted) == attempts - 1
        assert all(wait >= 3 if header else wait < 3 for wait in noted)


def test_every_service_documents_errors() -> None:
    """The eight services document 77 errors between them, so the table above is worked through, not around."""
    assert {one.service for one in DOCUMENTED} == set(SERVICES)
    assert {(one.meaning, one.error.status) for one in DOCUMENTED} == set(ATTEMPTS)
    assert len(DOCUMENTED) >= 77
