"""What is kept of media pipelines: the pipelines of every kind with their tasks, configurations and stream pools."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, evolve, field

from roomtone.chime_sdk_media_pipelines import errors, models
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.media_pipelines.life import Life
from roomtone.emulator.meetings import Meetings
from roomtone.emulator.state import Call, Shelf, Tokens, World, region_of

__all__ = [
    "ARN",
    "ARN_PATTERN",
    "IDENTIFIER",
    "MAX_TAGS",
    "NAME_PATTERN",
    "PAGE",
    "PIPELINE_ID",
    "TAGS",
    "TOKEN",
    "TOKEN_PATTERN",
    "Configuration",
    "MediaPipelines",
    "Pipeline",
    "Pool",
    "Resource",
    "Task",
    "as_tags",
    "handles",
    "is_of_region",
    "reused",
]

handles: Handlers = Handlers()

PAGE = 100
MAX_PAUSE = timedelta(hours=2)
"""How long an insights pipeline can be paused before it stops."""

ARN = (1, 1024)
IDENTIFIER = (1, 1024)
PIPELINE_ID = (36, 36)
TOKEN = (2, 64)
ARN_PATTERN = r"arn[-/:_.a-zA-Z0-9]+"
NAME_PATTERN = r"[-0-9a-zA-Z._]+"
TOKEN_PATTERN = {"client_request_token": r"[-_a-zA-Z0-9]*"}
MAX_TAGS = 200
TAGS = {"tags": (1, MAX_TAGS), "tags[].key": (1, 128), "tags[].value": (0, 256)}


class Resource(Protocol):
    """What has an ARN and tags."""

    tags: dict[str, str]

    @property
    def arn(self) -> str: ...


ResourceT = TypeVar("ResourceT", bound=Resource)
DetailT = TypeVar(
    "DetailT",
    models.MediaCapturePipeline,
    models.MediaConcatenationPipeline,
    models.MediaInsightsPipeline,
    models.MediaLiveConnectorPipeline,
    models.MediaStreamPipeline,
)


@define(eq=False)
class Task:
    """A voice analysis of an insights pipeline."""

    task_id: str
    kind: str
    """`speaker search` or `voice tone analysis`."""
    created: datetime
    life: Life


@define(eq=False)
class Pipeline(Generic[DetailT]):
    """A pipeline of any kind."""

    detail: DetailT
    """All that is told of it but its status."""
    life: Life
    tags: dict[str, str]
    meetings: tuple[str, ...] = ()
    """The ARNs of the meetings it takes its media from; it stops when one ends."""
    waits_for: str | None = None
    """The id of the capture pipeline that a concatenation works on: it begins when that has ended."""
    tasks: dict[str, Task] = field(factory=dict)

    @property
    def arn(self) -> str:
        return self.detail.media_pipeline_arn

    @property
    def pipeline_id(self) -> str:
        return self.detail.media_pipeline_id

    def told(self) -> DetailT:
        """The pipeline as the API tells of it."""
        if isinstance(self.detail, models.MediaInsightsPipeline):
            elements = [evolve(element, status=self.life.status) for element in self.detail.element_statuses or ()]
            return evolve(self.detail, status=self.life.status, element_statuses=elements)
        return evolve(self.detail, status=self.life.status, updated_timestamp=self.life.since)

    def stop_tasks(self, moment: datetime) -> None:
        for task in self.tasks.values():
            if not task.life.over:
                task.life.become("Stopped", moment)


@define(eq=False)
class Pool:
    """A pool of Kinesis video streams."""

    detail: models.KinesisVideoStreamPoolConfiguration
    life: Life
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        return self.detail.pool_arn

    def told(self) -> models.KinesisVideoStreamPoolConfiguration:
        return evolve(self.detail, pool_status=self.life.status, updated_timestamp=self.life.since)


@define(eq=False)
class Configuration:
    """What an insights pipeline does with the media."""

    detail: models.MediaInsightsPipelineConfiguration
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        return self.detail.media_insights_pipeline_configuration_arn


@define(eq=False)
class Named(Generic[ResourceT]):
    """Resources that are found by ARN, by id, and by name in the region that is called."""

    kind: str
    """What stands before the name in an ARN."""
    shelf: Shelf[ResourceT] = field(factory=Shelf)
    """By ARN."""
    _arns: dict[str, str] = field(factory=dict)
    """By id."""

    def arn(self, call: Call, name: str) -> str:
        return call.arn("chime", f"{self.kind}/{name}")

    def put(self, resource: ResourceT, resource_id: str) -> None:
        self.shelf.put(resource.arn, resource)
        self._arns[resource_id] = resource.arn

    def get(self, call: Call, identifier: str) -> ResourceT | None:
        for arn in (identifier, self._arns.get(identifier.lower(), ""), self.arn(call, identifier)):
            found = self.shelf.get(arn)
            if found is not None:
                return found
        return None

    def take(self, resource: ResourceT, resource_id: str) -> None:
        self.shelf.take(resource.arn)
        self._arns.pop(resource_id, None)


def is_of_region(call: Call) -> Callable[[Resource], bool]:
    """Whether a resource is of the region that is called."""
    return lambda resource: region_of(resource.arn) == call.region


def as_tags(tags: Iterable[models.Tag] | None) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags or ()}


def reused(error: type[errors.BadRequestException | errors.ConflictException]) -> Callable[[], Exception]:
    """The error of a client request token that stands for another request."""
    return lambda: error("the client request token was used with other parameters")


@define(eq=False)
class MediaPipelines:
    """Everything there is. What is asked for has first become what it is by now."""

    transition: timedelta = timedelta()
    """How long each passing status lasts: Initializing, Stopping, CREATING, UPDATING, DELETING."""
    pipelines: Shelf[Pipeline[Any]] = field(factory=Shelf)
    captured: set[str] = field(factory=set)
    """The ids of capture pipelines that are deleted; what they captured can still be concatenated."""
    of_meeting: dict[tuple[type[Any], str], str] = field(factory=dict)
    """The id of the newest pipeline by its kind and the id of its meeting."""
    pools: Named[Pool] = field(factory=lambda: Named[Pool]("media-pipeline-kinesis-video-stream-pool"))
    configurations: Named[Configuration] = field(
        factory=lambda: Named[Configuration]("media-insights-pipeline-configuration")
    )
    tokens: Tokens = field(factory=Tokens)

    def pipeline(self, world: World, identifier: str) -> Pipeline[Any]:
        """A pipeline by id or ARN. Raises NotFoundException."""
        pipeline = self.pipelines.get(identifier.rpartition("/")[2].lower())
        if pipeline is None or ("/" in identifier and pipeline.arn != identifier):
            raise errors.NotFoundException("there is no such media pipeline")
        if not self.is_here(world, pipeline):
            self.pipelines.take(pipeline.pipeline_id)
            raise errors.NotFoundException("the media pipeline is deleted")
        return pipeline

    def is_here(self, world: World, pipeline: Pipeline[Any]) -> bool:
        """Lets a pipeline become what it is by now; False when it is gone."""
        now, life = world.clock(), pipeline.life
        if self._may_begin(world, pipeline):
            life.settle(now, self.transition)
        ends = [moment for arn in pipeline.meetings if (moment := world.area(Meetings).ended_at(arn)) is not None]
        if life.status == "Paused" and now >= life.since + MAX_PAUSE:
            ends.append(life.since + MAX_PAUSE)
        if ends and not life.ending:
            life.become("Stopping", min(ends))
            life.settle(now, self.transition)
        if life.ending:
            pipeline.stop_tasks(life.since)
        for task in pipeline.tasks.values():
            task.life.settle(now, self.transition)
        return not life.gone(now, self.transition)

    def _may_begin(self, world: World, pipeline: Pipeline[Any]) -> bool:
        """Whether what a pipeline waits for has ended."""
        if pipeline.waits_for is None:
            return True
        awaited = self.pipelines.get(pipeline.waits_for)
        if awaited is not None and self.is_here(world, awaited):
            if not awaited.life.over:
                return pipeline.life.ending
            pipeline.life.since = max(pipeline.life.since, awaited.life.since)
        pipeline.waits_for = None
        return True

    def pool(self, call: Call, identifier: str) -> Pool:
        """A pool by ARN, id or name. Raises NotFoundException."""
        pool = self.pools.get(call, identifier)
        if pool is None:
            raise errors.NotFoundException("there is no such Kinesis video stream pool")
        if not self.has_pool(call.world, pool):
            self.pools.take(pool, pool.detail.pool_id)
            raise errors.NotFoundException("the Kinesis video stream pool is deleted")
        return pool

    def has_pool(self, world: World, pool: Pool) -> bool:
        """Lets a pool become what it is by now; False when it is gone."""
        now = world.clock()
        pool.life.settle(now, self.transition)
        return not pool.life.gone(now, self.transition)

    def configuration(self, call: Call, identifier: str) -> Configuration:
        """An insights configuration by ARN, id or name. Raises NotFoundException."""
        configuration = self.configurations.get(call, identifier)
        if configuration is None:
            raise errors.NotFoundException("there is no such media insights pipeline configuration")
        return configuration

    def running(self, world: World) -> list[Pipeline[Any]]:
        """The pipelines that have not ended."""
        return [one for one in self.pipelines if self.is_here(world, one) and not one.life.over]
