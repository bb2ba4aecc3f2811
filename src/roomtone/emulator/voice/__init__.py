"""Amazon Chime SDK Voice: voice connectors, phone numbers, SIP media applications, voice profiles and analysis."""

from __future__ import annotations

# Each of these registers its handlers.
from roomtone.emulator.voice import (
    account,
    analysis,
    applications,
    connectors,
    groups,
    numbers,
    orders,
    profiles,
    proxies,
    rules,
    settings,
    tags,
)
from roomtone.emulator.voice.base import handles
from roomtone.emulator.voice.commands import VoiceCommands

__all__ = [
    "VoiceCommands",
    "account",
    "analysis",
    "applications",
    "connectors",
    "groups",
    "handles",
    "numbers",
    "orders",
    "profiles",
    "proxies",
    "rules",
    "settings",
    "tags",
]
