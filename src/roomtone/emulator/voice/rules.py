"""SIP rules: which calls lead to which SIP media applications."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import (
    MAX_RESULTS,
    NAME,
    NAME_LENGTH,
    PAGE,
    check_enum,
    check_pattern,
    handles,
    new_id,
)
from roomtone.emulator.voice.inventory import e164, inventory
from roomtone.emulator.voice.state import voice

__all__ = ["leads_to"]

_LIMITS = {
    "name": NAME_LENGTH,
    "target_applications": (1, 25),
    "target_applications[].priority": (1, None),
}


def leads_to(rule: models.SipRule, sip_media_application_id: str) -> bool:
    """Whether a rule has that SIP media application among its targets."""
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


@handles(operations.CREATE_SIP_RULE, status=201, limits=_LIMITS)
def create_sip_rule(call: Call, request: models.CreateSipRuleRequest) -> models.CreateSipRuleResponse:
    check_pattern(request.name, NAME, "name")
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
        where=lambda rule: wanted is None or leads_to(rule, wanted),
    )
    return models.ListSipRulesResponse(sip_rules=page, next_token=token)


@handles(operations.UPDATE_SIP_RULE, status=202, limits=_LIMITS)
def update_sip_rule(call: Call, request: models.UpdateSipRuleRequest) -> models.UpdateSipRuleResponse:
    check_pattern(request.name, NAME, "name")
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
