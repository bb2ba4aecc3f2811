"""What the voice double holds beside phone numbers and tags, and how each is found by its id."""

from __future__ import annotations

import re
from typing import TypeVar

from attrs import define, field

from roomtone.chime_sdk_voice import errors, models
from roomtone.emulator.state import Call, Shelf, Tokens
from roomtone.emulator.voice.base import found

__all__ = ["Application", "Connector", "LiveCall", "Voice", "voice"]

SettingT = TypeVar("SettingT")


@define(eq=False)
class Connector:
    """One voice connector, its proxy sessions, who may call out by it, and at most one setting of a kind."""

    detail: models.VoiceConnector
    sessions: Shelf[models.ProxySession] = field(factory=Shelf)
    passwords: dict[str, str] = field(factory=dict, repr=False)
    """By user name; no API ever answers them."""
    health: models.TerminationHealth | None = None
    _settings: dict[type[object], object] = field(factory=dict, init=False)

    def setting(self, kind: type[SettingT]) -> SettingT | None:
        """The setting of a kind, such as `models.Origination`; None when it is not set."""
        known = self._settings.get(kind)
        return known if isinstance(known, kind) else None

    def needed(self, kind: type[SettingT]) -> SettingT:
        """The setting of a kind. Raises NotFoundException when it is not set."""
        setting = self.setting(kind)
        if setting is None:
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
            raise errors.NotFoundException(f"the voice connector has no {words}")
        return setting

    def put(self, setting: SettingT) -> SettingT:
        """Sets a setting, whatever was set of its kind before."""
        self._settings[type(setting)] = setting
        return setting

    def drop(self, kind: type[object]) -> None:
        """Takes the setting of a kind away. Raises NotFoundException when it is not set."""
        self.needed(kind)
        del self._settings[kind]


@define(eq=False)
class Application:
    """One SIP media application."""

    detail: models.SipMediaApplication
    logging: models.SipMediaApplicationLoggingConfiguration


@define(eq=False)
class LiveCall:
    """A phone call over a voice connector or a SIP media application."""

    owner_id: str
    """The id of the voice connector or of the SIP media application."""
    ended: bool = False


@define(eq=False)
class Voice:
    """All of the account's: voice connectors and SIP media applications are said to be in a region, lists show all."""

    connectors: Shelf[Connector] = field(factory=Shelf)
    groups: Shelf[models.VoiceConnectorGroup] = field(factory=Shelf)
    applications: Shelf[Application] = field(factory=Shelf)
    rules: Shelf[models.SipRule] = field(factory=Shelf)
    domains: Shelf[models.VoiceProfileDomain] = field(factory=Shelf)
    profiles: Shelf[models.VoiceProfile] = field(factory=Shelf)
    tokens: Tokens = field(factory=Tokens)
    calls: dict[str, LiveCall] = field(factory=dict)
    """By transaction id."""

    def connector(self, voice_connector_id: str) -> Connector:
        """A voice connector. Raises NotFoundException."""
        return found(self.connectors.get(voice_connector_id), "voice connector")

    def group(self, voice_connector_group_id: str) -> models.VoiceConnectorGroup:
        """A voice connector group. Raises NotFoundException."""
        return found(self.groups.get(voice_connector_group_id), "voice connector group")

    def application(self, sip_media_application_id: str) -> Application:
        """A SIP media application. Raises NotFoundException."""
        return found(self.applications.get(sip_media_application_id), "SIP media application")

    def rule(self, sip_rule_id: str) -> models.SipRule:
        """A SIP rule. Raises NotFoundException."""
        return found(self.rules.get(sip_rule_id), "SIP rule")

    def domain(self, voice_profile_domain_id: str) -> models.VoiceProfileDomain:
        """A voice profile domain. Raises NotFoundException."""
        return found(self.domains.get(voice_profile_domain_id), "voice profile domain")

    def profile(self, voice_profile_id: str) -> models.VoiceProfile:
        """A voice profile. Raises NotFoundException."""
        return found(self.profiles.get(voice_profile_id), "voice profile")


def voice(call: Call) -> Voice:
    return call.area(Voice)
