"""What was meant by a name that is not there: a method of another client, boto3's way of naming it, a slip. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from roomtone._core.methods import METHODS
from roomtone._core.naming import did_you_mean, folded

__all__ = ["no_method", "no_name", "no_resource_method", "no_service"]

_MOST_PLACES = 4
"""What more clients have than that, such as `create`, is no way to tell which of them was meant."""

_PAGES = "operations with pages have an iter_* method: `async for channel in live.ivs.iter_channels()`"
_SERVICES = "`async with roomtone.Client() as live:` has every service as an attribute, such as live.ivs"
_HABITS = {
    "can_paginate": _PAGES,
    "close": "connections are the whole client's: `await live.aclose()`, or `async with roomtone.Client() as live:`",
    "exceptions": "errors are classes of the service's package, such as roomtone.ivs.IVSError, or of roomtone.errors",
    "get_paginator": _PAGES,
    "get_waiter": "roomtone.wait_until waits for any state: `await roomtone.wait_until(poll, condition)`",
}
"""What clients of boto3 have, and where it is here."""

_TOP_LEVEL_HABITS = {
    "client": _SERVICES,
    "resource": _SERVICES,
    "session": "region, profile and credentials are given to `roomtone.Client(aws=roomtone.Aws(region=...))`",
}


def no_method(owner: str, package: str, name: str) -> AttributeError:
    """For a client of a service: it has no such method, or no such resource."""
    own = {method.partition(".")[0] for method in METHODS[package]}
    return _error(owner, name, _habit(name) or _likely(name, own) or _elsewhere(name) or did_you_mean(name, own))


def no_resource_method(owner: str, package: str, name: str) -> AttributeError:
    """For a resource of a client: `LamlBins` is `live.signalwire.laml_bins`."""
    split = (method.partition(".") for method in METHODS[package])
    own = {method for resource, _, method in split if folded(resource) == folded(owner)}
    hint = _likely(name, own) or _elsewhere(name) or did_you_mean(name, own)
    return _error(owner, name, hint or f"; its methods are {', '.join(sorted(own))}")


def no_service(owner: str, name: str) -> AttributeError:
    """For the client of all services."""
    hint = _habit(name) or _elsewhere(name) or did_you_mean(name, METHODS)
    return _error(owner, name, hint or f"; its services are {', '.join(METHODS)}")


def no_name(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """For the package itself."""
    habit = _TOP_LEVEL_HABITS.get(name.lower())
    hint = f"; {habit}" if habit else did_you_mean(name, known)
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint}", name=name, obj=None)


def _error(owner: str, name: str, hint: str) -> AttributeError:
    # Without an object Python looks for no suggestion of its own to print behind ours.
    return AttributeError(f"{owner!r} object has no attribute {name!r}{hint}", name=name, obj=None)


def _habit(name: str) -> str:
    return f"; {_HABITS[name]}" if name in _HABITS else ""


def _likely(name: str, known: Iterable[str]) -> str:
    """The name in another spelling, such as the API's own: `GetChannel`."""
    return did_you_mean(name, [one for one in known if folded(one) == folded(name)])


def _elsewhere(name: str) -> str:
    found = list(_places(name))
    if not found or len(found) > _MOST_PLACES:
        return ""
    *others, last = (f"live.{place}" for place, _ in found)
    return f"; {found[0][1]} is on {', '.join(others)}{' and ' if others else ''}{last}"


def _places(name: str) -> Iterator[tuple[str, str]]:
    """Clients and resources that have a method of this name, in whatever spelling, and how it is spelt here."""
    for package, methods in METHODS.items():
        for method in methods:
            resource, _, own = method.rpartition(".")
            if folded(own) == folded(name):
                yield (f"{package}.{resource}" if resource else package), own
