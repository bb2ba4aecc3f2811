"""SIP media applications, the rules that lead calls to them, and the calls they make."""

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
    NAMES,
    PAGE,
    TAGS,
    check_enum,
    check_pattern,
    handles,
    new_id,
)
from roomtone.emulator.voice.inventory import e164, inventory
from roomtone.emulator.voice.state import Application, LiveCall, voice
from roomtone.emulator.voice.tags import Tags

__all__: list[str] = []

_LAMBDA = re.compile(
    r"arn:(aws[a-zA-Z-]*)?:lambda:(?P<region>[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}):\d{12}:function:[a-zA-Z0-9-_]+"
    r"(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_ENDPOINTS = {"endpoints": (1, 1), "endpoints[].lambda_arn": (0, 10_000)}
_TARGETS = {"target_applications": (1, 25), "target_applications[].priority": (1, None)}


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


@handles(operations.CREATE_SIP_MEDIA_APPLICATION, status=201, limits={"name": NAME, **_ENDPOINTS, **TAGS})
def create_sip_media_application(
    call: Call, request: models.CreateSipMediaApplicationRequest
) -> models.CreateSipMediaApplicationResponse:
    check_pattern(request.name, NAMES, "name")
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


@handles(operations.UPDATE_SIP_MEDIA_APPLICATION, limits={"name": NAME, **_ENDPOINTS})
def update_sip_media_application(
    call: Call, request: models.UpdateSipMediaApplicationRequest
) -> models.UpdateSipMediaApplicationResponse:
    check_pattern(request.name, NAMES, "name")
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
    if any(_leads_to(rule, application.sip_media_application_id) for rule in area.rules):
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


def _leads_to(rule: models.SipRule, sip_media_application_id: str) -> bool:
    return any(target.sip_media_application_id == sip_media_application_id for target in rule.target_applications or ())


def _check_targets(call: Call, targets: Sequence[models.SipRuleTargetApplication]) -> None:
    """Every target is an application in the region that is said, one of a region. Raises BadRequestException."""
    for target in targets:
        application = voice(call).applications.get(target.sip_media_application_id or "")
        # NotFoundException is not documented for creating a rule.
        if application is None:
            raise errors.BadRequestException("target_applications: there is no such SIP media application")
        if target.aws_region != application.detail.aws_region:
            raise errors.BadRequestException("target_applications: the SIP media application is in another region")
    if len({target.aws_region for target in targets}) < len(targets):
        raise errors.BadRequestException("target_applications: there can be one SIP media application of a region")


def _trigger(call: Call, trigger_type: str, trigger_value: str) -> str:
    """The value that triggers a rule: a number of the account or a voice connector's host name.

    Raises BadRequestException, ConflictException.
    """
    area = voice(call)
    if trigger_type == "ToPhoneNumber":
        trigger_value = e164(trigger_value)
        number = inventory(call).numbers.get(trigger_value)
        if number is None or number.deletion_timestamp is not None:
            raise errors.BadRequestException("trigger_value: the phone number is not in the inventory")
        if number.product_type != "SipMediaApplicationDialIn":
            raise errors.BadRequestException(
                "trigger_value: the phone number is not of the type SipMediaApplicationDialIn"
            )
    elif not any(connector.detail.outbound_host_name == trigger_value for connector in area.connectors):
        raise errors.BadRequestException("trigger_value: no voice connector has this outbound host name")
    if any(rule.trigger_value == trigger_value for rule in area.rules):
        raise errors.ConflictException("another SIP rule has this trigger")
    return trigger_value


@handles(operations.CREATE_SIP_RULE, status=201, limits={"name": NAME, **_TARGETS})
def create_sip_rule(call: Call, request: models.CreateSipRuleRequest) -> models.CreateSipRuleResponse:
    check_pattern(request.name, NAMES, "name")
    check_enum(request.trigger_type, models.SipRuleTriggerType, "trigger_type")
    _check_targets(call, request.target_applications)
    trigger_value = _trigger(call, request.trigger_type, request.trigger_value)
    rule = models.SipRule(
        sip_rule_id=new_id(),
        name=request.name,
        disabled=bool(request.disabled),
        trigger_type=request.trigger_type,
        trigger_value=trigger_value,
        target_applications=list(request.target_applications),
        created_timestamp=call.now,
        updated_timestamp=call.now,
    )
    voice(call).rules.put(rule.sip_rule_id, rule)
    if rule.trigger_type == "ToPhoneNumber":
        stock = inventory(call)
        stock.assign(stock.number(trigger_value), "SipRuleId", rule.sip_rule_id, call.now)
    return models.CreateSipRuleResponse(sip_rule=rule)


@handles(operations.GET_SIP_RULE)
def get_sip_rule(call: Call, request: models.GetSipRuleRequest) -> models.GetSipRuleResponse:
    return models.GetSipRuleResponse(sip_rule=voice(call).rule(request.sip_rule_id))


@handles(operations.LIST_SIP_RULES, limits={"max_results": MAX_RESULTS})
def list_sip_rules(call: Call, request: models.ListSipRulesRequest) -> models.ListSipRulesResponse:
    area, wanted = voice(call), request.sip_media_application_id
    if wanted is not None:
        area.application(wanted)
    page, token = area.rules.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda rule: wanted is None or _leads_to(rule, wanted),
    )
    return models.ListSipRulesResponse(sip_rules=page, next_token=token)


@handles(operations.UPDATE_SIP_RULE, status=202, limits={"name": NAME, **_TARGETS})
def update_sip_rule(call: Call, request: models.UpdateSipRuleRequest) -> models.UpdateSipRuleResponse:
    check_pattern(request.name, NAMES, "name")
    rule = evolve(voice(call).rule(request.sip_rule_id), name=request.name, updated_timestamp=call.now)
    if request.disabled is not None:
        rule = evolve(rule, disabled=request.disabled)
    if request.target_applications is not None:
        _check_targets(call, request.target_applications)
        rule = evolve(rule, target_applications=list(request.target_applications))
    voice(call).rules.put(rule.sip_rule_id, rule)
    return models.UpdateSipRuleResponse(sip_rule=rule)


@handles(operations.DELETE_SIP_RULE)
def delete_sip_rule(call: Call, request: models.DeleteSipRuleRequest) -> None:
    rule = voice(call).rule(request.sip_rule_id)
    if not rule.disabled:
        raise errors.ConflictException("the SIP rule is enabled; disable it first")
    voice(call).rules.take(rule.sip_rule_id)
    stock = inventory(call)
    for number in stock.held_by("SipRuleId", rule.sip_rule_id):
        stock.unassign(number, call.now)


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
