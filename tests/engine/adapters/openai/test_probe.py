from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from engine.adapters.openai.probe import probe_models
from engine.domain.repository import Credential
from engine.errors import EngineError, OutOfService, Permanent, Transient
from tests.doubles.openai_scenarios import Scenario, models
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-double-secret"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def probed(server: OpenAIServer, *names: str, seconds: float = 10) -> Credential | EngineError:
    try:
        return probe_models(api_key=KEY, base_url=server.url, models=names or ("double-1",), seconds=seconds)
    except EngineError as error:
        return error


def test_a_known_model_is_fine_and_no_completion_was_asked_for(server: OpenAIServer) -> None:
    assert probed(server) == Credential("the server knows double-1")
    assert server.authorizations == [f"Bearer {KEY}"]
    assert server.requests == []


@pytest.mark.parametrize(
    ("listed", "asked"),
    [("qwen3:latest", "qwen3"), ("models/gemini-9", "gemini-9"), ("a/b", "a/b:free"), ("x:7b", "x:7b")],
)
def test_variants_of_a_listed_name_are_known(server: OpenAIServer, listed: str, asked: str) -> None:
    server.listed = Scenario(models(listed))
    assert isinstance(probed(server, asked), Credential)


def test_an_unknown_model_is_refused_and_the_known_ones_are_named(server: OpenAIServer) -> None:
    server.listed = Scenario(models(*(f"known-{n}" for n in range(9))))
    error = probed(server, "gpt-0")
    assert isinstance(error, Permanent)
    assert error.code == "model_unknown"
    assert all(word in error.message for word in ("gpt-0 (LLM_MODEL)", "known-0", "and 4 more"))


def test_an_unknown_fallback_model_is_reported_and_no_refusal(server: OpenAIServer) -> None:
    found = probed(server, "double-1", "gpt-0")
    assert isinstance(found, Credential)
    assert "not the fallback gpt-0 (LLM_FALLBACK_MODELS)" in found.detail


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_refused(server: OpenAIServer, status: int) -> None:
    server.listed = Scenario(
        {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}, status=status
    )
    error = probed(server)
    assert isinstance(error, OutOfService)
    assert error.code == "model_key_refused"
    assert KEY not in str(error)


UNTESTED = {
    "no such route": Scenario("not found", status=404),
    "not allowed": Scenario({"error": {"message": "no"}}, status=405),
    "down": Scenario({"error": {"message": "no"}}, status=503),
    "limited": Scenario({"error": {"message": "no"}}, status=429),
    "HTML": Scenario("<!doctype html><title>Gateway</title>", headers={"Content-Type": "text/html"}),
    "not JSON": Scenario('{"data": ['),
    "no list": Scenario({"object": "list", "data": None}),
    "an empty list": Scenario(models()),
    "odd entries": Scenario({"data": ["double-1", {"name": "double-1"}, {"id": None}]}),
    "a key that may not list": Scenario(
        {"error": {"message": "You have insufficient permissions. Missing scopes: api.model.read"}}, status=403
    ),
}


@pytest.mark.parametrize("scenario", UNTESTED.values(), ids=UNTESTED)
def test_where_nobody_can_tell_it_is_untested(server: OpenAIServer, scenario: Scenario) -> None:
    server.listed = scenario
    error = probed(server)
    assert type(error) is Transient
    assert error.code == "model_untested"


def test_a_server_that_hangs_is_untested_in_time(server: OpenAIServer) -> None:
    server.listed = Scenario(hang=True)
    begun = time.monotonic()
    assert isinstance(probed(server, seconds=0.5), Transient)
    assert time.monotonic() - begun < 5


def test_a_server_out_of_reach_is_untested() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(Transient) as raised:
            probe_models(api_key=KEY, base_url=url, models=("m",), seconds=10)
    assert raised.value.code == "model_untested"
