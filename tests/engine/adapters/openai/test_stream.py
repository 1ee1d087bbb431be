"""Streamed answers, and what is used of a stream that ends early."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.adapters.openai import openai_author
from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.domain.model_call import DEADLINE, DISCONNECTED, Message, Usage
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = (Message("user", "brief"),)


@pytest.fixture
def streaming() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def author(url: str) -> OpenAIAuthor:
    return OpenAIAuthor(api_key="sk-double-secret", base_url=url, models=["double-1"])


def test_what_has_come_of_a_stream_when_the_time_is_over_is_the_answer(streaming: OpenAIServer) -> None:
    streaming.scenario = "slow drip"
    reply = author(streaming.url).write(MESSAGES, model="double-1", seconds=2.0)
    assert reply.finish_reason == DEADLINE
    assert "hello" in reply.text
    assert reply.text.split() == ["hello"] * len(reply.text.split())
    assert (reply.usage, reply.request_id, reply.model) == (Usage(), "chatcmpl-1", "double-1")
    assert streaming.ended.wait(30)


def test_each_piece_of_a_stream_is_passed_on_immediately(streaming: OpenAIServer) -> None:
    pieces: list[str] = []
    streaming.script = [Scenario(completion("hello to you"))]
    reply = author(streaming.url).write(MESSAGES, model="double-1", seconds=10, on_chunk=pieces.append)
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text == "hello to you"


@pytest.mark.parametrize("scenario", ["hang-up on the way", "error on the way"])
def test_what_has_come_of_a_stream_that_breaks_is_the_answer(streaming: OpenAIServer, scenario: str) -> None:
    streaming.scenario = scenario
    reply = author(streaming.url).write(MESSAGES, model="double-1", seconds=10)
    assert (reply.text, reply.finish_reason) == ("hello to", DISCONNECTED)
    assert len(streaming.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["ok", "slow drip", "hang-up on the way"])
def test_a_call_leaves_nothing_half_done_in_its_loop(
    streaming: OpenAIServer, scenario: str, caplog: pytest.LogCaptureFixture
) -> None:
    streaming.scenario = scenario
    author(streaming.url).write(MESSAGES, model="double-1", seconds=2.0)
    gc.collect()
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_a_stream_that_falls_silent_is_a_lost_connection(
    streaming: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_author, "_SILENCE_SECONDS", 2.0)
    streaming.script = [Scenario(completion("hello to"), stalls=True)]
    begun = time.monotonic()
    reply = author(streaming.url).write(MESSAGES, model="double-1", seconds=60)
    assert (reply.text, reply.finish_reason) == ("hello to", DISCONNECTED)
    assert time.monotonic() - begun < 8  # the server would stay for ten


def test_a_stream_that_stays_open_after_its_end_is_not_waited_for(
    streaming: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_author, "_USAGE_SECONDS", 2.0)
    streaming.scenario = "open end"
    begun = time.monotonic()
    reply = author(streaming.url).write(MESSAGES, model="double-1", seconds=60)
    assert (reply.text, reply.finish_reason, reply.usage.output) == ("hello", "stop", 7)
    assert time.monotonic() - begun < 8  # the server would stay for ten


@pytest.mark.parametrize("part", ["stream", "stream_options"])
def test_a_server_that_takes_no_streams_is_asked_for_none_again(streaming: OpenAIServer, part: str) -> None:
    def answer(request: dict[str, Any]) -> str | Scenario:
        if part not in request:
            return "ok"
        error = {"message": "Unverified organizations cannot use it.", "code": "unsupported_value", "param": part}
        return Scenario({"error": error}, status=400)

    streaming.script = [answer] * 3
    ours = author(streaming.url)
    first, second = (ours.write(MESSAGES, model="double-1", seconds=10) for _ in range(2))
    assert (first.text, second.text) == ("hello", "hello")
    assert [part in request for request in streaming.requests] == [True, False, False]
    assert ("stream" in streaming.requests[-1]) == (part == "stream_options")
    assert first.parameters["dropped"] == {part: "unsupported_value"}
    assert second.parameters["dropped"] == {part: "refused before"}
