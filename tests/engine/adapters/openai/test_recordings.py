"""The conformance run: a recorded stream of each server, through the author and the SDK, over loopback."""

from __future__ import annotations

import pytest

from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.domain.model_call import Message
from tests.doubles.openai_recordings import RECORDINGS, Recording
from tests.doubles.openai_scenarios import Scenario
from tests.doubles.openai_server import OpenAIServer


@pytest.mark.slow
@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS)
@pytest.mark.parametrize("size", [None, 7], ids=["by events", "by 7 bytes"])
def test_each_server_is_read_whole(recording: Recording, size: int | None) -> None:
    """Text, end, tokens, model and thoughts, however the bytes are cut on their way."""
    whole = b"".join(recording.pieces)
    pieces = tuple(whole[at : at + size] for at in range(0, len(whole), size)) if size else recording.pieces
    told: list[str] = []
    with OpenAIServer() as server:
        server.script = [Scenario(pieces=pieces)]
        author = OpenAIAuthor(api_key="k", base_url=server.url, models=["asked"])
        reply = author.write((Message("user", "brief"),), model="asked", seconds=30, on_chunk=told.append)
        assert len(server.requests) == 1
    assert (reply.text, reply.finish_reason, reply.model) == (recording.text, recording.finish_reason, recording.model)
    usage = reply.usage
    assert (usage.input, usage.cached, usage.output, usage.reasoning) == recording.tokens
    assert reply.reasoning == recording.reasoning
    assert "".join(told) in {recording.text, ""}
    assert ("answer_field" in reply.parameters) == (not told)
    assert reply.request_id


def test_every_recording_names_its_source() -> None:
    assert all(recording.source.startswith("https://") for recording in RECORDINGS.values())
    assert len(RECORDINGS) >= 11
