"""The port Author on any server with OpenAI's Chat Completions: one call, no retries, one deadline.

The answer is streamed if the server can. When the time is over or the connection is lost, the author returns the text
that has arrived. It repeats a request only without a part that the server refused (an unknown parameter, pictures, a
schema), or without a stream if nothing in the stream could be read. The profile then remembers that part. A refusal
costs no tokens.

The SDK (3.54.0) sends the request and sorts the errors; we read the body of an answer ourselves, because the SDK's
parser goes by the media type and ends at the first event that is no JSON. Its `timeout` bounds single reads, so a slow
answer could last for ever without our deadline.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from engine.adapters.openai.errors import bad_answer, classified
from engine.adapters.openai.fault import Fault
from engine.adapters.openai.request import Refused, Request
from engine.adapters.openai.stream import Collected
from engine.domain.model_call import DEADLINE, DISCONNECTED, ModelParameters, Reply, ignore_chunk
from engine.domain.prices import OPENAI_URL, price_of
from engine.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.domain.model_call import Message
    from engine.errors import EngineError
    from engine.ports import ModelProfiles

_CONNECT_SECONDS = 5.0

#: After this silence within the text of a stream, the connection counts as lost. Reasoning comes before the text.
_SILENCE_SECONDS = 60.0

#: The same after `[DONE]`, or after a finish reason and the tokens. A finish reason alone is no end: some servers send
#: one in every event (https://github.com/su-kaka/gcli2api/issues/403).
_USAGE_SECONDS = 5.0

#: The call fails if the server refuses more parts of it than this.
MOST_REFUSED = 4

_NOTHING: Mapping[str, object] = MappingProxyType({})


class OpenAIAuthor:
    """Calls the models of one server; `base_url` None is OpenAI. It ignores the SDK's environment variables.

    `profiles` remembers what each model accepts, by default while this object lives. `extra` are further parameters of
    each call, which the server may refuse.
    """

    provider = "openai"
    simulated = False

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        models: Sequence[str],
        profiles: ModelProfiles | None = None,
        extra: Mapping[str, object] = _NOTHING,
    ) -> None:
        self._api_key = api_key
        self.base_url = base_url or OPENAI_URL
        self.models: Sequence[str] = tuple(models)
        self._profiles = profiles or ProfilesInMemory()
        self._extra = extra
        self._server = server_name(self.base_url)

    def write(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        seconds: float,
        tokens: int | None = None,
        on_chunk: Callable[[str], None] = ignore_chunk,
        schema: Mapping[str, object] | None = None,
    ) -> Reply:
        """Call `model` once, within `seconds` of wall-clock time, connection included.

        A refusal is a Reply with the finish_reason `refusal`. A partial answer has DEADLINE or DISCONNECTED. The text
        may be "". Must not be called inside a running event loop.

        Raises Transient (model_timeout, model_unreachable, model_overloaded), OutOfService (model_key_refused,
        model_quota_spent), Permanent (model_unknown, model_prompt_too_long, model_filtered, model_refused_request,
        model_bad_answer); the error's `reply` holds the parameters and the request's id.
        """
        until = time.monotonic() + seconds
        known = self._profiles.profile(self._server, model)
        request = Request.planned(messages, known, seconds=seconds, tokens=tokens, extra=self._extra, schema=schema)
        while True:
            collected, failure = self._received(request, model, until, on_chunk)
            if _is_usable(collected, failure):
                break
            if refused := _part_refused(request, collected, failure, model):
                request = request.without(refused)
                continue
            error = _error(collected, failure, model, seconds)
            error.reply = replace(self._reply(request, model, collected, DISCONNECTED), text="", finish_reason="")
            raise error
        if request.profile != known:
            self._profiles.learn(self._server, model, request.profile)
        return self._reply(request, model, collected, _ending(collected, failure, until))

    def _received(
        self, request: Request, model: str, until: float, on_chunk: Callable[[str], None]
    ) -> tuple[Collected, Exception | None]:
        """Send the request, and return what came, and the exception that ended it.

        The exception must not be the cause of another: the SDK's hold the request, and with it the key.
        """
        collected = Collected(on_chunk)
        failure: Exception | None = None
        try:
            self._send(request, model, until, collected)
        except (TimeoutError, openai.OpenAIError, ValueError, TypeError) as error:
            failure = error
            if isinstance(error, openai.APIStatusError):
                collected.request_id = error.request_id or ""
        collected.end()
        return collected, failure

    def _reply(self, request: Request, model: str, collected: Collected, ending: str) -> Reply:
        price = price_of(self.base_url, model)
        return collected.reply(ending, model=model, parameters=request.record, price=price)

    def _send(self, request: Request, model: str, until: float, collected: Collected) -> None:
        """Fill `collected`. Raises TimeoutError at `until` and after a silence, or SDK errors."""
        loop = asyncio.new_event_loop()  # asyncio.run would wait at its end for a name lookup that hangs
        try:
            loop.run_until_complete(self._send_within(request, model, max(until - time.monotonic(), 0.001), collected))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())  # the SDK does not close its own generators
            loop.close()

    async def _send_within(self, request: Request, model: str, seconds: float, collected: Collected) -> None:
        timeout = openai.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        async with (
            asyncio.timeout(seconds) as bound,
            openai.AsyncOpenAI(api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=timeout) as client,
            # `stream` is in `extra_body`, hidden from the SDK, so that the SDK leaves the body to us.
            client.chat.completions.with_streaming_response.create(
                model=model, messages=request.body, extra_body=request.parameters
            ) as response,
        ):
            collected.request_id = response.request_id or ""
            clock, ends = asyncio.get_running_loop().time, bound.when() or 0.0
            try:
                async for content in response.iter_bytes():
                    is_part = collected.feed(content)
                    if collected.is_over:
                        return
                    if is_part and (collected.has_text or collected.has_ended):
                        silence = _USAGE_SECONDS if collected.is_complete else _SILENCE_SECONDS
                        bound.reschedule(min(ends, clock() + silence))
            except httpx2.DecodingError:
                collected.spoil()  # the body is not compressed as its header says
            # The SDK does not wrap the transport's errors here.
            except httpx2.TimeoutException:
                raise openai.APITimeoutError(request=response.http_request) from None
            except httpx2.RequestError:
                raise openai.APIConnectionError(request=response.http_request) from None


def server_name(base_url: str) -> str:
    """Return a server's address without user, password and query, as the key of its profiles."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


class ProfilesInMemory:
    """Stores profiles while the object lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], ModelParameters] = {}

    def profile(self, server: str, model: str) -> ModelParameters:
        """Return the learnt profile, else the defaults."""
        return self._known.get((server, model), ModelParameters())

    def learn(self, server: str, model: str, profile: ModelParameters) -> None:
        self._known[server, model] = profile


def _is_usable(collected: Collected, failure: Exception | None) -> bool:
    """Say whether an answer came, or enough of one. An answer that ended without a text is one too."""
    if collected.has_text or collected.has_ended:
        return True
    return failure is None and collected.error is None and collected.has_choice and collected.has_finish_reason


def _ending(collected: Collected, failure: Exception | None, until: float) -> str:
    """Return the finish_reason for an answer that the server did not end, "" if its body came to its end."""
    if failure is None:
        return DISCONNECTED if collected.error is not None else ""
    if isinstance(failure, openai.APITimeoutError):
        return DEADLINE
    return DEADLINE if isinstance(failure, TimeoutError) and time.monotonic() >= until - 0.1 else DISCONNECTED


def _error(collected: Collected, failure: Exception | None, model: str, seconds: float) -> EngineError:
    """Return why there is no answer."""
    if isinstance(failure, TimeoutError):
        return Transient("model_timeout", f"The model {model} did not answer within {seconds:.0f} s.")
    if failure is not None:
        return classified(failure, model)
    if collected.error is not None:
        return classified(collected.error, model)
    if collected.is_lost:
        return Transient("model_unreachable", f"The server of the model {model} hung up before the answer.")
    return bad_answer(model, "something that is no chat completion, such as a web page")


def _part_refused(request: Request, collected: Collected, failure: Exception | None, model: str) -> Refused | None:
    """Return the part without which the request is to be repeated. vLLM and SGLang refuse in an event of a stream."""
    if len(request.refused) >= MOST_REFUSED:
        return None
    if failure is None and collected.error is None:
        return None if collected.is_lost or collected.is_document else request.stream_unreadable()
    error = failure if failure is not None else collected.error
    if isinstance(failure, openai.APIStatusError):
        fault = Fault.of(failure)
    elif failure is None:
        fault = Fault.in_answer(collected.error)
    else:
        return None
    if refused := request.part_refused(fault):
        return refused
    # Gemini may refuse a schema with only "Request contains an invalid argument." If the cause was another, the request
    # fails without the schema too, and the profile does not change.
    return request.schema_refused(fault) if classified(error, model).code == "model_refused_request" else None
