"""Users of an app instance and their endpoints."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_identity import errors, models, operations
from roomtone.emulator.app_instances import User, as_tags
from roomtone.emulator.chat_limits import (
    ARN,
    EXPIRATION,
    MAX_RESULTS,
    METADATA,
    PAGE,
    TAGS,
    TOKEN,
    check_choice,
    check_id,
)
from roomtone.emulator.chats import new_id
from roomtone.emulator.identity.base import app_around, app_of, found, handles, once
from roomtone.emulator.state import Call

_USER_LIMITS = {"name": (1, 100), "metadata": METADATA}


def _user(call: Call, arn: str) -> User:
    return found(app_around(call, arn, "app instance user").users.get(arn), "app instance user")


def _endpoint(call: Call, user_arn: str, endpoint_id: str) -> tuple[User, models.AppInstanceUserEndpoint]:
    user = _user(call, user_arn)
    return user, found(user.endpoints.get(endpoint_id), "endpoint of this user")


def _check_expiration(
    request: models.CreateAppInstanceUserRequest | models.PutAppInstanceUserExpirationSettingsRequest,
) -> None:
    settings = request.expiration_settings
    if settings is not None:
        path = "expiration_settings.expiration_criterion"
        check_choice(settings.expiration_criterion, models.ExpirationCriterion, path)


@handles(
    operations.CREATE_APP_INSTANCE_USER,
    status=201,
    limits={
        **_USER_LIMITS,
        **TAGS,
        **EXPIRATION,
        "app_instance_user_id": (1, 64),
        "client_request_token": TOKEN,
    },
)
def create_app_instance_user(
    call: Call, request: models.CreateAppInstanceUserRequest
) -> models.CreateAppInstanceUserResponse:
    app = app_of(call, request.app_instance_arn)

    def make() -> models.CreateAppInstanceUserResponse:
        _check_expiration(request)
        check_id(request.app_instance_user_id, "app_instance_user_id")
        arn = f"{app.arn}/user/{request.app_instance_user_id}"
        if app.users.get(arn):
            raise errors.ConflictException("the app instance has a user with this id")
        detail = models.AppInstanceUser(
            app_instance_user_arn=arn,
            name=request.name,
            metadata=request.metadata,
            created_timestamp=call.now,
            last_updated_timestamp=call.now,
            expiration_settings=request.expiration_settings,
        )
        app.users.put(arn, User(detail, as_tags(request.tags)))
        return models.CreateAppInstanceUserResponse(app_instance_user_arn=arn)

    return once(app.tokens, request.client_request_token, request, make)


@handles(operations.DESCRIBE_APP_INSTANCE_USER)
def describe_app_instance_user(
    call: Call, request: models.DescribeAppInstanceUserRequest
) -> models.DescribeAppInstanceUserResponse:
    return models.DescribeAppInstanceUserResponse(app_instance_user=_user(call, request.app_instance_user_arn).detail)


@handles(operations.LIST_APP_INSTANCE_USERS, limits=MAX_RESULTS)
def list_app_instance_users(
    call: Call, request: models.ListAppInstanceUsersRequest
) -> models.ListAppInstanceUsersResponse:
    app = app_of(call, request.app_instance_arn)
    page, token = app.users.page(request.next_token, request.max_results or PAGE)
    return models.ListAppInstanceUsersResponse(
        app_instance_arn=app.arn,
        app_instance_users=[
            models.AppInstanceUserSummary(
                app_instance_user_arn=user.detail.app_instance_user_arn,
                name=user.detail.name,
                metadata=user.detail.metadata,
            )
            for user in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_APP_INSTANCE_USER, limits=_USER_LIMITS)
def update_app_instance_user(
    call: Call, request: models.UpdateAppInstanceUserRequest
) -> models.UpdateAppInstanceUserResponse:
    user = _user(call, request.app_instance_user_arn)
    user.detail = evolve(user.detail, name=request.name, metadata=request.metadata, last_updated_timestamp=call.now)
    return models.UpdateAppInstanceUserResponse(app_instance_user_arn=request.app_instance_user_arn)


@handles(operations.DELETE_APP_INSTANCE_USER)
def delete_app_instance_user(call: Call, request: models.DeleteAppInstanceUserRequest) -> None:
    arn = _user(call, request.app_instance_user_arn).detail.app_instance_user_arn
    app_around(call, arn, "app instance").remove(arn)


@handles(operations.PUT_APP_INSTANCE_USER_EXPIRATION_SETTINGS, limits=EXPIRATION)
def put_app_instance_user_expiration_settings(
    call: Call, request: models.PutAppInstanceUserExpirationSettingsRequest
) -> models.PutAppInstanceUserExpirationSettingsResponse:
    user = _user(call, request.app_instance_user_arn)
    _check_expiration(request)
    user.detail = evolve(user.detail, expiration_settings=request.expiration_settings, last_updated_timestamp=call.now)
    return models.PutAppInstanceUserExpirationSettingsResponse(
        app_instance_user_arn=request.app_instance_user_arn, expiration_settings=request.expiration_settings
    )


@handles(
    operations.REGISTER_APP_INSTANCE_USER_ENDPOINT,
    status=201,
    limits={
        "name": (0, 1600),
        "resource_arn": ARN,
        "endpoint_attributes.device_token": (1, 1600),
        "endpoint_attributes.voip_device_token": (1, 1600),
        "client_request_token": TOKEN,
    },
)
def register_app_instance_user_endpoint(
    call: Call, request: models.RegisterAppInstanceUserEndpointRequest
) -> models.RegisterAppInstanceUserEndpointResponse:
    user = _user(call, request.app_instance_user_arn)

    def make() -> models.RegisterAppInstanceUserEndpointResponse:
        check_choice(request.type, models.AppInstanceUserEndpointType, "type")
        check_choice(request.allow_messages, models.AllowMessages, "allow_messages")
        if request.type == "GCM" and request.endpoint_attributes.voip_device_token:
            raise Misfit("is for APNS and APNS_SANDBOX only", "endpoint_attributes.voip_device_token")
        endpoint = models.AppInstanceUserEndpoint(
            app_instance_user_arn=request.app_instance_user_arn,
            endpoint_id=new_id(),
            name=request.name,
            type=request.type,
            resource_arn=request.resource_arn,
            endpoint_attributes=request.endpoint_attributes,
            created_timestamp=call.now,
            last_updated_timestamp=call.now,
            allow_messages=request.allow_messages or "ALL",
            endpoint_state=models.EndpointState(status="ACTIVE"),
        )
        user.endpoints.put(endpoint.endpoint_id, endpoint)
        return models.RegisterAppInstanceUserEndpointResponse(
            app_instance_user_arn=request.app_instance_user_arn, endpoint_id=endpoint.endpoint_id
        )

    return once(user.tokens, request.client_request_token, request, make)


@handles(operations.DESCRIBE_APP_INSTANCE_USER_ENDPOINT)
def describe_app_instance_user_endpoint(
    call: Call, request: models.DescribeAppInstanceUserEndpointRequest
) -> models.DescribeAppInstanceUserEndpointResponse:
    _, endpoint = _endpoint(call, request.app_instance_user_arn, request.endpoint_id)
    return models.DescribeAppInstanceUserEndpointResponse(app_instance_user_endpoint=endpoint)


@handles(operations.LIST_APP_INSTANCE_USER_ENDPOINTS, limits=MAX_RESULTS)
def list_app_instance_user_endpoints(
    call: Call, request: models.ListAppInstanceUserEndpointsRequest
) -> models.ListAppInstanceUserEndpointsResponse:
    user = _user(call, request.app_instance_user_arn)
    page, token = user.endpoints.page(request.next_token, request.max_results or PAGE)
    return models.ListAppInstanceUserEndpointsResponse(
        app_instance_user_endpoints=[
            models.AppInstanceUserEndpointSummary(
                app_instance_user_arn=endpoint.app_instance_user_arn,
                endpoint_id=endpoint.endpoint_id,
                name=endpoint.name,
                type=endpoint.type,
                allow_messages=endpoint.allow_messages,
                endpoint_state=endpoint.endpoint_state,
            )
            for endpoint in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_APP_INSTANCE_USER_ENDPOINT, limits={"name": (0, 1600)})
def update_app_instance_user_endpoint(
    call: Call, request: models.UpdateAppInstanceUserEndpointRequest
) -> models.UpdateAppInstanceUserEndpointResponse:
    user, endpoint = _endpoint(call, request.app_instance_user_arn, request.endpoint_id)
    check_choice(request.allow_messages, models.AllowMessages, "allow_messages")
    changed = evolve(
        endpoint,
        name=endpoint.name if request.name is None else request.name,
        allow_messages=request.allow_messages or endpoint.allow_messages,
        last_updated_timestamp=call.now,
    )
    user.endpoints.put(endpoint.endpoint_id, changed)
    return models.UpdateAppInstanceUserEndpointResponse(
        app_instance_user_arn=request.app_instance_user_arn, endpoint_id=endpoint.endpoint_id
    )


@handles(operations.DEREGISTER_APP_INSTANCE_USER_ENDPOINT)
def deregister_app_instance_user_endpoint(call: Call, request: models.DeregisterAppInstanceUserEndpointRequest) -> None:
    user, endpoint = _endpoint(call, request.app_instance_user_arn, request.endpoint_id)
    user.endpoints.take(endpoint.endpoint_id)
    user.tokens.forget(lambda answer: answer.endpoint_id == endpoint.endpoint_id)
