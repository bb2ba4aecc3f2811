"""The project, its subprojects and API tokens, of SignalWire's compatibility API."""

from __future__ import annotations

from datetime import datetime

from attrs import define, evolve, field

from roomtone._core.codec import Misfit
from roomtone.emulator.signalwire.common import PAGE_LIMITS, found, handles, listing, new_sid, seconds, uri_of
from roomtone.emulator.state import Call, Shelf, World, random_id
from roomtone.signalwire import models, operations

__all__ = ["Accounts"]

_LIMITS = {"friendly_name": (1, 250)}
_TOKEN_LIMITS = {"name": (1, None), "permissions": (1, None)}
_SUBRESOURCES = {
    "available_phone_numbers": "AvailablePhoneNumbers",
    "applications": "Applications",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "queues": "Queues",
    "recordings": "Recordings",
    "messages": "Messages",
    "transcriptions": "Transcriptions",
}


@define(eq=False)
class Accounts:
    """The project, first of all its subprojects, and the tokens that were made."""

    accounts: Shelf[models.Account] = field(factory=Shelf)
    tokens: Shelf[models.Token] = field(factory=Shelf)


def _accounts(call: Call) -> Shelf[models.Account]:
    """All accounts; the project is there from the first look on."""
    accounts, project = call.area(Accounts).accounts, call.world.project
    if accounts.get(project) is None:
        accounts.put(project, _account(call.world, project, "emulator", seconds(call.now)))
    return accounts


def _account(world: World, sid: str, friendly_name: str, now: datetime) -> models.Account:
    uri = uri_of(world).replace(world.project, sid)
    return models.Account(
        sid=sid,
        friendly_name=friendly_name,
        status="active",
        auth_token="redacted" if sid == world.project else f"PT{random_id(48).lower()}",
        date_created=now,
        date_updated=now,
        type="Full",
        owner_account_sid=world.project,
        region_preference="us",
        uri=uri,
        subproject=sid != world.project,
        signing_key=f"PSK_{random_id(24)}",
        subresource_uris=models.SubresourceUris(**{name: f"{uri}/{path}" for name, path in _SUBRESOURCES.items()}),
    )


@handles(operations.ACCOUNTS_LIST, limits=PAGE_LIMITS)
def list_accounts(call: Call, request: models.AccountsListRequest) -> models.AccountList:
    accounts = [one for one in _accounts(call) if request.friendly_name in (None, one.friendly_name)]
    return listing(call, models.AccountList, "accounts", accounts, request.page, request.page_size)


@handles(operations.ACCOUNTS_CREATE, status=201, limits=_LIMITS)
def create_account(call: Call, request: models.AccountsCreateRequest) -> models.Account:
    account = _account(call.world, new_sid(), request.friendly_name, seconds(call.now))
    _accounts(call).put(account.sid, account)
    return account


@handles(operations.ACCOUNTS_GET)
def get_account(call: Call, request: models.AccountsGetRequest) -> models.Account:
    return found(_accounts(call).get(request.sid), "account")


@handles(operations.ACCOUNTS_UPDATE, limits=_LIMITS)
def update_account(call: Call, request: models.AccountsUpdateRequest) -> models.Account:
    account = found(_accounts(call).get(request.sid), "account")
    updated = evolve(account, friendly_name=request.friendly_name, date_updated=seconds(call.now))
    _accounts(call).put(request.sid, updated)
    return updated


@handles(operations.TOKENS_CREATE, limits=_TOKEN_LIMITS)
def create_token(call: Call, request: models.TokensCreateRequest) -> models.Token:
    if request.subproject_id is not None and _accounts(call).get(request.subproject_id) is None:
        raise Misfit("is no subproject of this project", "subproject_id")
    token = models.Token(
        id=new_sid(), name=request.name, permissions=list(request.permissions), token=f"PT{random_id(48).lower()}"
    )
    call.area(Accounts).tokens.put(token.id or "", token)
    return token


@handles(operations.TOKENS_UPDATE, limits={"name": (1, None)})
def update_token(call: Call, request: models.TokensUpdateRequest) -> models.Token:
    tokens = call.area(Accounts).tokens
    token = found(tokens.get(request.token_id), "token")
    if request.name is not None:
        token = evolve(token, name=request.name)
    if request.permissions is not None:
        token = evolve(token, permissions=list(request.permissions))
    tokens.put(request.token_id, token)
    return token


@handles(operations.TOKENS_DELETE)
def delete_token(call: Call, request: models.TokensDeleteRequest) -> None:
    found(call.area(Accounts).tokens.take(request.token_id), "token")
