"""Bots of an app instance."""

from __future__ import annotations

from attrs import evolve

from roomtone.chime_sdk_identity import errors, models, operations
from roomtone.emulator.app_instances import Bot, app_instances, as_tags
from roomtone.emulator.chat_limits import MAX_RESULTS, METADATA, PAGE, TAGS, TOKEN
from roomtone.emulator.chats import new_id
from roomtone.emulator.identity.base import app_around, app_of, found, handles, once
from roomtone.emulator.state import Call

_BOT_LIMITS = {
    "name": (0, 256),
    "metadata": METADATA,
    "configuration.lex.lex_bot_alias_arn": (15, 2048),
    "configuration.lex.welcome_intent": (1, 100),
}


def _bot(call: Call, arn: str) -> Bot:
    return found(app_around(call, arn, "app instance bot").bots.get(arn), "app instance bot")


@handles(operations.CREATE_APP_INSTANCE_BOT, status=201, limits={**_BOT_LIMITS, **TAGS, "client_request_token": TOKEN})
def create_app_instance_bot(
    call: Call, request: models.CreateAppInstanceBotRequest
) -> models.CreateAppInstanceBotResponse:
    app = app_of(call, request.app_instance_arn)

    def make() -> models.CreateAppInstanceBotResponse:
        detail = models.AppInstanceBot(
            app_instance_bot_arn=f"{app.arn}/bot/{new_id()}",
            name=request.name,
            configuration=request.configuration,
            created_timestamp=call.now,
            last_updated_timestamp=call.now,
            metadata=request.metadata,
        )
        app.bots.put(detail.app_instance_bot_arn, Bot(detail, as_tags(request.tags)))
        return models.CreateAppInstanceBotResponse(app_instance_bot_arn=detail.app_instance_bot_arn)

    return once(app.tokens, request.client_request_token, request, make)


@handles(operations.DESCRIBE_APP_INSTANCE_BOT)
def describe_app_instance_bot(
    call: Call, request: models.DescribeAppInstanceBotRequest
) -> models.DescribeAppInstanceBotResponse:
    app = app_instances(call).around(request.app_instance_bot_arn)
    bot = app.bots.get(request.app_instance_bot_arn) if app else None
    if bot is None:
        raise errors.NotFoundException("there is no such app instance bot")
    return models.DescribeAppInstanceBotResponse(app_instance_bot=bot.detail)


@handles(operations.LIST_APP_INSTANCE_BOTS, limits=MAX_RESULTS)
def list_app_instance_bots(
    call: Call, request: models.ListAppInstanceBotsRequest
) -> models.ListAppInstanceBotsResponse:
    app = app_of(call, request.app_instance_arn)
    page, token = app.bots.page(request.next_token, request.max_results or PAGE)
    return models.ListAppInstanceBotsResponse(
        app_instance_arn=app.arn,
        app_instance_bots=[
            models.AppInstanceBotSummary(
                app_instance_bot_arn=bot.detail.app_instance_bot_arn,
                name=bot.detail.name,
                metadata=bot.detail.metadata,
            )
            for bot in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_APP_INSTANCE_BOT, limits=_BOT_LIMITS)
def update_app_instance_bot(
    call: Call, request: models.UpdateAppInstanceBotRequest
) -> models.UpdateAppInstanceBotResponse:
    bot = _bot(call, request.app_instance_bot_arn)
    bot.detail = evolve(
        bot.detail,
        name=request.name,
        metadata=request.metadata,
        configuration=request.configuration or bot.detail.configuration,
        last_updated_timestamp=call.now,
    )
    return models.UpdateAppInstanceBotResponse(app_instance_bot_arn=request.app_instance_bot_arn)


@handles(operations.DELETE_APP_INSTANCE_BOT)
def delete_app_instance_bot(call: Call, request: models.DeleteAppInstanceBotRequest) -> None:
    arn = _bot(call, request.app_instance_bot_arn).detail.app_instance_bot_arn
    app_around(call, arn, "app instance").remove(arn)
