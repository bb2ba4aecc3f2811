"""SignalWire's compatibility API, played: every operation of it, and media streams that really connect."""

from __future__ import annotations

# Importing a module registers its handlers.
from roomtone.emulator.signalwire import accounts, applications, phone_numbers
from roomtone.emulator.signalwire.calls import CallCommands
from roomtone.emulator.signalwire.common import handles, invalid
from roomtone.emulator.signalwire.conferences import ConferenceCommands
from roomtone.emulator.signalwire.faxes import FaxCommands
from roomtone.emulator.signalwire.messages import MessageCommands
from roomtone.emulator.signalwire.queues import QueueCommands
from roomtone.emulator.signalwire.recordings import RecordingCommands
from roomtone.emulator.signalwire.sound import Silence, Sine, Sound, WavFile
from roomtone.emulator.signalwire.stream import Stream
from roomtone.emulator.signalwire.streams import StreamCommands

__all__ = [
    "CallCommands",
    "ConferenceCommands",
    "FaxCommands",
    "MessageCommands",
    "QueueCommands",
    "RecordingCommands",
    "Silence",
    "Sine",
    "Sound",
    "Stream",
    "StreamCommands",
    "WavFile",
    "accounts",
    "applications",
    "handles",
    "invalid",
    "phone_numbers",
]
