"""Checks a key and a model name by the server's list of models, which costs nothing."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import openai

from engine.adapters.openai.errors import classified
from engine.adapters.openai.fault import Fault
from engine.domain.prices import OPENAI_URL
from engine.domain.repository import Credential
from engine.errors import OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 15.0  # for the list

#: How many of the server's models the error names.
_MOST_NAMED = 5

#: The refusal of a key that may write but not list, which is a usable key.
#: https://platform.openai.com/docs/api-reference/project-api-keys
_MAY_NOT_LIST = re.compile(r"missing scopes|insufficient permissions", re.IGNORECASE)


def probe_models(*, api_key: str, base_url: str | None, models: Sequence[str], seconds: float = SECONDS) -> Credential:
    """Ask the server once for its list. `models` are the main one and the fallbacks; `detail` names unknown fallbacks.

    Raises OutOfService(model_key_refused), Permanent(model_unknown) if the list lacks the main model, and
    Transient(model_untested) without a list. Must not be called inside a running event loop.
    """
    known = _listed_models(api_key, base_url or OPENAI_URL, models[0], seconds)
    wanted, *fallbacks = models
    if not _is_among(wanted, known):
        some = ", ".join(sorted(known)[:_MOST_NAMED])
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        raise Permanent(
            "model_unknown", f"The server does not know the model {wanted} (LLM_MODEL). It knows {some}{more}."
        )
    unknown = [model for model in fallbacks if not _is_among(model, known)]
    but = f", but not the fallback {', '.join(unknown)} (LLM_FALLBACK_MODELS)" if unknown else ""
    return Credential(f"the server knows {wanted}{but}")


def _is_among(model: str, known: frozenset[str]) -> bool:
    """Say whether a server with the list `known` accepts this name.

    Lists may lack the variants `:free` and `:latest`, and Gemini's have the prefix `models/`.
    """
    return not {model, f"models/{model}", f"{model}:latest", model.rpartition(":")[0]}.isdisjoint(known)


def _listed_models(api_key: str, base_url: str, model: str, seconds: float) -> frozenset[str]:
    loop = asyncio.new_event_loop()
    try:
        text = loop.run_until_complete(_text(api_key, base_url, seconds))
    except TimeoutError:
        raise Transient("model_untested", f"The server did not list its models within {seconds:.0f} s.") from None
    except (openai.OpenAIError, ValueError) as error:
        # `from None`: the SDK's exceptions hold the request, and with it the key.
        raise _untested(error, model) from None
    finally:
        loop.close()
    names = _names(text)
    if not names:
        raise Transient(
            "model_untested", f"The server does not list its models: whether it knows {model} is not known."
        )
    return names


async def _text(api_key: str, base_url: str, seconds: float) -> str:
    async with (
        asyncio.timeout(seconds),
        openai.AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, timeout=seconds) as client,
    ):
        return (await client.models.with_raw_response.list()).text


def _untested(error: Exception, model: str) -> OutOfService | Transient:
    """Return the error for a refused key; after any other failure the model is untested."""
    found = classified(error, model)
    scoped = isinstance(error, openai.PermissionDeniedError) and _MAY_NOT_LIST.search(Fault.of(error).text)
    if isinstance(found, OutOfService) and found.code == "model_key_refused" and not scoped:
        return found
    status = f" ({error.status_code})" if isinstance(error, openai.APIStatusError) else ""
    return Transient("model_untested", f"The server could not be asked for its models{status}: {model} is untested.")


def _names(text: str) -> frozenset[str]:
    """Return the names in a list of models, none for another text."""
    try:
        body: object = json.loads(text)
    except ValueError:
        return frozenset()
    match body:
        case {"data": [*listed]} | [*listed]:
            names = (model.get("id") for model in listed if isinstance(model, dict))
            return frozenset(name for name in names if isinstance(name, str))
        case _:
            return frozenset()
