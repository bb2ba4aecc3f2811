"""Amazon Chime SDK Messaging: channels, their members, what is said in them, and the flows that it goes through."""

from roomtone.emulator.messaging import channels, flows, memberships, messages, moderation, settings
from roomtone.emulator.messaging.base import handles

__all__ = ["channels", "flows", "handles", "memberships", "messages", "moderation", "settings"]
