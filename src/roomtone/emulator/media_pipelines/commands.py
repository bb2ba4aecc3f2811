"""What happens to media pipelines without any call: they fail, they end, and they take their time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import define

from roomtone.chime_sdk_media_pipelines import errors
from roomtone.emulator.media_pipelines.area import MediaPipelines, Pipeline, Pool, Task
from roomtone.emulator.state import World

__all__ = ["MediaPipelineCommands"]


@define(eq=False)
class MediaPipelineCommands:
    """What happens to pipelines, stream pools and tasks without any call.

    By default nothing waits: a pipeline is Initializing in the answer that creates it and InProgress at the next look.
    With a `transition` it stays Initializing, and later Stopping, until the emulator's clock has moved on by that much.
    """

    _world: World

    @property
    def transition(self) -> timedelta:
        """How long Initializing, Stopping, CREATING, UPDATING and DELETING last on the emulator's clock.

        Zero at first. Raises ValueError when it is set to less.
        """
        return self._world.area(MediaPipelines).transition

    @transition.setter
    def transition(self, span: timedelta) -> None:
        if span < timedelta():
            raise ValueError("a transition cannot take less than no time")
        with self._world.lock:
            self._world.area(MediaPipelines).transition = span

    def fail(self, identifier: str) -> None:
        """Lets something fail: it is Failed, or FAILED as a pool is, from now on.

        Args:
            identifier: The id or ARN of a pipeline or of a pool, or the id of a task.

        Raises:
            NotFoundException: There is no such thing.
            ConflictException: It has ended.
        """
        with self._world.lock:
            found = self._running(identifier)
            found.life.become("FAILED" if isinstance(found, Pool) else "Failed", self._world.clock())

    def stop(self, identifier: str) -> None:
        """Lets a pipeline or a task come to its end, as a concatenation does when all of it is written: Stopped.

        Args:
            identifier: The id or ARN of a pipeline, or the id of a task.

        Raises:
            NotFoundException: There is no such pipeline or task.
            ConflictException: It has ended.
        """
        with self._world.lock:
            found = self._running(identifier)
            if isinstance(found, Pool):
                raise errors.NotFoundException("there is no such pipeline or task; a pool does not end")
            found.life.become("Stopping", self._world.clock())

    def _running(self, identifier: str) -> Pipeline[Any] | Pool | Task:
        found = self._found(identifier)
        if found.life.over:
            raise errors.ConflictException(f"it has ended before: it is {found.life.status}")
        return found

    def _found(self, identifier: str) -> Pipeline[Any] | Pool | Task:
        area = self._world.area(MediaPipelines)
        for pipeline in area.pipelines:
            if identifier in (pipeline.pipeline_id, pipeline.arn) and area.is_here(self._world, pipeline):
                return pipeline
            if identifier in pipeline.tasks:
                area.is_here(self._world, pipeline)
                return pipeline.tasks[identifier]
        for pool in area.pools.shelf:
            if identifier in (pool.detail.pool_id, pool.arn) and area.has_pool(self._world, pool):
                return pool
        raise errors.NotFoundException("there is no pipeline, pool or task with this id or ARN")
