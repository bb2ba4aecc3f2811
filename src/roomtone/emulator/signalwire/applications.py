"""Applications and cXML scripts (LaML bins), of SignalWire's compatibility API."""

from __future__ import annotations

from typing import Any

from attrs import asdict, define, evolve, field

from roomtone.emulator.signalwire.common import (
    API_VERSION,
    PAGE_LIMITS,
    found,
    handles,
    listing,
    new_sid,
    seconds,
    uri_of,
)
from roomtone.emulator.state import Call, Shelf
from roomtone.signalwire import models, operations

__all__ = ["Applications"]

_APPLICATION_LIMITS = {"friendly_name": (1, 64)}
_SCRIPT_LIMITS = {"name": (1, None)}
_METHODS = (
    "voice_method",
    "voice_fallback_method",
    "status_callback_method",
    "sms_method",
    "sms_fallback_method",
    "sms_status_callback_method",
)


@define(eq=False)
class Applications:
    """All applications and scripts."""

    applications: Shelf[models.Application] = field(factory=Shelf)
    scripts: Shelf[models.CxmlScript] = field(factory=Shelf)


def _given(request: Any) -> dict[str, Any]:
    """The members that a request has, but for the id."""
    members = asdict(request, recurse=False)
    return {name: value for name, value in members.items() if value is not None and name != "sid"}


@handles(operations.APPLICATIONS_LIST, limits=PAGE_LIMITS)
def list_applications(call: Call, request: models.ApplicationsListRequest) -> models.ApplicationList:
    applications = [
        one for one in call.area(Applications).applications if request.friendly_name in (None, one.friendly_name)
    ]
    return listing(call, models.ApplicationList, "applications", applications, request.page, request.page_size)


@handles(operations.APPLICATIONS_CREATE, status=201, limits=_APPLICATION_LIMITS)
def create_application(call: Call, request: models.ApplicationsCreateRequest) -> models.Application:
    sid, now = new_sid(), seconds(call.now)
    application = models.Application(
        sid=sid,
        account_sid=call.world.project,
        api_version=API_VERSION,
        date_created=now,
        date_updated=now,
        uri=uri_of(call.world, "Applications", sid),
        voice_caller_id_lookup=False,
        **{**dict.fromkeys(_METHODS, "POST"), **_given(request)},
    )
    call.area(Applications).applications.put(sid, application)
    return application


@handles(operations.APPLICATIONS_GET)
def get_application(call: Call, request: models.ApplicationsGetRequest) -> models.Application:
    return found(call.area(Applications).applications.get(request.sid), "application")


@handles(operations.APPLICATIONS_UPDATE, limits=_APPLICATION_LIMITS)
def update_application(call: Call, request: models.ApplicationsUpdateRequest) -> models.Application:
    applications = call.area(Applications).applications
    application = found(applications.get(request.sid), "application")
    updated = evolve(application, date_updated=seconds(call.now), **_given(request))
    applications.put(request.sid, updated)
    return updated


@handles(operations.APPLICATIONS_DELETE)
def delete_application(call: Call, request: models.ApplicationsDeleteRequest) -> None:
    found(call.area(Applications).applications.take(request.sid), "application")


@handles(operations.LAML_BINS_LIST, limits=PAGE_LIMITS)
def list_scripts(call: Call, request: models.LamlBinsListRequest) -> models.CxmlScriptList:
    scripts = [one for one in call.area(Applications).scripts if request.name in (None, one.name)]
    return listing(call, models.CxmlScriptList, "laml_bins", scripts, request.page, request.page_size)


@handles(operations.LAML_BINS_CREATE, status=201, limits=_SCRIPT_LIMITS)
def create_script(call: Call, request: models.LamlBinsCreateRequest) -> models.CxmlScript:
    sid, now = new_sid(), seconds(call.now)
    script = models.CxmlScript(
        sid=sid,
        date_created=now,
        date_updated=now,
        account_sid=call.world.project,
        name=request.name,
        contents=request.contents or "",
        request_url=f"https://emulator.signalwire.invalid/laml-bins/{sid}",
        num_requests=0,
        api_version=API_VERSION,
        uri=uri_of(call.world, "LamlBins", sid),
    )
    call.area(Applications).scripts.put(sid, script)
    return script


@handles(operations.LAML_BINS_GET)
def get_script(call: Call, request: models.LamlBinsGetRequest) -> models.CxmlScript:
    return found(call.area(Applications).scripts.get(request.sid), "cXML script")


@handles(operations.LAML_BINS_UPDATE, limits=_SCRIPT_LIMITS)
def update_script(call: Call, request: models.LamlBinsUpdateRequest) -> models.CxmlScript:
    scripts = call.area(Applications).scripts
    script = found(scripts.get(request.sid), "cXML script")
    updated = evolve(script, date_updated=seconds(call.now), **_given(request))
    scripts.put(request.sid, updated)
    return updated


@handles(operations.LAML_BINS_DELETE)
def delete_script(call: Call, request: models.LamlBinsDeleteRequest) -> None:
    found(call.area(Applications).scripts.take(request.sid), "cXML script")
