"""Reads an answer as the SDK parsed it. Compatible servers send values that the SDK's types rule out.

The SDK (3.54.0) returns a `str` for HTML, and `choices=None` for an error with status 200.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice
from openai.types.completion_usage import CompletionUsage

from engine.adapters.openai.errors import bad_answer, classified
from engine.domain import prices
from engine.domain.model_call import Reply, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.prices import Price
    from engine.errors import EngineError


def read_answer(
    answer: object, *, model: str, request_id: str, parameters: Mapping[str, object], price: Price | None
) -> Reply:
    """Return the answer as a Reply. A refusal has the finish_reason `refusal`; the text may be "".

    Raises EngineError for anything else than an answer; the error's `reply` holds model, usage and parameters.
    """
    partial = Reply("", model, "", parameters=parameters, request_id=request_id)
    if not isinstance(answer, ChatCompletion):
        raise _with_reply(bad_answer(model, "something that is no chat completion, such as a web page"), partial)
    partial = Reply(
        text="",
        model=str(answer.model or model),
        finish_reason="",
        usage=_usage(answer.usage, price),
        parameters=parameters,
        request_id=request_id or str(answer.id or ""),
    )
    if reported := (answer.model_extra or {}).get("error"):
        raise _with_reply(classified(reported, model), partial)
    choices = cast("object", answer.choices)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message: object = getattr(choice, "message", None)
    if not isinstance(choice, Choice) or not isinstance(message, ChatCompletionMessage):
        raise _with_reply(_failed(choice, model) or bad_answer(model, "no choices"), partial)
    text, refusal = text_of(message.content), text_of(message.refusal)
    if not text and (failed := _failed(choice, model)):
        raise _with_reply(failed, partial)
    finish_reason = "refusal" if refusal else str(cast("object", choice.finish_reason) or "")
    return Reply(
        refusal or text,
        partial.model,
        finish_reason,
        partial.usage,
        parameters=parameters,
        request_id=partial.request_id,
    )


def _with_reply(error: EngineError, partial: Reply) -> EngineError:
    error.reply = partial
    return error


def _failed(choice: object, model: str) -> EngineError | None:
    """Return the error inside a choice, with which OpenRouter reports a failure in the middle of an answer."""
    reported = (choice.model_extra or {}).get("error") if isinstance(choice, Choice) else None
    return classified(reported, model) if reported else None


def text_of(content: object) -> str:
    """Return the text of a message or of a piece of one. Some servers send a list of parts."""
    match content:
        case str():
            return content
        case [*parts]:
            texts = (part.get("text") if isinstance(part, dict) else getattr(part, "text", None) for part in parts)
            return "".join(text for text in texts if isinstance(text, str))
        case _:
            return ""


def _usage(usage: object, price: Price | None) -> Usage:
    """Read the tokens, and the cost from the provider, else from the price table.

    https://openrouter.ai/docs/use-cases/usage-accounting
    """
    if not isinstance(usage, CompletionUsage):
        return Usage()
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    tokens = Usage(
        input=_count(usage.prompt_tokens),
        cached=_count(prompt.cached_tokens if prompt else None),
        output=_count(usage.completion_tokens),
        reasoning=_count(completion.reasoning_tokens if completion else None),
    )
    cost, source = _cost((usage.model_extra or {}).get("cost"), tokens, price)
    return Usage(tokens.input, tokens.cached, tokens.output, tokens.reasoning, cost, source)


def _cost(reported: object, tokens: Usage, price: Price | None) -> tuple[float | None, str]:
    if isinstance(reported, int | float) and not isinstance(reported, bool) and 0 <= reported < 100_000:
        return float(reported), "reported"
    if price is None or tokens.input is None or tokens.output is None:
        return None, ""
    cost = price.cost(input_tokens=tokens.input, cached_tokens=tokens.cached or 0, output_tokens=tokens.output)
    return cost, prices.SOURCE


def _count(number: object) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**31 else None
