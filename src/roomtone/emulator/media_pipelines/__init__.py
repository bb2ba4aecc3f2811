"""Media pipelines of Amazon Chime SDK: every kind, their insights configurations, stream pools, tasks and tags."""

from __future__ import annotations

from roomtone.emulator.media_pipelines import insights, pipelines, pools, tagging, tasks
from roomtone.emulator.media_pipelines.area import MediaPipelines, handles
from roomtone.emulator.media_pipelines.commands import MediaPipelineCommands

__all__ = ["MediaPipelineCommands", "MediaPipelines", "handles", "insights", "pipelines", "pools", "tagging", "tasks"]
