"""Amazon IVS real-time streaming: stages, who is on them, what they publish, and what is composed of it."""

from __future__ import annotations

from roomtone.emulator.ivs_realtime import compositions, configurations, ingest, participants, replicas, stages, tags
from roomtone.emulator.ivs_realtime.commands import StageCommands
from roomtone.emulator.ivs_realtime.state import Stages, handles

__all__ = [
    "StageCommands",
    "Stages",
    "compositions",
    "configurations",
    "handles",
    "ingest",
    "participants",
    "replicas",
    "stages",
    "tags",
]
