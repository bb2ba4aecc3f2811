"""Who may watch a channel of Amazon IVS: playback keys, restriction policies, revoked viewer sessions."""

from __future__ import annotations

from attrs import evolve

from roomtone.emulator.ivs.state import ARN, LISTED, NAME, PAGE, TAGS, Ivs, handles
from roomtone.emulator.ivs_members import fingerprint, name_of
from roomtone.emulator.resources import changes, region_of, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs import errors, models, operations

__all__: list[str] = []

_POLICY_LIMITS = {"name": NAME, "allowed_countries[]": (2, 2), "allowed_origins[]": (0, 128)}
_VIEWER_LIMITS = {
    "channel_arn": ARN,
    "viewer_id": (1, 40),
    "viewer_session_versions_less_than_or_equal_to": (0, None),
}


@handles(operations.IMPORT_PLAYBACK_KEY_PAIR, limits={"name": NAME, "tags": TAGS})
def import_playback_key_pair(
    call: Call, request: models.ImportPlaybackKeyPairRequest
) -> models.ImportPlaybackKeyPairResponse:
    pairs = call.area(Ivs).playback_key_pairs
    pair = models.PlaybackKeyPair(
        arn=call.arn("ivs", f"playback-key/{random_id(12)}"),
        name=name_of(request.name),
        fingerprint=fingerprint(request.public_key_material),
        tags=tags_of(request.tags),
    )
    if any(known.fingerprint == pair.fingerprint and region_of(known.arn) == call.region for known in pairs):
        raise errors.ConflictException("this public key is imported already")
    return models.ImportPlaybackKeyPairResponse(key_pair=pairs.put(pair))


@handles(operations.GET_PLAYBACK_KEY_PAIR, limits={"arn": ARN})
def get_playback_key_pair(call: Call, request: models.GetPlaybackKeyPairRequest) -> models.GetPlaybackKeyPairResponse:
    return models.GetPlaybackKeyPairResponse(key_pair=call.area(Ivs).playback_key_pairs.of(call, request.arn))


@handles(operations.LIST_PLAYBACK_KEY_PAIRS, limits=LISTED)
def list_playback_key_pairs(
    call: Call, request: models.ListPlaybackKeyPairsRequest
) -> models.ListPlaybackKeyPairsResponse:
    page, token = call.area(Ivs).playback_key_pairs.page(call, request.next_token, request.max_results or PAGE)
    return models.ListPlaybackKeyPairsResponse(
        key_pairs=[view(models.PlaybackKeyPairSummary, pair) for pair in page], next_token=token
    )


@handles(operations.DELETE_PLAYBACK_KEY_PAIR, limits={"arn": ARN})
def delete_playback_key_pair(
    call: Call, request: models.DeletePlaybackKeyPairRequest
) -> models.DeletePlaybackKeyPairResponse:
    call.area(Ivs).playback_key_pairs.take(call, request.arn)
    return models.DeletePlaybackKeyPairResponse()


@handles(operations.CREATE_PLAYBACK_RESTRICTION_POLICY, limits={**_POLICY_LIMITS, "tags": TAGS})
def create_playback_restriction_policy(
    call: Call, request: models.CreatePlaybackRestrictionPolicyRequest
) -> models.CreatePlaybackRestrictionPolicyResponse:
    policy = models.PlaybackRestrictionPolicy(
        arn=call.arn("ivs", f"playback-restriction-policy/{random_id(12)}"),
        allowed_countries=list(request.allowed_countries or ()),
        allowed_origins=list(request.allowed_origins or ()),
        enable_strict_origin_enforcement=bool(request.enable_strict_origin_enforcement),
        name=name_of(request.name),
        tags=tags_of(request.tags),
    )
    return models.CreatePlaybackRestrictionPolicyResponse(
        playback_restriction_policy=call.area(Ivs).playback_restriction_policies.put(policy)
    )


@handles(operations.GET_PLAYBACK_RESTRICTION_POLICY, limits={"arn": ARN})
def get_playback_restriction_policy(
    call: Call, request: models.GetPlaybackRestrictionPolicyRequest
) -> models.GetPlaybackRestrictionPolicyResponse:
    policy = call.area(Ivs).playback_restriction_policies.of(call, request.arn)
    return models.GetPlaybackRestrictionPolicyResponse(playback_restriction_policy=policy)


@handles(operations.LIST_PLAYBACK_RESTRICTION_POLICIES, limits=LISTED)
def list_playback_restriction_policies(
    call: Call, request: models.ListPlaybackRestrictionPoliciesRequest
) -> models.ListPlaybackRestrictionPoliciesResponse:
    policies = call.area(Ivs).playback_restriction_policies
    page, token = policies.page(call, request.next_token, request.max_results or PAGE)
    return models.ListPlaybackRestrictionPoliciesResponse(
        playback_restriction_policies=[view(models.PlaybackRestrictionPolicySummary, policy) for policy in page],
        next_token=token,
    )


@handles(operations.UPDATE_PLAYBACK_RESTRICTION_POLICY, limits={"arn": ARN, **_POLICY_LIMITS})
def update_playback_restriction_policy(
    call: Call, request: models.UpdatePlaybackRestrictionPolicyRequest
) -> models.UpdatePlaybackRestrictionPolicyResponse:
    policies = call.area(Ivs).playback_restriction_policies
    policy = policies.of(call, request.arn)
    name_of(request.name)
    return models.UpdatePlaybackRestrictionPolicyResponse(
        playback_restriction_policy=policies.put(evolve(policy, **changes(request)))
    )


@handles(operations.DELETE_PLAYBACK_RESTRICTION_POLICY, limits={"arn": ARN})
def delete_playback_restriction_policy(call: Call, request: models.DeletePlaybackRestrictionPolicyRequest) -> None:
    area = call.area(Ivs)
    area.take_unused(call, area.playback_restriction_policies, "playback_restriction_policy_arn", request.arn)


def _revoke(call: Call, request: models.StartViewerSessionRevocationRequest) -> None:
    area = call.area(Ivs)
    area.revocations.setdefault(area.channels.of(call, request.channel_arn).arn, []).append(request)


@handles(operations.START_VIEWER_SESSION_REVOCATION, limits=_VIEWER_LIMITS)
def start_viewer_session_revocation(
    call: Call, request: models.StartViewerSessionRevocationRequest
) -> models.StartViewerSessionRevocationResponse:
    _revoke(call, request)
    return models.StartViewerSessionRevocationResponse()


@handles(
    operations.BATCH_START_VIEWER_SESSION_REVOCATION,
    limits={
        "viewer_sessions": (1, 20),
        **{f"viewer_sessions[].{member}": limit for member, limit in _VIEWER_LIMITS.items()},
    },
)
def batch_start_viewer_session_revocation(
    call: Call, request: models.BatchStartViewerSessionRevocationRequest
) -> models.BatchStartViewerSessionRevocationResponse:
    failed: list[models.BatchStartViewerSessionRevocationError] = []
    for session in request.viewer_sessions:
        try:
            _revoke(call, view(models.StartViewerSessionRevocationRequest, session))
        except errors.ResourceNotFoundException as error:
            failed.append(
                models.BatchStartViewerSessionRevocationError(
                    channel_arn=session.channel_arn,
                    viewer_id=session.viewer_id,
                    code=error.code,
                    message=error.message,
                )
            )
    return models.BatchStartViewerSessionRevocationResponse(errors=failed)
