"""What every part of the voice double stands on: the registry of handlers, ids, limits and checks. Holds no state."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from typing import TypeVar, get_args

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models
from roomtone.emulator.handlers import Handlers

__all__ = [
    "ARN_LENGTH",
    "CALLING_NAME",
    "E164",
    "MAX_RESULTS",
    "NAME",
    "NAME_LENGTH",
    "NUMBER_NAME",
    "PAGE",
    "TAGS",
    "AssociationsExist",
    "check_enum",
    "check_pattern",
    "found",
    "handles",
    "new_id",
    "one_by_one",
    "token_reused",
    "values_of",
]

handles: Handlers = Handlers()

T = TypeVar("T")

PAGE = 100
MAX_RESULTS = (1, PAGE)
NAME_LENGTH = (1, 256)
ARN_LENGTH = (1, 1024)
TAGS = {"tags": (1, 50), "tags[].key": (1, 128), "tags[].value": (0, 256)}

# The model's patterns, for whole texts.
E164 = re.compile(r"\+?[1-9][0-9]{1,14}")
NAME = re.compile(r"[a-zA-Z0-9 _.-]+")
NUMBER_NAME = re.compile(r"([a-zA-Z0-9,._-]+(\s+[a-zA-Z0-9,._-]+)*)?")
CALLING_NAME = re.compile(r"([a-zA-Z0-9 ]{2,15})?")


def new_id() -> str:
    return str(uuid.uuid4())


def found(thing: T | None, noun: str) -> T:
    """What was looked for. Raises NotFoundException."""
    if thing is None:
        raise errors.NotFoundException(f"there is no such {noun}")
    return thing


def check_pattern(value: str | None, pattern: re.Pattern[str], member: str) -> None:
    """Refuses a text that is not of the model's pattern. Raises Misfit."""
    if value is not None and not pattern.fullmatch(value):
        raise Misfit(f"must match {pattern.pattern}", member)


def values_of(enum: object) -> tuple[str, ...]:
    """The values that an open enum names."""
    return get_args(get_args(enum)[0])


def check_enum(value: str | None, enum: object, member: str) -> None:
    """Refuses a value that an enum does not name. Raises Misfit."""
    if value is not None and value not in values_of(enum):
        raise Misfit(f"must be one of {', '.join(values_of(enum))}", member)


def token_reused() -> errors.ConflictException:
    return errors.ConflictException("the client request token was used with other parameters")


class AssociationsExist(errors.BadRequestException):
    """A number that belongs to something already: BadRequestException by itself, a code of its own among several."""


def one_by_one(phone_number_ids: Iterable[str], do: Callable[[str], object]) -> list[models.PhoneNumberError]:
    """Does something to each number; an error of one is told and leaves the others alone."""
    refused: list[models.PhoneNumberError] = []
    for phone_number_id in phone_number_ids:
        try:
            do(phone_number_id)
        except errors.ChimeSDKVoiceError as error:
            refused.append(
                models.PhoneNumberError(
                    phone_number_id=phone_number_id, error_code=_item_code(error), error_message=error.message
                )
            )
    return refused


def _item_code(error: errors.ChimeSDKVoiceError) -> models.ErrorCode:
    if isinstance(error, AssociationsExist):
        return "PhoneNumberAssociationsExist"
    return error.code.removesuffix("Exception")
