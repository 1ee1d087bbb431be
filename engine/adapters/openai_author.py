"""An Author on any server that speaks OpenAI's Chat Completions: one call, no retries of its own, a bound on the whole time.

Figures about the SDK (3.54.0) behind this: its `timeout` is per read, so that a slow drip never ends; it answers HTML with a `str`, and an error
sent with status 200 with `choices=None`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessage

from engine.adapters.openai_errors import bad_answer, classified
from engine.errors import Transient
from engine.ports import Reply, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai.types.chat import ChatCompletionMessageParam
    from openai.types.completion_usage import CompletionUsage

    from engine.ports import Message

OPENAI_URL = "https://api.openai.com/v1"
_CONNECT_SECONDS = 5.0


class OpenAIAuthor:
    """Asks the models of one server. `base_url` None is OpenAI itself; the SDK's own environment variables are not read."""

    provider = "openai"
    simulated = False

    def __init__(self, *, api_key: str, base_url: str | None, models: Sequence[str]) -> None:
        self._api_key = api_key
        self.base_url = base_url or OPENAI_URL
        self.models: Sequence[str] = tuple(models)

    def write(self, messages: Sequence[Message], *, model: str, seconds: float) -> Reply:
        """Ask `model` once; the call, its connection included, is over within `seconds` of wall-clock time.

        A refusal comes back as a Reply with the finish_reason `refusal`, an answer without text as one with the text "".
        Raises Transient (model_timeout, model_unreachable, model_overloaded), OutOfService (model_key_refused, model_quota_spent),
        Permanent (model_unknown, model_refused_request, model_bad_answer). Must not be called inside a running event loop.
        """
        loop = asyncio.new_event_loop()  # not asyncio.run: that waits at its end for a name lookup that hangs
        try:
            return loop.run_until_complete(self._ask_within(messages, model, seconds))
        finally:
            loop.close()

    async def _ask_within(self, messages: Sequence[Message], model: str, seconds: float) -> Reply:
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(messages, model, seconds)
        except TimeoutError:
            raise Transient("model_timeout", f"The model {model} did not answer within {seconds:.0f} s.") from None

    async def _ask(self, messages: Sequence[Message], model: str, seconds: float) -> Reply:
        timeout = openai.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        async with openai.AsyncOpenAI(
            api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=timeout
        ) as client:
            try:
                raw = await client.chat.completions.with_raw_response.create(
                    model=model, messages=[_as_parameter(one) for one in messages]
                )
                answer: object = raw.parse()
            except (openai.OpenAIError, ValueError, TypeError) as error:
                # `from None`: the SDK's exceptions hold the request, and with it the key.
                raise classified(error, model) from None
            return _read(answer, model, raw.request_id or "")


def _as_parameter(message: Message) -> ChatCompletionMessageParam:
    match message.role:
        case "system":
            return {"role": "system", "content": message.content}
        case "assistant":
            return {"role": "assistant", "content": message.content}
        case "user":
            return {"role": "user", "content": message.content}


def _read(answer: object, model: str, request_id: str) -> Reply:
    """Turn what the SDK returned into a Reply. Compatible servers send what its types rule out, hence the distrust."""
    if not isinstance(answer, ChatCompletion):
        raise bad_answer(model, "something that is no chat completion, such as a web page")
    reported = (answer.model_extra or {}).get("error")
    if reported:
        raise classified(reported, model)
    choice = answer.choices[0] if answer.choices else None
    message: object = choice.message if choice else None
    if choice is None or not isinstance(message, ChatCompletionMessage):
        raise bad_answer(model, "no choices")
    return Reply(
        text=message.refusal or message.content or "",
        model=answer.model or model,
        finish_reason="refusal" if message.refusal else str(choice.finish_reason),
        usage=_usage(answer.usage),
        request_id=request_id or answer.id or "",
    )


def _usage(usage: CompletionUsage | None) -> Usage:
    """Read the tokens, and the cost where the provider reports one (https://openrouter.ai/docs/use-cases/usage-accounting)."""
    if usage is None:
        return Usage()
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    reported: object = (usage.model_extra or {}).get("cost")
    cost = float(reported) if isinstance(reported, int | float) and not isinstance(reported, bool) else None
    return Usage(
        input=usage.prompt_tokens,
        cached=prompt.cached_tokens if prompt else None,
        output=usage.completion_tokens,
        reasoning=completion.reasoning_tokens if completion else None,
        cost=cost,
        cost_source="" if cost is None else "reported",
    )
