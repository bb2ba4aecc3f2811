"""Amazon IVS low-latency streaming: channels, their streams, what is recorded, and who may watch."""

from __future__ import annotations

from roomtone.emulator.ivs import ads, channels, playback, recording, streams, tags
from roomtone.emulator.ivs.commands import IvsCommands
from roomtone.emulator.ivs.state import Ivs, handles

__all__ = ["Ivs", "IvsCommands", "ads", "channels", "handles", "playback", "recording", "streams", "tags"]
