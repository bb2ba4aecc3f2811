"""Voice profile domains and the voice profiles in them, made from what speaker search tasks heard."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.analysis import Task, Tasks
from roomtone.emulator.voice.base import (
    ARN_LENGTH,
    MAX_RESULTS,
    NAME,
    NAME_LENGTH,
    PAGE,
    TAGS,
    check_pattern,
    handles,
    new_id,
    token_reused,
)
from roomtone.emulator.voice.state import voice
from roomtone.emulator.voice.tags import Tags

__all__: list[str] = []

EMBEDDING = timedelta(hours=24)
"""How long a profile can be made or refreshed from a speaker search task that has succeeded."""

LIFETIME = timedelta(days=3 * 365)
"""How long a voice profile lasts after it was made or refreshed."""

_ID = (1, 256)


def _region_of(arn: str | None) -> str:
    return (arn or "").split(":")[3]


def _check_name_is_free(call: Call, name: str) -> None:
    for domain in voice(call).domains:
        if domain.name == name and _region_of(domain.voice_profile_domain_arn) == call.region:
            raise errors.ConflictException("there is a voice profile domain of this name in the region")


@handles(
    operations.CREATE_VOICE_PROFILE_DOMAIN,
    status=201,
    limits={
        "name": NAME_LENGTH,
        "description": (0, 1024),
        "server_side_encryption_configuration.kms_key_arn": ARN_LENGTH,
        **TAGS,
    },
)
def create_voice_profile_domain(
    call: Call, request: models.CreateVoiceProfileDomainRequest
) -> models.CreateVoiceProfileDomainResponse:
    check_pattern(request.name, NAME, "name")

    def make() -> models.CreateVoiceProfileDomainResponse:
        _check_name_is_free(call, request.name)
        domain_id = new_id()
        arn = call.arn("chime", f"voice-profile-domain/{domain_id}")
        domain = models.VoiceProfileDomain(
            voice_profile_domain_id=domain_id,
            voice_profile_domain_arn=arn,
            name=request.name,
            description=request.description,
            server_side_encryption_configuration=request.server_side_encryption_configuration,
            created_timestamp=call.now,
            updated_timestamp=call.now,
        )
        voice(call).domains.put(domain_id, domain)
        call.area(Tags).begin(arn, request.tags)
        return models.CreateVoiceProfileDomainResponse(voice_profile_domain=domain)

    return voice(call).tokens.once(request.client_request_token, request, make, conflict=token_reused)


@handles(operations.GET_VOICE_PROFILE_DOMAIN, limits={"voice_profile_domain_id": _ID})
def get_voice_profile_domain(
    call: Call, request: models.GetVoiceProfileDomainRequest
) -> models.GetVoiceProfileDomainResponse:
    domain = voice(call).domain(request.voice_profile_domain_id)
    return models.GetVoiceProfileDomainResponse(voice_profile_domain=domain)


@handles(operations.LIST_VOICE_PROFILE_DOMAINS, limits={"max_results": MAX_RESULTS})
def list_voice_profile_domains(
    call: Call, request: models.ListVoiceProfileDomainsRequest
) -> models.ListVoiceProfileDomainsResponse:
    page, token = voice(call).domains.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda domain: _region_of(domain.voice_profile_domain_arn) == call.region,
    )
    return models.ListVoiceProfileDomainsResponse(
        voice_profile_domains=[
            models.VoiceProfileDomainSummary(
                voice_profile_domain_id=domain.voice_profile_domain_id,
                voice_profile_domain_arn=domain.voice_profile_domain_arn,
                name=domain.name,
                description=domain.description,
                created_timestamp=domain.created_timestamp,
                updated_timestamp=domain.updated_timestamp,
            )
            for domain in page
        ],
        next_token=token,
    )


@handles(
    operations.UPDATE_VOICE_PROFILE_DOMAIN,
    limits={"voice_profile_domain_id": _ID, "name": NAME_LENGTH, "description": (0, 1024)},
)
def update_voice_profile_domain(
    call: Call, request: models.UpdateVoiceProfileDomainRequest
) -> models.UpdateVoiceProfileDomainResponse:
    check_pattern(request.name, NAME, "name")
    domain = voice(call).domain(request.voice_profile_domain_id)
    updated = evolve(
        domain,
        name=domain.name if request.name is None else request.name,
        description=domain.description if request.description is None else request.description,
        updated_timestamp=call.now,
    )
    voice(call).domains.put(updated.voice_profile_domain_id, updated)
    return models.UpdateVoiceProfileDomainResponse(voice_profile_domain=updated)


@handles(operations.DELETE_VOICE_PROFILE_DOMAIN, limits={"voice_profile_domain_id": _ID})
def delete_voice_profile_domain(call: Call, request: models.DeleteVoiceProfileDomainRequest) -> None:
    area = voice(call)
    domain = area.domain(request.voice_profile_domain_id)
    for profile in list(area.profiles):
        if profile.voice_profile_domain_id == domain.voice_profile_domain_id:
            area.profiles.take(profile.voice_profile_id)
    area.domains.take(domain.voice_profile_domain_id)
    area.tokens.forget(
        lambda answer: answer.voice_profile_domain.voice_profile_domain_id == domain.voice_profile_domain_id
    )
    call.area(Tags).end(domain.voice_profile_domain_arn or "")


def _heard(call: Call, speaker_search_task_id: str) -> Task:
    """The speaker search task that a profile is made from.

    Raises NotFoundException, ConflictException, GoneException.
    """
    task = call.area(Tasks).looked_at("speaker search task", speaker_search_task_id, call.now)
    if task.status != "SUCCEEDED":
        raise errors.ConflictException(f"the speaker search task has not succeeded; it is {task.status}")
    if call.now - task.updated >= EMBEDDING:
        raise errors.GoneException("what the speaker search task heard was kept for 24 hours")
    return task


@handles(operations.CREATE_VOICE_PROFILE, status=201, limits={"speaker_search_task_id": _ID})
def create_voice_profile(call: Call, request: models.CreateVoiceProfileRequest) -> models.CreateVoiceProfileResponse:
    task = _heard(call, request.speaker_search_task_id)
    domain = voice(call).domain(task.domain_id or "")
    profile_id = new_id()
    profile = models.VoiceProfile(
        voice_profile_id=profile_id,
        voice_profile_arn=call.arn("chime", f"voice-profile/{profile_id}"),
        voice_profile_domain_id=domain.voice_profile_domain_id,
        created_timestamp=call.now,
        updated_timestamp=call.now,
        expiration_timestamp=call.now + LIFETIME,
    )
    voice(call).profiles.put(profile_id, profile)
    return models.CreateVoiceProfileResponse(voice_profile=profile)


@handles(operations.GET_VOICE_PROFILE, limits={"voice_profile_id": _ID})
def get_voice_profile(call: Call, request: models.GetVoiceProfileRequest) -> models.GetVoiceProfileResponse:
    return models.GetVoiceProfileResponse(voice_profile=voice(call).profile(request.voice_profile_id))


@handles(operations.LIST_VOICE_PROFILES, limits={"voice_profile_domain_id": _ID, "max_results": MAX_RESULTS})
def list_voice_profiles(call: Call, request: models.ListVoiceProfilesRequest) -> models.ListVoiceProfilesResponse:
    domain_id = voice(call).domain(request.voice_profile_domain_id).voice_profile_domain_id
    page, token = voice(call).profiles.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda profile: profile.voice_profile_domain_id == domain_id,
    )
    return models.ListVoiceProfilesResponse(
        voice_profiles=[
            models.VoiceProfileSummary(
                voice_profile_id=profile.voice_profile_id,
                voice_profile_arn=profile.voice_profile_arn,
                voice_profile_domain_id=profile.voice_profile_domain_id,
                created_timestamp=profile.created_timestamp,
                updated_timestamp=profile.updated_timestamp,
                expiration_timestamp=profile.expiration_timestamp,
            )
            for profile in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_VOICE_PROFILE, limits={"voice_profile_id": _ID, "speaker_search_task_id": _ID})
def update_voice_profile(call: Call, request: models.UpdateVoiceProfileRequest) -> models.UpdateVoiceProfileResponse:
    profile = voice(call).profile(request.voice_profile_id)
    task = _heard(call, request.speaker_search_task_id)
    if task.domain_id != profile.voice_profile_domain_id:
        raise errors.BadRequestException("the speaker search task is about another voice profile domain")
    updated = evolve(profile, updated_timestamp=call.now, expiration_timestamp=call.now + LIFETIME)
    voice(call).profiles.put(updated.voice_profile_id, updated)
    return models.UpdateVoiceProfileResponse(voice_profile=updated)


@handles(operations.DELETE_VOICE_PROFILE, limits={"voice_profile_id": _ID})
def delete_voice_profile(call: Call, request: models.DeleteVoiceProfileRequest) -> None:
    profile = voice(call).profile(request.voice_profile_id)
    voice(call).profiles.take(profile.voice_profile_id)
