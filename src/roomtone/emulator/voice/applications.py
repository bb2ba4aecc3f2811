"""SIP media applications and the calls they make."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    E164,
    MAX_RESULTS,
    NAME,
    NAME_LENGTH,
    PAGE,
    TAGS,
    check_pattern,
    handles,
    new_id,
)
from roomtone.emulator.voice.inventory import e164, inventory
from roomtone.emulator.voice.rules import leads_to
from roomtone.emulator.voice.state import Application, LiveCall, voice
from roomtone.emulator.voice.tags import Tags

__all__: list[str] = []

_LAMBDA = re.compile(
    r"arn:(aws[a-zA-Z-]*)?:lambda:(?P<region>[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}):\d{12}:function:[a-zA-Z0-9-_]+"
    r"(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_ENDPOINTS = {"endpoints": (1, 1), "endpoints[].lambda_arn": (0, 10_000)}


def _check_endpoints(endpoints: Sequence[models.SipMediaApplicationEndpoint], region: str | None) -> None:
    """The endpoint is a function in the application's own region. Raises Misfit, BadRequestException."""
    for endpoint in endpoints:
        arn = _LAMBDA.fullmatch(endpoint.lambda_arn or "")
        if arn is None:
            raise Misfit("must be the ARN of a Lambda function", "endpoints[0].lambda_arn")
        if arn["region"] != region:
            raise errors.BadRequestException("the Lambda function is not in the region of the SIP media application")


def _check_name_is_free(call: Call, name: str, region: str | None, *, but: str = "") -> None:
    for application in voice(call).applications:
        detail = application.detail
        if (detail.name, detail.aws_region) == (name, region) and detail.sip_media_application_id != but:
            raise errors.ConflictException("there is a SIP media application of this name in the region")


@handles(operations.CREATE_SIP_MEDIA_APPLICATION, status=201, limits={"name": NAME_LENGTH, **_ENDPOINTS, **TAGS})
def create_sip_media_application(
    call: Call, request: models.CreateSipMediaApplicationRequest
) -> models.CreateSipMediaApplicationResponse:
    check_pattern(request.name, NAME, "name")
    _check_endpoints(request.endpoints, request.aws_region)
    _check_name_is_free(call, request.name, request.aws_region)
    application_id = new_id()
    arn = f"arn:aws:chime:{request.aws_region}:{call.world.account}:sma/{application_id}"
    made = models.SipMediaApplication(
        sip_media_application_id=application_id,
        aws_region=request.aws_region,
        name=request.name,
        endpoints=list(request.endpoints),
        created_timestamp=call.now,
        updated_timestamp=call.now,
        sip_media_application_arn=arn,
    )
    silent = models.SipMediaApplicationLoggingConfiguration(enable_sip_media_application_message_logs=False)
    voice(call).applications.put(application_id, Application(made, silent))
    call.area(Tags).begin(arn, request.tags)
    return models.CreateSipMediaApplicationResponse(sip_media_application=made)


@handles(operations.GET_SIP_MEDIA_APPLICATION)
def get_sip_media_application(
    call: Call, request: models.GetSipMediaApplicationRequest
) -> models.GetSipMediaApplicationResponse:
    application = voice(call).application(request.sip_media_application_id)
    return models.GetSipMediaApplicationResponse(sip_media_application=application.detail)


@handles(operations.LIST_SIP_MEDIA_APPLICATIONS, limits={"max_results": MAX_RESULTS})
def list_sip_media_applications(
    call: Call, request: models.ListSipMediaApplicationsRequest
) -> models.ListSipMediaApplicationsResponse:
    page, token = voice(call).applications.page(request.next_token, request.max_results or PAGE)
    return models.ListSipMediaApplicationsResponse(
        sip_media_applications=[application.detail for application in page], next_token=token
    )


@handles(operations.UPDATE_SIP_MEDIA_APPLICATION, limits={"name": NAME_LENGTH, **_ENDPOINTS})
def update_sip_media_application(
    call: Call, request: models.UpdateSipMediaApplicationRequest
) -> models.UpdateSipMediaApplicationResponse:
    check_pattern(request.name, NAME, "name")
    application = voice(call).application(request.sip_media_application_id)
    detail = application.detail
    if request.endpoints is not None:
        _check_endpoints(request.endpoints, detail.aws_region)
        detail = evolve(detail, endpoints=list(request.endpoints))
    if request.name is not None:
        _check_name_is_free(call, request.name, detail.aws_region, but=detail.sip_media_application_id)
        detail = evolve(detail, name=request.name)
    application.detail = evolve(detail, updated_timestamp=call.now)
    return models.UpdateSipMediaApplicationResponse(sip_media_application=application.detail)


@handles(operations.DELETE_SIP_MEDIA_APPLICATION)
def delete_sip_media_application(call: Call, request: models.DeleteSipMediaApplicationRequest) -> None:
    area = voice(call)
    application = area.application(request.sip_media_application_id).detail
    if any(leads_to(rule, application.sip_media_application_id) for rule in area.rules):
        raise errors.ConflictException("a SIP rule leads to the SIP media application; change or delete the rule first")
    area.applications.take(application.sip_media_application_id)
    call.area(Tags).end(application.sip_media_application_arn or "")


@handles(operations.GET_SIP_MEDIA_APPLICATION_LOGGING_CONFIGURATION)
def get_sip_media_application_logging_configuration(
    call: Call, request: models.GetSipMediaApplicationLoggingConfigurationRequest
) -> models.GetSipMediaApplicationLoggingConfigurationResponse:
    application = voice(call).application(request.sip_media_application_id)
    return models.GetSipMediaApplicationLoggingConfigurationResponse(
        sip_media_application_logging_configuration=application.logging
    )


@handles(operations.PUT_SIP_MEDIA_APPLICATION_LOGGING_CONFIGURATION)
def put_sip_media_application_logging_configuration(
    call: Call, request: models.PutSipMediaApplicationLoggingConfigurationRequest
) -> models.PutSipMediaApplicationLoggingConfigurationResponse:
    application = voice(call).application(request.sip_media_application_id)
    if request.sip_media_application_logging_configuration is not None:
        application.logging = request.sip_media_application_logging_configuration
    return models.PutSipMediaApplicationLoggingConfigurationResponse(
        sip_media_application_logging_configuration=application.logging
    )


_NO_ALEXA = "the Alexa skill configuration of SIP media applications is no longer available"


@handles(operations.GET_SIP_MEDIA_APPLICATION_ALEXA_SKILL_CONFIGURATION)
def get_sip_media_application_alexa_skill_configuration(
    call: Call, request: models.GetSipMediaApplicationAlexaSkillConfigurationRequest
) -> models.GetSipMediaApplicationAlexaSkillConfigurationResponse:
    voice(call).application(request.sip_media_application_id)
    raise errors.GoneException(_NO_ALEXA)


@handles(
    operations.PUT_SIP_MEDIA_APPLICATION_ALEXA_SKILL_CONFIGURATION,
    limits={
        "sip_media_application_alexa_skill_configuration.alexa_skill_ids": (1, 1),
        "sip_media_application_alexa_skill_configuration.alexa_skill_ids[]": (0, 64),
    },
)
def put_sip_media_application_alexa_skill_configuration(
    call: Call, request: models.PutSipMediaApplicationAlexaSkillConfigurationRequest
) -> models.PutSipMediaApplicationAlexaSkillConfigurationResponse:
    voice(call).application(request.sip_media_application_id)
    raise errors.GoneException(_NO_ALEXA)


@handles(
    operations.CREATE_SIP_MEDIA_APPLICATION_CALL,
    status=201,
    limits={"sip_headers": (0, 20), "arguments_map": (0, 20)},
)
def create_sip_media_application_call(
    call: Call, request: models.CreateSipMediaApplicationCallRequest
) -> models.CreateSipMediaApplicationCallResponse:
    check_pattern(request.from_phone_number, E164, "from_phone_number")
    check_pattern(request.to_phone_number, E164, "to_phone_number")
    # NotFoundException is not documented for this one.
    if voice(call).applications.get(request.sip_media_application_id) is None:
        raise errors.BadRequestException("there is no such SIP media application")
    caller = inventory(call).numbers.get(e164(request.from_phone_number))
    if caller is None or caller.deletion_timestamp is not None:
        raise errors.BadRequestException("from_phone_number: the phone number is not in the inventory")
    transaction_id = new_id()
    voice(call).calls[transaction_id] = LiveCall(request.sip_media_application_id)
    return models.CreateSipMediaApplicationCallResponse(
        sip_media_application_call=models.SipMediaApplicationCall(transaction_id=transaction_id)
    )


@handles(operations.UPDATE_SIP_MEDIA_APPLICATION_CALL, status=202, limits={"arguments": (0, 20)})
def update_sip_media_application_call(
    call: Call, request: models.UpdateSipMediaApplicationCallRequest
) -> models.UpdateSipMediaApplicationCallResponse:
    application = voice(call).application(request.sip_media_application_id).detail
    under_way = voice(call).calls.get(request.transaction_id)
    if under_way is None or under_way.ended or under_way.owner_id != application.sip_media_application_id:
        raise errors.NotFoundException("the SIP media application has no such call under way")
    return models.UpdateSipMediaApplicationCallResponse(
        sip_media_application_call=models.SipMediaApplicationCall(transaction_id=request.transaction_id)
    )
