"""Meetings of Amazon Chime SDK: their attendees, transcription and tags."""

from __future__ import annotations

from roomtone.emulator.meetings import attendees, meetings, tagging, transcription
from roomtone.emulator.meetings.area import Meetings, handles, id_in
from roomtone.emulator.meetings.commands import MeetingCommands

__all__ = ["MeetingCommands", "Meetings", "attendees", "handles", "id_in", "meetings", "tagging", "transcription"]
