"""Amazon Chime SDK Identity: app instances, their users, bots and administrators."""

from roomtone.emulator.identity import apps, bots, tags, users
from roomtone.emulator.identity.base import handles

__all__ = ["apps", "bots", "handles", "tags", "users"]
