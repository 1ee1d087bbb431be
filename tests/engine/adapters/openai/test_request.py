"""A parameter that a server refuses is left out of the retry and of later requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.adapters.openai.openai_author import OpenAIAuthor, ProfilesInMemory, server_name
from engine.adapters.openai.request import LONGEST_ANSWER, Request
from engine.domain.model_call import Image, Message, ModelParameters
from engine.errors import EngineError, Permanent, Transient
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PNG = Image("plan.png", "image/png", b"\x89PNG\r\n\x1a\nrest")
TEXT = (Message("system", "rules"), Message("user", "brief"))
SEEN = (Message("system", "rules"), Message("user", "brief", (PNG,)))
EXTRA = {"temperature": 0.2, "seed": 7}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def complaint(message: str, *, status: int = 400, **more: object) -> Scenario:
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return Scenario({"error": body | more}, status=status)


def particular(refuses: Callable[[dict[str, Any]], Scenario | None]) -> Callable[[dict[str, Any]], Scenario]:
    """Make a server that answers, unless there is something to refuse about the request."""
    return lambda request: refuses(request) or Scenario(completion("hello"))


def without(name: str, answer: Scenario) -> Callable[[dict[str, Any]], Scenario | None]:
    return lambda request: answer if name in request else None


def asked(
    server: OpenAIServer, refuses: Callable[[dict[str, Any]], Scenario | None], messages: tuple[Message, ...] = TEXT
) -> tuple[OpenAIAuthor, ProfilesInMemory, dict[str, object]]:
    """Ask twice; return the author, its memory and the parameters of the first answer."""
    profiles = ProfilesInMemory()
    author = OpenAIAuthor(api_key="k", base_url=server.url, models=["m"], profiles=profiles, extra=EXTRA)
    server.script = [particular(refuses)] * 9
    first = author.write(messages, model="m", seconds=30, tokens=900)
    assert first.text == "hello"
    refused = len(server.requests) - 1
    author.write(messages, model="m", seconds=30, tokens=900)
    assert len(server.requests) == refused + 2, "what was refused once was sent again"
    return author, profiles, dict(first.parameters)


@pytest.mark.parametrize(
    "answer",
    [
        complaint("no", code="unsupported_parameter", param="temperature"),
        complaint("no", code="unsupported_value", param="temperature"),
        complaint("Unrecognized request argument supplied: temperature"),
        complaint("property 'temperature' is unsupported"),
        Scenario(
            {
                "detail": [
                    {"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}
                ]
            },
            status=422,
        ),
    ],
    ids=["code", "value", "sentence", "groq", "pydantic"],
)
def test_exactly_the_parameter_that_was_refused_is_dropped_and_never_sent_again(
    server: OpenAIServer, answer: Scenario
) -> None:
    _, _, parameters = asked(server, without("temperature", answer))
    first, second, third = server.requests
    assert {"temperature", "seed", "max_completion_tokens"} <= set(first)
    assert "temperature" not in {**second, **third}
    assert second["seed"] == 7
    assert list(parameters["dropped"]) == ["temperature"]
    assert parameters["max_completion_tokens"] == 900


def test_two_parameters_are_dropped_one_after_the_other(server: OpenAIServer) -> None:
    def refuses(request: dict[str, Any]) -> Scenario | None:
        name = next((name for name in EXTRA if name in request), None)
        return complaint("no", code="unsupported_parameter", param=name) if name else None

    _, profiles, parameters = asked(server, refuses)
    assert set(parameters["dropped"]) == set(EXTRA)
    assert profiles.profile(server_name(server.url), "m").dropped == set(EXTRA)


def test_a_server_that_refuses_everything_is_not_asked_for_ever_and_teaches_nothing(server: OpenAIServer) -> None:
    profiles = ProfilesInMemory()
    author = OpenAIAuthor(api_key="k", base_url=server.url, models=["m"], profiles=profiles, extra=EXTRA)
    server.script = [complaint("temperature, seed, max_tokens and max_completion_tokens are unsupported")] * 9
    with pytest.raises(Permanent) as raised:
        author.write(TEXT, model="m", seconds=30)
    assert raised.value.code == "model_refused_request"
    assert len(server.requests) == 5
    assert profiles.profile(server_name(server.url), "m") == ModelParameters()


def test_a_server_that_knows_only_max_tokens_gets_that(server: OpenAIServer) -> None:
    asked(server, without("max_completion_tokens", complaint("Unknown parameter: max_completion_tokens")))
    assert [request.get("max_tokens") for request in server.requests] == [None, 900, 900]


def test_a_server_that_knows_neither_gets_neither(server: OpenAIServer) -> None:
    def refuses(request: dict[str, Any]) -> Scenario | None:
        name = next((name for name in ("max_completion_tokens", "max_tokens") if name in request), None)
        return complaint(f"{name} is not supported") if name else None

    asked(server, refuses)
    assert not {"max_completion_tokens", "max_tokens"} & set(server.requests[-1])


def test_a_longest_answer_that_the_server_names_is_kept_to(server: OpenAIServer) -> None:
    def refuses(request: dict[str, Any]) -> Scenario | None:
        said = "max_completion_tokens is too large: 900. This model supports at most 512 completion tokens"
        return complaint(said, param="max_completion_tokens") if request["max_completion_tokens"] > 512 else None

    asked(server, refuses)
    assert [request["max_completion_tokens"] for request in server.requests] == [900, 512, 512]


def test_a_server_that_counts_the_answer_into_the_context_is_asked_without_a_bound(server: OpenAIServer) -> None:
    message = (
        "This model's maximum context length is 1000 tokens. "
        "However, you requested 1100 (200 in the messages, 900 in the completion)"
    )
    asked(server, without("max_completion_tokens", complaint(message, code="400")))
    assert "max_tokens" not in server.requests[-1]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "unknown variant `image_url`, expected `text`"),
        (404, "No endpoints found that support image input"),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
        (400, "m is not a multimodal model"),
        (400, "messages[1].content must be a string"),
    ],
)
def test_a_model_without_sight_gets_the_words_alone_from_then_on(server: OpenAIServer, status: int, said: str) -> None:
    def refuses(request: dict[str, Any]) -> Scenario | None:
        return complaint(said, status=status) if isinstance(request["messages"][1]["content"], list) else None

    _, profiles, parameters = asked(server, refuses, SEEN)
    assert [request["messages"][1]["content"] == "brief" for request in server.requests] == [False, True, True]
    assert "images" in parameters["dropped"]
    assert profiles.profile(server_name(server.url), "m").images is False


def test_a_picture_that_cannot_be_read_is_left_out_this_time_only(server: OpenAIServer) -> None:
    author = OpenAIAuthor(api_key="k", base_url=server.url, models=["m"])
    server.script = [complaint("Could not process image: it is broken"), "ok"]
    author.write(SEEN, model="m", seconds=30)
    author.write(SEEN, model="m", seconds=30)
    assert [isinstance(request["messages"][1]["content"], list) for request in server.requests] == [True, False, True]


def test_pictures_go_as_parts_after_the_words(server: OpenAIServer) -> None:
    reply = OpenAIAuthor(api_key="k", base_url=server.url, models=["m"]).write(SEEN, model="m", seconds=30)
    words, picture = server.requests[0]["messages"][1]["content"]
    assert words == {"type": "text", "text": "brief"}
    assert picture["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgpyZXN0"
    assert reply.parameters["images"] == 1


def test_another_server_of_the_same_model_is_asked_afresh() -> None:
    profiles = ProfilesInMemory()
    profiles.learn("http://a.example/v1", "m", replace(ModelParameters(), images=False))
    assert profiles.profile("http://b.example/v1", "m") == ModelParameters()


def test_a_servers_name_holds_no_credential() -> None:
    assert server_name("https://user:pass@a.example:8443/v1/?k=v") == "https://a.example:8443/v1"


def test_a_passing_error_drops_nothing(server: OpenAIServer) -> None:
    author = OpenAIAuthor(api_key="k", base_url=server.url, models=["m"], extra=EXTRA)
    server.script = [complaint("temperature sensor overheated", status=500)]
    with pytest.raises(EngineError) as raised:
        author.write(TEXT, model="m", seconds=30)
    assert isinstance(raised.value, Transient)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("seconds", "tokens", "longest"),
    [(600, None, LONGEST_ANSWER), (600, 5_000, 5_000), (8, None, 2_000), (600, -3, 1)],
)
def test_an_answer_is_no_longer_than_time_and_tokens_allow(seconds: float, tokens: int | None, longest: int) -> None:
    request = Request.planned(TEXT, ModelParameters(), seconds=seconds, tokens=tokens, extra={})
    assert request.parameters["max_completion_tokens"] == longest
