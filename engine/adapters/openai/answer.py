"""Reads the parts of an answer from its JSON. Compatible servers send values that OpenAI's own API rules out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.domain import prices
from engine.domain.model_call import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.domain.prices import Price

#: The fields of a message that hold a model's thoughts. A server that fills two of them repeats the same text.
#: https://docs.vllm.ai/en/latest/features/reasoning_outputs/
#: https://openrouter.ai/docs/use-cases/reasoning-tokens
REASONING: Final = ("reasoning_content", "reasoning", "thinking", "reasoning_details")

#: Types of a part of the content that hold thoughts: https://docs.mistral.ai/capabilities/reasoning/
_THOUGHTS = frozenset({"thinking", "reasoning"})

#: What other APIs call an end, as gateways pass it on: Gemini's STOP and MAX_TOKENS, Anthropic's end_turn, TGI's
#: eos_token, Mistral's model_length (https://docs.mistral.ai/api/).
_ENDS: Final = {
    "stop": ("stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete"),
    "length": ("length", "max_tokens", "max_output_tokens", "model_length"),
    "content_filter": ("content_filter", "safety", "recitation", "prohibited_content", "blocklist"),
}
_OUR_NAME = {name: ours for ours, names in _ENDS.items() for name in names}

#: Finish reasons of an answer that failed: OpenRouter, vLLM, and https://api-docs.deepseek.com/api/create-chat-completion
_FAILURES = frozenset({"error", "abort", "cancelled", "insufficient_system_resource"})


def text_of(content: object) -> str:
    """Return the text of a message's content, which may be a list of parts, without thoughts."""
    match content:
        case str():
            return content
        case [*parts]:
            return "".join(map(text_of, parts))
        case {"type": str(kind)} if kind in _THOUGHTS:
            return ""
        case {"text": str(text)}:
            return text
        case _:
            return ""


def refusal_of(message: Mapping[str, object]) -> str:
    """Return the refusal of a message, or of the parts of its content."""
    parts = message.get("content")
    in_parts = (part.get("refusal") for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    return "".join(text for text in (message.get("refusal"), *in_parts) if isinstance(text, str))


def reasoning_of(message: Mapping[str, object]) -> tuple[str, str]:
    """Return the field of a message that holds thoughts, and the thoughts; ("", "") if there are none."""
    for name in REASONING:
        if text := _thoughts(message.get(name)):
            return name, text
    parts = message.get("content")
    text = "".join(map(_thoughts_in_part, parts)) if isinstance(parts, list) else ""
    return ("content", text) if text else ("", "")


def _thoughts_in_part(part: object) -> str:
    if not isinstance(part, dict) or part.get("type") not in _THOUGHTS:
        return ""
    return next((text for name in ("thinking", "reasoning", "text") if (text := _thoughts(part.get(name)))), "")


def _thoughts(value: object) -> str:
    """Return a text, or the joined texts of a list of parts."""
    match value:
        case str():
            return value
        case [*parts]:
            return "".join(map(_thoughts, parts))
        case {"text": str(text)} | {"thinking": str(text)} | {"summary": str(text)} | {"content": str(text)}:
            return text
        case _:
            return ""


def called_tools(message: Mapping[str, object]) -> list[str]:
    """Return the names of the tools that a message calls, "" for a further piece of a call."""
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    functions += [message["function_call"]] if message.get("function_call") else []
    return [str(one.get("name") or "") if isinstance(one, dict) else "" for one in functions]


def finish_reason_of(choice: Mapping[str, object]) -> str:
    """Return why the answer ended, in OpenAI's words if it is one of them; "" if it goes on."""
    reason = choice.get("finish_reason")
    return _OUR_NAME.get(reason.lower(), reason) if isinstance(reason, str) else ""


def error_in(name: str, event: Mapping[str, object]) -> object:
    """Return the error that an event reports, None if it reports none. `name` is the event's.

    vLLM's errors were objects of the type "error": https://github.com/block/goose/pull/8031
    """
    if reported := event.get("error"):
        return reported if isinstance(reported, dict | str) else event
    is_error = name == "error" or "error" in {str(event.get("object")), str(event.get("type"))}
    return event if is_error and not event.get("choices") else None


def failure_in(choice: Mapping[str, object]) -> object:
    """Return the error inside a choice, or the finish reason that stands for one; None if there is none."""
    if reported := choice.get("error"):
        return reported
    reason = str(choice.get("finish_reason")).lower()
    return {"code": reason} if reason in _FAILURES else None


def usage_in(event: Mapping[str, object]) -> dict[str, object] | None:
    """Return an event's tokens. Groq may send them in a field of its own: https://github.com/vercel/ai/issues/1651"""
    own = event.get("x_groq")
    for usage in (event.get("usage"), own.get("usage") if isinstance(own, dict) else None):
        if isinstance(usage, dict) and usage:
            return usage
    return None


def usage_of(usage: Mapping[str, object] | None, price: Price | None) -> Usage:
    """Read the tokens, and the cost from the provider, else from the price table.

    https://openrouter.ai/docs/use-cases/usage-accounting
    """
    if usage is None:
        return Usage()
    tokens = Usage(
        input=_count(usage.get("prompt_tokens")),
        cached=_count(_detail(usage, "prompt_tokens_details", "cached_tokens")),
        output=_count(usage.get("completion_tokens")),
        reasoning=_count(_detail(usage, "completion_tokens_details", "reasoning_tokens")),
    )
    cost, source = _cost(usage.get("cost"), tokens, price)
    return Usage(tokens.input, tokens.cached, tokens.output, tokens.reasoning, cost, source)


def _detail(usage: Mapping[str, object], group: str, name: str) -> object:
    details = usage.get(group)
    return details.get(name) if isinstance(details, dict) else None


def _cost(reported: object, tokens: Usage, price: Price | None) -> tuple[float | None, str]:
    if isinstance(reported, int | float) and not isinstance(reported, bool) and 0 <= reported < 100_000:
        return float(reported), "reported"
    if price is None or tokens.input is None or tokens.output is None:
        return None, ""
    cost = price.cost(input_tokens=tokens.input, cached_tokens=tokens.cached or 0, output_tokens=tokens.output)
    return cost, prices.SOURCE


def _count(number: object) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**31 else None
