from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.domain.model_call import Message, Usage
from engine.errors import EngineError, OutOfService, Permanent, Transient
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-double-secret"
STREAMING = {"stream": True, "stream_options": {"include_usage": True}}
MESSAGES = (
    Message("system", "rules"),
    Message("user", "brief"),
    Message("assistant", "half"),
    Message("user", "go on"),
)


@pytest.fixture(params=[True, False], ids=["streaming", "whole"])
def server(request: pytest.FixtureRequest) -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        running.streams = request.param
        yield running


def author(url: str | None) -> OpenAIAuthor:
    return OpenAIAuthor(api_key=KEY, base_url=url, models=["double-1"])


def fault(server: OpenAIServer, scenario: str, seconds: float = 10) -> EngineError:
    server.scenario = scenario
    with pytest.raises(EngineError) as raised:
        author(server.url).write(MESSAGES, model="double-1", seconds=seconds)
    return raised.value


def test_an_answer_comes_back_with_its_text_model_tokens_and_reported_cost(server: OpenAIServer) -> None:
    reply = author(server.url).write(MESSAGES, model="double-1", seconds=10)
    assert (reply.text, reply.model, reply.finish_reason, reply.request_id) == (
        "hello",
        "double-1",
        "stop",
        "chatcmpl-1",
    )
    assert reply.usage == Usage(input=11, cached=5, output=7, reasoning=3, cost=0.0125, cost_source="reported")


def test_the_request_holds_the_messages_the_model_a_bound_and_nothing_else(server: OpenAIServer) -> None:
    author(server.url).write(MESSAGES, model="double-1", seconds=10, tokens=700)
    messages = [{"role": one.role, "content": one.content} for one in MESSAGES]
    assert server.requests == [{"model": "double-1", "messages": messages, "max_completion_tokens": 700, **STREAMING}]
    assert server.authorizations == [f"Bearer {KEY}"]


def test_unknown_usage_is_unknown_and_not_zero(server: OpenAIServer) -> None:
    server.scenario = "no usage"
    assert author(server.url).write(MESSAGES, model="double-1", seconds=10).usage == Usage()


@pytest.mark.parametrize(
    ("scenario", "text", "finish_reason"),
    [
        ("truncated", "=== b file index.html\n<html>", "length"),
        ("refusal", "I will not.", "refusal"),
        ("null content", "", "stop"),
        ("filtered", "half a pa", "content_filter"),
        ("text in parts", "hello", "stop"),
        ("no finish reason", "hello", ""),
    ],
)
def test_answers_without_a_whole_text_are_still_answers(
    server: OpenAIServer, scenario: str, text: str, finish_reason: str
) -> None:
    server.scenario = scenario
    reply = author(server.url).write(MESSAGES, model="double-1", seconds=10)
    assert (reply.text, reply.finish_reason) == (text, finish_reason)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "kind", "code"),
    [
        ("html", Permanent, "model_bad_answer"),
        ("not json", Permanent, "model_bad_answer"),
        ("null choices", Permanent, "model_bad_answer"),
        ("no choices", Permanent, "model_bad_answer"),
        ("error in 200", Permanent, "model_bad_answer"),
        ("bad request", Permanent, "model_refused_request"),
        ("unknown model", Permanent, "model_unknown"),
        ("forbidden model", Permanent, "model_unknown"),
        ("no model by sentence", Permanent, "model_unknown"),
        ("filtered prompt", Permanent, "model_filtered"),
        ("flagged prompt", Permanent, "model_filtered"),
        ("too large", Permanent, "model_prompt_too_long"),
        ("too large for a minute", Permanent, "model_prompt_too_long"),
        ("long prompt, llama.cpp", Permanent, "model_prompt_too_long"),
        ("sentence in 200", Transient, "model_overloaded"),
        ("error in a choice", Transient, "model_overloaded"),
        ("overloaded", Transient, "model_overloaded"),
        ("AI Pipe's budget", OutOfService, "model_quota_spent"),
        ("Gemini's key", OutOfService, "model_key_refused"),
        ("Gemini's key, in a list", OutOfService, "model_key_refused"),
        ("overload in 200", Transient, "model_overloaded"),
        ("conflict", Transient, "model_overloaded"),
        ("rate limit", Transient, "model_overloaded"),
        ("server error", Transient, "model_overloaded"),
        ("hang-up", Transient, "model_unreachable"),
        ("refused key", OutOfService, "model_key_refused"),
        ("forbidden", OutOfService, "model_key_refused"),
        ("unpaid", OutOfService, "model_quota_spent"),
        ("quota", OutOfService, "model_quota_spent"),
        ("quota in 200", OutOfService, "model_quota_spent"),
    ],
)
def test_each_fault_has_its_class_and_code_after_one_request(
    server: OpenAIServer, scenario: str, kind: type[EngineError], code: str
) -> None:
    error = fault(server, scenario)
    assert (type(error), error.code) == (kind, code)
    assert getattr(error, "kind", "model") == "model"
    again = scenario == "long prompt, llama.cpp" or (server.streams and scenario in {"null choices", "no choices"})
    assert len(server.requests) == (2 if again else 1)  # once more without a bound, or without a stream


def test_retry_after_is_handed_on(server: OpenAIServer) -> None:
    limited, unlimited = fault(server, "rate limit"), fault(server, "rate limit without time")
    assert isinstance(limited, Transient)
    assert isinstance(unlimited, Transient)
    assert (limited.retry_after, unlimited.retry_after) == (7.0, None)


@pytest.mark.parametrize(
    ("scenario", "seconds"), [("rate limit of ages", 7 * 86_400), ("rate limit of nonsense", None)]
)
def test_a_retry_after_that_is_no_time_makes_no_date_that_no_calendar_has(
    server: OpenAIServer, scenario: str, seconds: float | None
) -> None:
    error = fault(server, scenario)
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


def test_the_body_of_an_error_is_stored(server: OpenAIServer) -> None:
    empty, refused = fault(server, "null choices").reply, fault(server, "server error").reply
    assert empty is not None
    assert refused is not None
    assert (empty.usage.input, empty.usage.output, empty.request_id) == (11, 7, "chatcmpl-1")
    assert refused.parameters == {"max_completion_tokens": 2500, **STREAMING}
    assert refused.usage == Usage()


def test_no_error_tells_the_key_even_where_the_server_echoes_it(server: OpenAIServer) -> None:
    error = fault(server, "refused key")
    assert KEY not in f"{error} {error.message} {error.__cause__!r}"
    assert error.__context__ is None


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["hang", "slow drip"])
def test_the_whole_call_is_bounded_and_the_connection_closed(server: OpenAIServer, scenario: str) -> None:
    server.streams = False
    error = fault(server, scenario, seconds=2.0)  # a busy machine takes half a second to get as far as the server
    assert (type(error), error.code) == (Transient, "model_timeout")
    assert server.ended.wait(30)  # a drip would have gone on for half a minute


def test_a_message_that_is_none_is_no_answer() -> None:
    with OpenAIServer() as server:
        server.streams = False
        assert fault(server, "null message").code == "model_bad_answer"


def test_a_name_lookup_that_hangs_does_not_outlast_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_args: object, **_options: object) -> list[object]:
        released.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    with pytest.raises(Transient) as raised:
        author("http://model.example/v1").write(MESSAGES, model="double-1", seconds=0.3)
    taken = time.monotonic() - begun
    released.set()
    assert raised.value.code == "model_timeout"
    assert taken < 8  # the lookup would take ten


def test_nobody_listening_is_transient() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(Transient) as raised:
            author(url).write(MESSAGES, model="double-1", seconds=5)
    assert raised.value.code == "model_unreachable"


@pytest.mark.parametrize("base_url", [None, ""])
def test_without_an_address_it_is_openai_itself_whatever_the_environment_says(
    base_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert author(base_url).base_url == "https://api.openai.com/v1"
