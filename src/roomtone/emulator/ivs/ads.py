"""What interrupts a stream of Amazon IVS: ad configurations and ad breaks, failover slates."""

from __future__ import annotations

from attrs import evolve

from roomtone.emulator.ivs.state import ARN, LISTED, NAME, PAGE, TAGS, Ivs, handles
from roomtone.emulator.ivs_members import name_of
from roomtone.emulator.resources import changes, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs import errors, models, operations

__all__: list[str] = []

_AD_SECONDS = (1, 300)
_AD_LIMITS = {
    "name": NAME,
    "media_tailor_playback_configurations": (1, 3),
    "media_tailor_playback_configurations[].playback_configuration_arn": (0, 128),
    "post_roll_configuration.duration_seconds": _AD_SECONDS,
}
_SLATE_LIMITS = {
    "name": NAME,
    "activation_threshold_seconds": (3, 5),
    "min_slate_display_seconds": (3, 10),
    "max_slate_display_seconds": (60, 180),
}


@handles(operations.CREATE_AD_CONFIGURATION, limits={**_AD_LIMITS, "tags": TAGS})
def create_ad_configuration(
    call: Call, request: models.CreateAdConfigurationRequest
) -> models.CreateAdConfigurationResponse:
    created = models.AdConfiguration(
        arn=call.arn("ivs", f"ad-configuration/{random_id(12)}"),
        name=name_of(request.name),
        media_tailor_playback_configurations=list(request.media_tailor_playback_configurations),
        post_roll_configuration=request.post_roll_configuration
        or models.PostRollConfiguration(duration_seconds=15, enabled=False),
        tags=tags_of(request.tags),
    )
    return models.CreateAdConfigurationResponse(ad_configuration=call.area(Ivs).ad_configurations.put(created))


@handles(operations.GET_AD_CONFIGURATION, limits={"arn": ARN})
def get_ad_configuration(call: Call, request: models.GetAdConfigurationRequest) -> models.GetAdConfigurationResponse:
    return models.GetAdConfigurationResponse(ad_configuration=call.area(Ivs).ad_configurations.of(call, request.arn))


@handles(operations.LIST_AD_CONFIGURATIONS, limits=LISTED)
def list_ad_configurations(
    call: Call, request: models.ListAdConfigurationsRequest
) -> models.ListAdConfigurationsResponse:
    page, token = call.area(Ivs).ad_configurations.page(call, request.next_token, request.max_results or PAGE)
    return models.ListAdConfigurationsResponse(
        ad_configurations=[view(models.AdConfigurationSummary, one) for one in page], next_token=token
    )


@handles(operations.UPDATE_AD_CONFIGURATION, limits={"arn": ARN, **_AD_LIMITS})
def update_ad_configuration(
    call: Call, request: models.UpdateAdConfigurationRequest
) -> models.UpdateAdConfigurationResponse:
    configurations = call.area(Ivs).ad_configurations
    known = configurations.of(call, request.arn)
    name_of(request.name)
    return models.UpdateAdConfigurationResponse(ad_configuration=configurations.put(evolve(known, **changes(request))))


@handles(operations.DELETE_AD_CONFIGURATION, limits={"arn": ARN})
def delete_ad_configuration(call: Call, request: models.DeleteAdConfigurationRequest) -> None:
    area = call.area(Ivs)
    area.take_unused(call, area.ad_configurations, "ad_configuration_arn", request.arn)


@handles(
    operations.INSERT_AD_BREAK,
    limits={"channel_arn": ARN, "duration_seconds": _AD_SECONDS, "ad_break_id": (12, 12)},
)
def insert_ad_break(call: Call, request: models.InsertAdBreakRequest) -> models.InsertAdBreakResponse:
    area = call.area(Ivs)
    channel = area.channels.of(call, request.channel_arn)
    session = area.live(channel.arn)
    # What is on air is the channel as it was when the stream began.
    if session.detail.channel is None or not session.detail.channel.ad_configuration_arn:
        raise errors.ConflictException("the channel has no ad configuration; give it one while it is off air")
    inserted = models.InsertAdBreakResponse(
        ad_break_id=request.ad_break_id or random_id(12), target_start_at=request.target_start_at or call.now
    )
    if session.ad_breaks.get(inserted.ad_break_id or ""):
        raise errors.ConflictException("the stream has an ad break with this id")
    session.ad_breaks.put(inserted.ad_break_id or "", inserted)
    return inserted


@handles(operations.CREATE_FAILOVER_SLATE_CONFIGURATION, limits={**_SLATE_LIMITS, "tags": TAGS})
def create_failover_slate_configuration(
    call: Call, request: models.CreateFailoverSlateConfigurationRequest
) -> models.CreateFailoverSlateConfigurationResponse:
    created = models.FailoverSlateConfiguration(
        arn=call.arn("ivs", f"failover-slate-configuration/{random_id(12)}"),
        name=name_of(request.name),
        activation_threshold_seconds=request.activation_threshold_seconds or 3,
        min_slate_display_seconds=request.min_slate_display_seconds or 3,
        max_slate_display_seconds=request.max_slate_display_seconds or 60,
        state="CREATING",
        tags=tags_of(request.tags),
    )
    # It is ready by the time anybody looks again; so it is after an update.
    call.area(Ivs).failover_slate_configurations.put(evolve(created, state="CREATED"))
    return models.CreateFailoverSlateConfigurationResponse(failover_slate_configuration=created)


@handles(operations.GET_FAILOVER_SLATE_CONFIGURATION, limits={"arn": ARN})
def get_failover_slate_configuration(
    call: Call, request: models.GetFailoverSlateConfigurationRequest
) -> models.GetFailoverSlateConfigurationResponse:
    found = call.area(Ivs).failover_slate_configurations.of(call, request.arn)
    return models.GetFailoverSlateConfigurationResponse(failover_slate_configuration=found)


@handles(operations.LIST_FAILOVER_SLATE_CONFIGURATIONS, limits=LISTED)
def list_failover_slate_configurations(
    call: Call, request: models.ListFailoverSlateConfigurationsRequest
) -> models.ListFailoverSlateConfigurationsResponse:
    configurations = call.area(Ivs).failover_slate_configurations
    page, token = configurations.page(call, request.next_token, request.max_results or PAGE)
    return models.ListFailoverSlateConfigurationsResponse(
        failover_slate_configurations=[view(models.FailoverSlateConfigurationSummary, one) for one in page],
        next_token=token,
    )


@handles(operations.UPDATE_FAILOVER_SLATE_CONFIGURATION, limits={"arn": ARN, **_SLATE_LIMITS})
def update_failover_slate_configuration(
    call: Call, request: models.UpdateFailoverSlateConfigurationRequest
) -> models.UpdateFailoverSlateConfigurationResponse:
    configurations = call.area(Ivs).failover_slate_configurations
    known = configurations.of(call, request.arn)
    if known.state == "CREATE_FAILED":
        raise errors.ConflictException("the failover slate configuration was not created; delete it")
    name_of(request.name)
    changed = configurations.put(evolve(known, **changes(request)))
    return models.UpdateFailoverSlateConfigurationResponse(
        failover_slate_configuration=evolve(changed, state="UPDATING")
    )


@handles(operations.DELETE_FAILOVER_SLATE_CONFIGURATION, limits={"arn": ARN})
def delete_failover_slate_configuration(call: Call, request: models.DeleteFailoverSlateConfigurationRequest) -> None:
    area = call.area(Ivs)
    area.take_unused(call, area.failover_slate_configurations, "failover_slate_configuration_arn", request.arn)
