"""What a SignalWire project has beside traffic: subprojects, tokens, applications, scripts, telephone numbers."""

from __future__ import annotations

import pytest

import roomtone
from roomtone.emulator import PROJECT_ID
from roomtone.signalwire import SignalWireInvalidRequestError, SignalWireNotFoundError, codes

pytestmark = pytest.mark.anyio

URL = "https://app.example/answer"


async def test_subprojects(live: roomtone.Client) -> None:
    """The project is there; subprojects are made, found by name and renamed."""
    accounts = live.signalwire.accounts
    made = await accounts.create(friendly_name="sub")
    assert (made.subproject, made.owner_account_sid, made.status) == (True, PROJECT_ID, "active")
    assert [one.sid async for one in accounts.iter_accounts(page_size=1)] == [PROJECT_ID, made.sid]
    assert (await accounts.get(PROJECT_ID)).subproject is False
    await accounts.update(made.sid, friendly_name="renamed")
    assert [one.sid async for one in accounts.iter_accounts(friendly_name="renamed")] == [made.sid]
    assert made.subresource_uris is not None
    assert made.subresource_uris.calls == f"/api/laml/2010-04-01/Accounts/{made.sid}/Calls"
    with pytest.raises(SignalWireNotFoundError):
        await accounts.get("nobody")
    with pytest.raises(SignalWireInvalidRequestError, match="friendly_name"):
        await accounts.create(friendly_name="x" * 251)


async def test_tokens(live: roomtone.Client) -> None:
    """A token is made, changed and gone; a refusal names the attribute."""
    tokens = live.signalwire.tokens
    made = await tokens.create(name="ci", permissions=["voice", "messaging"])
    assert (made.name, made.permissions) == ("ci", ["voice", "messaging"])
    assert (made.token or "").startswith("PT")
    changed = await tokens.update(made.id or "", permissions=["fax"])
    assert (changed.name, changed.permissions, changed.token) == ("ci", ["fax"], made.token)
    assert (await tokens.update(made.id or "", name="other")).name == "other"
    for refused, attribute in (
        (tokens.create(name="", permissions=["voice"]), "name"),
        (tokens.create(name="x", permissions=["voice"], subproject_id="nothing"), "subproject_id"),
        (tokens.update(made.id or "", name=""), "name"),
    ):
        with pytest.raises(SignalWireInvalidRequestError) as caught:
            await refused
        assert isinstance(caught.value.body, dict)
        assert caught.value.body.keys() == {"type", "code", "message", "attribute", "url"}
        assert (caught.value.status, caught.value.body["attribute"]) == (422, attribute)
    await tokens.delete(made.id or "")
    with pytest.raises(SignalWireNotFoundError):
        await tokens.update(made.id or "", name="gone")


async def test_applications(live: roomtone.Client) -> None:
    applications = live.signalwire.applications
    made = await applications.create(friendly_name="app", voice_url=URL, voice_method="GET")
    assert (made.voice_url, made.voice_method, made.sms_method, made.sms_url) == (URL, "GET", "POST", None)
    updated = await applications.update(made.sid, friendly_name="app 2", sms_url=URL)
    assert (updated.friendly_name, updated.voice_url, updated.sms_url) == ("app 2", URL, URL)
    assert await applications.get(made.sid) == updated
    assert [one.sid async for one in applications.iter_applications(friendly_name="app 2")] == [made.sid]
    assert (await applications.list(friendly_name="app")).applications == []
    await applications.delete(made.sid)
    for gone in (applications.get(made.sid), applications.delete(made.sid)):
        with pytest.raises(SignalWireNotFoundError):
            await gone


async def test_scripts(live: roomtone.Client) -> None:
    bins = live.signalwire.laml_bins
    made = await bins.create(name="hello", contents="<Response/>")
    assert (made.contents, made.num_requests) == ("<Response/>", 0)
    assert (await bins.create(name="empty")).contents == ""
    assert (await bins.update(made.sid, name="bye")).contents == "<Response/>"
    assert [one.name async for one in bins.iter_laml_bins(page_size=1)] == ["bye", "empty"]
    assert [one.sid for one in (await bins.list(name="bye")).laml_bins] == [made.sid]
    await bins.delete(made.sid)
    with pytest.raises(SignalWireNotFoundError):
        await bins.get(made.sid)
    with pytest.raises(SignalWireInvalidRequestError, match="name"):
        await bins.create(name="")


async def test_a_number_is_searched_bought_and_released(live: roomtone.Client) -> None:
    """A number that was bought is no longer for sale, until it is released."""
    numbers = live.signalwire.phone_numbers
    countries = (await numbers.list_available_countries()).countries
    assert [one.country_code for one in countries] == ["US", "CA"]
    assert await numbers.get_available_country("US") == countries[0]

    async def seattle() -> list[str | None]:
        found = await numbers.search_local("US", area_code="206", in_region="WA", fax_enabled=True)
        return [one.phone_number for one in found.available_phone_numbers]

    (first, *rest) = await seattle()
    assert len(rest) == 19
    bought = await numbers.purchase(phone_number=first or "", voice_url=URL, friendly_name="front desk")
    assert (bought.origin, bought.voice_url, bought.voice_method) == ("signalwire", URL, "POST")
    assert bought.capabilities is not None
    assert bought.capabilities.fax is True
    assert await seattle() == rest
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await numbers.purchase(phone_number=first or "")
    assert caught.value.code == codes.INVALID_PHONE_NUMBER
    updated = await numbers.update(bought.sid, friendly_name="desk", sms_url=URL)
    assert (updated.friendly_name, updated.voice_url, updated.sms_url) == ("desk", URL, URL)
    assert await numbers.get(bought.sid) == updated
    assert [one.sid async for one in numbers.iter_phone_numbers(friendly_name="desk")] == [bought.sid]
    await numbers.delete(bought.sid)
    with pytest.raises(SignalWireNotFoundError):
        await numbers.get(bought.sid)
    assert await seattle() == [first, *rest]


async def test_searches(live: roomtone.Client) -> None:
    """Numbers by what they contain, where they are and what they can do; a country that has none is a 400."""
    numbers = live.signalwire.phone_numbers
    found = (await numbers.search_local("CA", contains="*0105", mms_enabled=True)).available_phone_numbers
    assert [(one.phone_number, one.locality) for one in found] == [("+14165550105", "Toronto")]
    assert {one.locality for one in (await numbers.search_local("US", fax_enabled=False)).available_phone_numbers} == {
        "New York",
        "Austin",
    }
    assert (await numbers.search_local("US", beta=True)).available_phone_numbers == []
    free = (await numbers.search_toll_free("US", area_code="888")).available_phone_numbers
    assert len(free) == 20
    assert {(one.region, one.capabilities.mms if one.capabilities else None) for one in free} == {(None, False)}
    for refused in (numbers.search_local("XX"), numbers.search_toll_free("XX"), numbers.get_available_country("XX")):
        with pytest.raises(SignalWireInvalidRequestError) as caught:
            await refused
        assert caught.value.status == 400


async def test_numbers_from_elsewhere(live: roomtone.Client) -> None:
    """A hosted number is imported with its capabilities; a refusal has its code as a text."""
    numbers = live.signalwire.phone_numbers
    made = await numbers.import_number(number="+498912345", number_type="longcode", capabilities=["voice", "sms"])
    assert (made.origin, made.phone_number) == ("hosted", "+498912345")
    assert made.capabilities is not None
    assert (made.capabilities.voice, made.capabilities.mms) == (True, False)
    assert [one.sid async for one in numbers.iter_phone_numbers(phone_number="*8912*")] == [made.sid]
    for arguments, code in (
        ({"number": "+498912345", "number_type": "longcode"}, codes.INVALID_PHONE_NUMBER),
        ({"number": "8912345", "number_type": "longcode"}, codes.INVALID_ARGUMENT),
        ({"number": "+498912346", "number_type": "short"}, codes.INVALID_ARGUMENT),
        ({"number": "+498912346", "number_type": "tollfree", "capabilities": ["tv"]}, codes.CAPABILITIES_INVALID),
    ):
        with pytest.raises(SignalWireInvalidRequestError) as caught:
            await numbers.import_number(**arguments)
        assert isinstance(caught.value.body, dict)
        assert (caught.value.body["code"], caught.value.body["status"]) == (code, 422)
    with pytest.raises(SignalWireInvalidRequestError, match="phone_number"):
        await numbers.purchase(phone_number="12065550100")
