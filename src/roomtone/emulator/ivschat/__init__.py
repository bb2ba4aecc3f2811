"""Amazon IVS Chat: rooms, who is in them and what is said there, and where it is logged."""

from __future__ import annotations

from roomtone.emulator.ivschat import logs, messaging, rooms, tags
from roomtone.emulator.ivschat.commands import ChatCommands
from roomtone.emulator.ivschat.state import Chat, ChatConnection, ChatEvent, ChatMessage, handles, invalid

__all__ = [
    "Chat",
    "ChatCommands",
    "ChatConnection",
    "ChatEvent",
    "ChatMessage",
    "handles",
    "invalid",
    "logs",
    "messaging",
    "rooms",
    "tags",
]
