"""What is of the account and of no resource: global settings, and addresses for emergency calls."""

from __future__ import annotations

import re

from attrs import define, evolve, field

from roomtone.chime_sdk_voice import models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import check_pattern, handles, new_id

__all__: list[str] = []

_BUCKET = re.compile(r"(?!(^xn--|.+-s3alias$))^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
_POSTAL_CODE = re.compile(r"(?P<code>\d{5})(-(?P<plus4>\d{4}))?")

VALID, CORRECTED, FAILED = 0, 1, 2
"""The results of validating an address."""


@define(eq=False)
class GlobalSettings:
    """The account's settings for all its voice connectors."""

    voice_connector: models.VoiceConnectorSettings = field(factory=models.VoiceConnectorSettings)


@handles(operations.GET_GLOBAL_SETTINGS)
def get_global_settings(call: Call, _: models.GetGlobalSettingsRequest) -> models.GetGlobalSettingsResponse:
    return models.GetGlobalSettingsResponse(voice_connector=call.area(GlobalSettings).voice_connector)


@handles(operations.UPDATE_GLOBAL_SETTINGS, limits={"voice_connector.cdr_bucket": (1, 64)})
def update_global_settings(call: Call, request: models.UpdateGlobalSettingsRequest) -> None:
    check_pattern(request.voice_connector.cdr_bucket, _BUCKET, "voice_connector.cdr_bucket")
    call.area(GlobalSettings).voice_connector = request.voice_connector


@handles(operations.VALIDATE_E911_ADDRESS, status=202)
def validate_e911_address(_: Call, request: models.ValidateE911AddressRequest) -> models.ValidateE911AddressResponse:
    """An address in the U.S. with a postal code of its form is valid; spaces and small letters are corrected."""
    corrected = evolve(
        request,
        street_number=request.street_number.strip(),
        street_info=" ".join(request.street_info.split()),
        city=request.city.strip(),
        state=request.state.strip().upper(),
        country=request.country.strip().upper(),
        postal_code=request.postal_code.strip(),
    )
    postal = _POSTAL_CODE.fullmatch(corrected.postal_code)
    if postal is None or corrected.country != "US":
        return models.ValidateE911AddressResponse(validation_result=FAILED, candidate_address_list=[])
    name, _space, last = corrected.street_info.rpartition(" ")
    address = models.Address(
        street_number=corrected.street_number,
        street_name=name or last,
        street_suffix=last if name else None,
        city=corrected.city,
        state=corrected.state,
        postal_code=postal["code"],
        postal_code_plus4=postal["plus4"],
        country=corrected.country,
    )
    return models.ValidateE911AddressResponse(
        validation_result=VALID if corrected == request else CORRECTED,
        address_external_id=new_id(),
        address=address,
        candidate_address_list=[],
    )
