"""Answers with a JSON Schema, and the retry without it if the server refuses the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.adapters.openai.openai_author import OpenAIAuthor, ProfilesInMemory, server_name
from engine.domain.model_call import DISCONNECTED, Image, Message, ModelParameters
from engine.errors import EngineError
from engine.plan.schema import response_schema
from tests.doubles.openai_scenarios import SCHEMA_REFUSALS, Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = response_schema()
MESSAGES = (Message("system", "rules"), Message("user", "brief"))
SEEN = (Message("user", "brief", (Image("plan.png", "image/png", b"\x89PNG\r\n\x1a\nrest"),)),)
STREAMING = {"stream": True, "stream_options": {"include_usage": True}}
ANSWER = '{"files": []}'


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def author(server: OpenAIServer, profiles: ProfilesInMemory | None = None, **extra: object) -> OpenAIAuthor:
    return OpenAIAuthor(api_key="k", base_url=server.url, models=["m"], profiles=profiles, extra=extra)


def refusing(refusal: Scenario, part: str = "response_format") -> Callable[[dict[str, Any]], Scenario]:
    """Make a server that answers where it is not asked for `part`."""
    return lambda request: refusal if part in request else Scenario(completion(ANSWER))


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
def test_the_schema_goes_as_documented_and_the_answer_comes_back(server: OpenAIServer, streams: bool) -> None:
    server.streams = streams
    server.script = [Scenario(completion(ANSWER))]
    reply = author(server).write(MESSAGES, model="m", seconds=30, tokens=900, schema=SCHEMA)
    assert reply.text == ANSWER
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": one.role, "content": one.content} for one in MESSAGES],
            "max_completion_tokens": 900,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "plan", "strict": True, "schema": SCHEMA},
            },
            **STREAMING,
        }
    ]


def test_pieces_of_an_answer_with_a_schema_are_passed_on(server: OpenAIServer) -> None:
    pieces: list[str] = []
    server.script = [Scenario(completion('{"files": [], "notes": []}'))]
    reply = author(server).write(MESSAGES, model="m", seconds=30, on_chunk=pieces.append, schema=SCHEMA)
    assert len(pieces) > 1
    assert "".join(pieces) == reply.text


def test_the_record_names_the_schema_by_its_digest(server: OpenAIServer) -> None:
    asking = author(server)
    first, again, other = (
        asking.write(MESSAGES, model="m", seconds=30, tokens=900, schema=schema).parameters
        for schema in (SCHEMA, dict(reversed(SCHEMA.items())), {"type": "object"})
    )
    digest = first["response_format"]["sha256"]
    assert first == {
        "response_format": {"type": "json_schema", "name": "plan", "sha256": digest},
        "max_completion_tokens": 900,
        **STREAMING,
    }
    assert len(digest) == 12
    assert again == first
    assert other["response_format"]["sha256"] != digest


@pytest.mark.slow
@pytest.mark.parametrize("refusal", SCHEMA_REFUSALS.values(), ids=SCHEMA_REFUSALS)
def test_a_refused_schema_is_left_out_at_once_and_not_sent_again(server: OpenAIServer, refusal: Scenario) -> None:
    profiles = ProfilesInMemory()
    asking = author(server, profiles)
    server.script = [refusing(refusal)] * 3
    first, second = (asking.write(MESSAGES, model="m", seconds=30, tokens=900, schema=SCHEMA) for _ in range(2))
    assert (first.text, second.text) == (ANSWER, ANSWER)
    asked, *others = server.requests
    without = {name: value for name, value in asked.items() if name != "response_format"}
    assert "response_format" in asked
    assert others == [without, without]
    assert profiles.profile(server_name(server.url), "m") == ModelParameters(dropped=frozenset({"response_format"}))
    assert first.parameters == {"max_completion_tokens": 900, **STREAMING, "dropped": first.parameters["dropped"]}
    assert first.parameters["dropped"].keys() == {"response_format"}
    assert second.parameters["dropped"] == {"response_format": "refused before"}


def test_a_call_without_a_schema_does_not_say_that_one_was_left_out(server: OpenAIServer) -> None:
    profiles = ProfilesInMemory()
    profiles.learn(server_name(server.url), "m", ModelParameters(dropped=frozenset({"response_format"})))
    reply = author(server, profiles).write(MESSAGES, model="m", seconds=30)
    assert "dropped" not in reply.parameters


def test_a_bad_request_without_a_reason_is_tried_without_the_schema_once_and_teaches_nothing(
    server: OpenAIServer,
) -> None:
    profiles = ProfilesInMemory()
    server.scenario = "bad request"
    with pytest.raises(EngineError) as raised:
        author(server, profiles).write(MESSAGES, model="m", seconds=30, schema=SCHEMA)
    assert raised.value.code == "model_refused_request"
    assert ["response_format" in request for request in server.requests] == [True, False]
    assert profiles.profile(server_name(server.url), "m") == ModelParameters()


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("Gemini's key", "model_key_refused"),
        ("filtered prompt", "model_filtered"),
        ("no model by sentence", "model_unknown"),
        ("rate limit", "model_overloaded"),
        ("server error", "model_overloaded"),
        ("overload in 200", "model_overloaded"),
        ("quota", "model_quota_spent"),
    ],
)
def test_what_has_another_reason_is_not_blamed_on_the_schema(server: OpenAIServer, scenario: str, code: str) -> None:
    server.scenario = scenario
    with pytest.raises(EngineError) as raised:
        author(server).write(MESSAGES, model="m", seconds=30, schema=SCHEMA)
    assert raised.value.code == code
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("part", "refusal"),
    [
        (
            "temperature",
            Scenario({"error": {"message": "no", "code": "unsupported_value", "param": "temperature"}}, status=400),
        ),
        ("temperature", Scenario({"error": {"message": "temperature is not supported", "code": 400}})),
        ("stream_options", Scenario({"error": {"message": "Unknown parameter: stream_options"}}, status=400)),
    ],
    ids=["by a status", "by an event", "stream"],
)
def test_another_part_that_is_refused_leaves_the_schema_in(server: OpenAIServer, part: str, refusal: Scenario) -> None:
    server.script = [refusing(refusal, part)] * 2
    reply = author(server, temperature=0.2).write(MESSAGES, model="m", seconds=30, schema=SCHEMA)
    assert reply.parameters["dropped"].keys() == {part}
    assert ["response_format" in request for request in server.requests] == [True, True]


def test_pictures_that_are_refused_leave_the_schema_in(server: OpenAIServer) -> None:
    server.script = [Scenario({"error": {"message": "m is not a multimodal model"}}, status=400), "ok"]
    reply = author(server).write(SEEN, model="m", seconds=30, schema=SCHEMA)
    assert reply.parameters["dropped"].keys() == {"images"}
    assert "response_format" in server.requests[1]


def test_an_error_after_a_part_of_the_answer_is_a_lost_connection(server: OpenAIServer) -> None:
    server.script = [Scenario([completion(ANSWER), {"error": {"message": "grammar rejected tokens", "code": 500}}])]
    reply = author(server).write(MESSAGES, model="m", seconds=30, schema=SCHEMA)
    assert (reply.text, reply.finish_reason) == (ANSWER, DISCONNECTED)
    assert len(server.requests) == 1
