"""to_wire and from_wire: shapes to the mappings of the API and back. Knows the codec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from roomtone.errors import RequestError

__all__ = ["from_wire", "to_wire"]

T = TypeVar("T")


def to_wire(obj: object) -> dict[str, Any]:
    """The JSON-ready mapping of a request, a response or any shape in them.

    It is what a Chime browser SDK or boto3 takes: the API's member names, also of members that travel in the path, the
    query or a header; timestamps as the wire has them; secrets included; what is None left out.

    Raises:
        RequestError: A value does not fit its member; names the member, never the value.
        TypeError: `obj` is no shape of a roomtone service.
    """
    # cattrs is imported when it is first needed, so that importing roomtone costs none of it.
    from roomtone._core.codec import Misfit, codec_for

    try:
        return codec_for(type(obj)).dump(obj)
    except Misfit as misfit:
        error = _refused(type(obj), misfit)
    raise error


def from_wire(cls: type[T], mapping: Mapping[str, Any]) -> T:
    """The way back: a shape from the API's mapping, as boto3, an event or `to_wire` gives it.

    Args:
        cls: A request, response or nested shape.
        mapping: Its members by the API's names. Unknown names are refused for requests, and for shapes that requests
            alone carry; everything else ignores them. Timestamps may be datetimes.

    Raises:
        RequestError: The mapping does not fit; names the member, never the value.
        TypeError: `cls` is no shape of a roomtone service.
    """
    from roomtone._core.codec import Misfit, codec_for

    try:
        return codec_for(cls).load(cls, mapping)
    except Misfit as misfit:
        error = _refused(cls, misfit)
    # No frame of ours is to hold the secrets that a mapping can have.
    del mapping
    raise error


def _refused(cls: type, misfit: Any) -> RequestError:
    subject = f"{cls.__name__}{'.' if misfit.path else ''}{misfit.path}"
    return RequestError(f"{subject} {misfit.reason}", member=misfit.path or None)
