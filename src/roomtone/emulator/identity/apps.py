"""App instances, their administrators and their retention settings."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from roomtone.chime_sdk_identity import errors, models, operations
from roomtone.emulator.app_instances import App, app_instances, as_tags
from roomtone.emulator.chat_limits import MAX_RESULTS, METADATA, PAGE, TAGS, TOKEN
from roomtone.emulator.chats import new_id
from roomtone.emulator.identity.base import app_of, found, handles, once
from roomtone.emulator.state import Call

GRACE = timedelta(days=30)
"""How long messages that have outlived their retention can still be brought back."""

_APP_LIMITS = {"name": (1, 256), "metadata": METADATA}


@handles(operations.CREATE_APP_INSTANCE, status=201, limits={**_APP_LIMITS, **TAGS, "client_request_token": TOKEN})
def create_app_instance(call: Call, request: models.CreateAppInstanceRequest) -> models.CreateAppInstanceResponse:
    area = app_instances(call)

    def make() -> models.CreateAppInstanceResponse:
        detail = models.AppInstance(
            app_instance_arn=call.arn("chime", f"app-instance/{new_id()}"),
            name=request.name,
            metadata=request.metadata,
            created_timestamp=call.now,
            last_updated_timestamp=call.now,
        )
        area.apps.put(detail.app_instance_arn, App(detail, as_tags(request.tags)))
        return models.CreateAppInstanceResponse(app_instance_arn=detail.app_instance_arn)

    return once(area.tokens[call.region], request.client_request_token, request, make)


@handles(operations.DESCRIBE_APP_INSTANCE)
def describe_app_instance(call: Call, request: models.DescribeAppInstanceRequest) -> models.DescribeAppInstanceResponse:
    return models.DescribeAppInstanceResponse(app_instance=app_of(call, request.app_instance_arn).detail)


@handles(operations.LIST_APP_INSTANCES, limits=MAX_RESULTS)
def list_app_instances(call: Call, request: models.ListAppInstancesRequest) -> models.ListAppInstancesResponse:
    page, token = app_instances(call).apps.page(
        request.next_token, request.max_results or PAGE, where=lambda app: app.arn.split(":")[3] == call.region
    )
    return models.ListAppInstancesResponse(
        app_instances=[
            models.AppInstanceSummary(app_instance_arn=app.arn, name=app.detail.name, metadata=app.detail.metadata)
            for app in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_APP_INSTANCE, limits=_APP_LIMITS)
def update_app_instance(call: Call, request: models.UpdateAppInstanceRequest) -> models.UpdateAppInstanceResponse:
    app = app_of(call, request.app_instance_arn)
    app.detail = evolve(app.detail, name=request.name, metadata=request.metadata, last_updated_timestamp=call.now)
    return models.UpdateAppInstanceResponse(app_instance_arn=app.arn)


@handles(operations.DELETE_APP_INSTANCE)
def delete_app_instance(call: Call, request: models.DeleteAppInstanceRequest) -> None:
    app = app_of(call, request.app_instance_arn)
    area = app_instances(call)
    area.apps.take(app.arn)
    area.tokens[call.region].forget(lambda answer: answer.app_instance_arn == app.arn)


@handles(
    operations.PUT_APP_INSTANCE_RETENTION_SETTINGS,
    limits={"app_instance_retention_settings.channel_retention_settings.retention_days": (1, 5475)},
)
def put_app_instance_retention_settings(
    call: Call, request: models.PutAppInstanceRetentionSettingsRequest
) -> models.PutAppInstanceRetentionSettingsResponse:
    app = app_of(call, request.app_instance_arn)
    app.retention = request.app_instance_retention_settings
    app.deletion = call.now + GRACE if app.kept_since(call.now) else None
    return models.PutAppInstanceRetentionSettingsResponse(
        app_instance_retention_settings=app.retention, initiate_deletion_timestamp=app.deletion
    )


@handles(operations.GET_APP_INSTANCE_RETENTION_SETTINGS)
def get_app_instance_retention_settings(
    call: Call, request: models.GetAppInstanceRetentionSettingsRequest
) -> models.GetAppInstanceRetentionSettingsResponse:
    app = app_of(call, request.app_instance_arn)
    return models.GetAppInstanceRetentionSettingsResponse(
        app_instance_retention_settings=app.retention, initiate_deletion_timestamp=app.deletion
    )


@handles(operations.CREATE_APP_INSTANCE_ADMIN, status=201)
def create_app_instance_admin(
    call: Call, request: models.CreateAppInstanceAdminRequest
) -> models.CreateAppInstanceAdminResponse:
    app = app_of(call, request.app_instance_arn)
    someone = app.someone(request.app_instance_admin_arn)
    if someone is None:
        raise errors.ForbiddenException("the app instance has no such user or bot")
    identity = models.Identity(arn=request.app_instance_admin_arn, name=someone.detail.name)
    if app.admins.get(request.app_instance_admin_arn):
        raise errors.ConflictException("that is an administrator already")
    admin = models.AppInstanceAdmin(admin=identity, app_instance_arn=app.arn, created_timestamp=call.now)
    app.admins.put(request.app_instance_admin_arn, admin)
    return models.CreateAppInstanceAdminResponse(app_instance_admin=identity, app_instance_arn=app.arn)


def _admin(call: Call, app_arn: str, admin_arn: str) -> tuple[App, models.AppInstanceAdmin]:
    app = app_of(call, app_arn)
    return app, _named(app, found(app.admins.get(admin_arn), "administrator of the app instance"))


def _named(app: App, admin: models.AppInstanceAdmin) -> models.AppInstanceAdmin:
    """An administrator by the name it has now."""
    assert admin.admin is not None
    someone = app.someone(admin.admin.arn or "")
    return evolve(admin, admin=evolve(admin.admin, name=someone.detail.name)) if someone else admin


@handles(operations.DESCRIBE_APP_INSTANCE_ADMIN)
def describe_app_instance_admin(
    call: Call, request: models.DescribeAppInstanceAdminRequest
) -> models.DescribeAppInstanceAdminResponse:
    _, admin = _admin(call, request.app_instance_arn, request.app_instance_admin_arn)
    return models.DescribeAppInstanceAdminResponse(app_instance_admin=admin)


@handles(operations.LIST_APP_INSTANCE_ADMINS, limits=MAX_RESULTS)
def list_app_instance_admins(
    call: Call, request: models.ListAppInstanceAdminsRequest
) -> models.ListAppInstanceAdminsResponse:
    app = app_of(call, request.app_instance_arn)
    page, token = app.admins.page(request.next_token, request.max_results or PAGE)
    return models.ListAppInstanceAdminsResponse(
        app_instance_arn=app.arn,
        app_instance_admins=[models.AppInstanceAdminSummary(admin=_named(app, admin).admin) for admin in page],
        next_token=token,
    )


@handles(operations.DELETE_APP_INSTANCE_ADMIN)
def delete_app_instance_admin(call: Call, request: models.DeleteAppInstanceAdminRequest) -> None:
    app, _ = _admin(call, request.app_instance_arn, request.app_instance_admin_arn)
    app.admins.take(request.app_instance_admin_arn)
