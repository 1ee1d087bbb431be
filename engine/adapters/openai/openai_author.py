"""The port Author on any server with OpenAI's Chat Completions: one call, no retries, one deadline.

The answer is streamed if the server can. When the time is over or the connection is lost, the author returns the text
that has arrived. It repeats a request only if the server refused a part of it (an unknown parameter, pictures, a
schema): without that part, which the profile then remembers. Such a refusal costs no tokens.

The SDK's `timeout` (3.54.0) bounds single reads, so a slow answer could last for ever without our deadline.
"""

from __future__ import annotations

import asyncio
import time
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from engine.adapters.openai.answer import read_answer
from engine.adapters.openai.errors import classified
from engine.adapters.openai.fault import Fault
from engine.adapters.openai.request import Refused, Request
from engine.adapters.openai.stream import Collected, is_stream
from engine.domain.model_call import DEADLINE, DISCONNECTED, ModelParameters, Reply, ignore_chunk
from engine.domain.prices import OPENAI_URL, price_of
from engine.errors import EngineError, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openai.types.chat import ChatCompletion

    from engine.domain.model_call import Message
    from engine.ports import ModelProfiles

_CONNECT_SECONDS = 5.0

#: After this silence within the text of a stream, the connection counts as lost. Reasoning comes before the text.
_SILENCE_SECONDS = 60.0

#: The same after the end of the text, when only the usage is missing.
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
            collected = Collected(on_chunk)
            try:
                answer = self._send(request, model, until, collected)
            except TimeoutError:
                if not collected.has_text:
                    sentence = f"The model {model} did not answer within {seconds:.0f} s."
                    raise _with_record(Transient("model_timeout", sentence), request, model) from None
                answer = collected.completion(DEADLINE if time.monotonic() >= until - 0.1 else DISCONNECTED)
            except (openai.OpenAIError, ValueError, TypeError) as error:
                if collected.has_text:
                    answer = collected.completion(
                        DEADLINE if isinstance(error, openai.APITimeoutError) else DISCONNECTED
                    )
                elif refused := _part_refused(request, error, model):
                    request = request.without(refused)
                    continue
                else:
                    # `from None`: the SDK's exceptions hold the request, and with it the key.
                    raise _with_record(classified(error, model), request, model, error) from None
            if request.profile != known:
                self._profiles.learn(self._server, model, request.profile)
            price = price_of(self.base_url, model)
            return read_answer(
                answer, model=model, request_id=collected.request_id, parameters=request.record, price=price
            )

    def _send(self, request: Request, model: str, until: float, collected: Collected) -> object:
        """Fill `collected` and return the SDK's parsed answer. Raises TimeoutError at `until`, or SDK errors."""
        loop = asyncio.new_event_loop()  # asyncio.run would wait at its end for a name lookup that hangs
        try:
            return loop.run_until_complete(
                self._send_within(request, model, max(until - time.monotonic(), 0.001), collected)
            )
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())  # the SDK does not close its own generators
            loop.close()

    async def _send_within(self, request: Request, model: str, seconds: float, collected: Collected) -> object:
        timeout = openai.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        async with (
            asyncio.timeout(seconds) as bound,
            openai.AsyncOpenAI(api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=timeout) as client,
            # `stream` is in `extra_body`, hidden from the SDK, so that the SDK accepts either kind of answer.
            client.chat.completions.with_streaming_response.create(
                model=model, messages=request.body, extra_body=request.parameters
            ) as response,
        ):
            collected.request_id = response.request_id or ""
            if not is_stream(response.headers):
                return await _in_one_piece(response)
            # Plain values, because the SDK's types for some thousand events would cost a second of CPU.
            events = openai.AsyncStream(cast_to=object, response=response.http_response, client=client)
            clock, ends = asyncio.get_running_loop().time, bound.when() or 0.0
            async for chunk in events:
                collected.take(chunk)
                if collected.has_text:
                    silence = _USAGE_SECONDS if collected.finish_reason else _SILENCE_SECONDS
                    bound.reschedule(min(ends, clock() + silence))
            return collected.completion()


async def _in_one_piece(response: openai.AsyncAPIResponse[ChatCompletion]) -> object:
    """Read an answer that is no stream. The SDK (3.54.0) does not wrap the transport's errors here, so we do."""
    try:
        return await response.parse()
    except httpx2.RequestError as error:
        raise openai.APIConnectionError(request=error.request) from None


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


def _part_refused(request: Request, error: Exception, model: str) -> Refused | None:
    """Return the refused part of the request. vLLM and SGLang refuse in the first event of a stream."""
    if not isinstance(error, openai.APIError) or len(request.refused) >= MOST_REFUSED:
        return None
    fault = Fault.of(error) if isinstance(error, openai.APIStatusError) else Fault.in_answer(error.body)
    if refused := request.part_refused(fault):
        return refused
    # Gemini may refuse a schema with only "Request contains an invalid argument." If the cause was another, the request
    # fails without the schema too, and the profile does not change.
    return request.schema_refused(fault) if classified(error, model).code == "model_refused_request" else None


def _with_record(error: EngineError, request: Request, model: str, cause: Exception | None = None) -> EngineError:
    request_id = cause.request_id if isinstance(cause, openai.APIStatusError) else None
    error.reply = Reply("", model, "", parameters=request.record, request_id=request_id or "")
    return error
