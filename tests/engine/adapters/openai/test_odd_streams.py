"""Answers that are not sent as OpenAI sends them: none is lost, and no half of one is taken for the whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.adapters.openai import openai_author
from engine.adapters.openai.openai_author import OpenAIAuthor, ProfilesInMemory, server_name
from engine.domain.model_call import DISCONNECTED, Message, ModelParameters, Reply
from engine.errors import EngineError, OutOfService, Permanent, Transient
from tests.doubles.openai_recordings import COUNTED, DONE, PLAIN, SAID, TEXT, THOUGHT, chunk, data
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = (Message("user", "brief"),)
END = data(chunk({}, "stop"))
WHOLE = json.dumps(completion(SAID)).encode()


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def author(server: OpenAIServer, profiles: ProfilesInMemory | None = None) -> OpenAIAuthor:
    return OpenAIAuthor(api_key="k", base_url=server.url, models=["m"], profiles=profiles)


def answer(server: OpenAIServer, scenario: Scenario) -> Reply:
    """Return the reply to one request."""
    server.script = [scenario]
    reply = author(server).write(MESSAGES, model="m", seconds=30)
    assert len(server.requests) == 1
    return reply


def error(server: OpenAIServer, scenario: Scenario) -> EngineError:
    server.scenario = scenario
    with pytest.raises(EngineError) as raised:
        author(server).write(MESSAGES, model="m", seconds=30)
    return raised.value


def sent(*pieces: bytes, media_type: str = "text/event-stream", **ways: bool) -> Scenario:
    return Scenario(pieces=pieces, headers={"Content-Type": media_type}, **ways)


# Frames that are no part of the answer

FRAMES = {
    "retry": b"retry: 3000\n\n",
    "a ping": b"event: ping\n\n",
    "a ping with data": b'event: ping\ndata: {"type": "ping"}\n\n',
    "an id": b"id: 7\n\n",
    "empty data": b"data:\n\n",
    "a comment as data": b"data: : keepalive\n\n",
    "a comment": b": OPENROUTER PROCESSING\n\n",
    "a comment that is not UTF-8": b": \xff\xfe\n\n",
    "a text": b"data: ping\n\n",
    "foreign JSON": b'data: {"queue": 3}\n\ndata: null\n\ndata: 3\n\ndata: []\n\ndata: {}\n\ndata: [1]\n\n',
    "no error": b'data: {"error": null, "choices": null}\n\n',
    "an empty list of choices": b'data: {"choices": []}\n\ndata: {"choices": [null]}\n\n',
    "blank lines": b"\r\n\n\n",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_what_is_no_part_of_the_answer_is_skipped(server: OpenAIServer, frame: bytes) -> None:
    pieces = (frame + piece for piece in PLAIN)
    reply = answer(server, sent(*pieces, frame))
    assert (reply.text, reply.finish_reason) == (SAID, "stop")


def test_a_broken_byte_costs_its_character(server: OpenAIServer) -> None:
    broken = (piece.replace("ö".encode(), b"\xc3") for piece in PLAIN)
    assert answer(server, sent(*broken)).text == SAID.replace("ö", "\ufffd")


def test_a_character_in_two_pieces_is_joined(server: OpenAIServer) -> None:
    halves = (rb'{"choices": [{"delta": {"content": "\ud83c"}}]}', rb'{"choices": [{"delta": {"content": "\udf0d!"}}]}')
    reply = answer(server, sent(*(b"data: %s\n\n" % half for half in halves), END))
    assert reply.text == "🌍!"
    assert answer(server_again(server), sent(b"data: %s\n\n" % halves[0], END)).text == "\ufffd"


def server_again(server: OpenAIServer) -> OpenAIServer:
    """Forget what was asked so far."""
    server.requests.clear()
    return server


# Other media types, and answers in one piece


@pytest.mark.parametrize(
    "media_type",
    ["text/plain; charset=utf-8", "application/octet-stream", "application/json", "text/html", "",
     "text/event-stream; charset=iso-8859-1", "TEXT/EVENT-STREAM"],
)  # fmt: skip
@pytest.mark.parametrize("pieces", [PLAIN, (WHOLE,)], ids=["stream", "whole"])
def test_the_bytes_say_whether_it_is_a_stream(server: OpenAIServer, media_type: str, pieces: tuple[bytes, ...]) -> None:
    reply = answer(server, sent(*pieces, media_type=media_type))
    assert (reply.text, reply.finish_reason) == (SAID, "stop")


INDENTED = json.dumps(completion(SAID), indent=2).encode()


@pytest.mark.parametrize(
    "pieces",
    [
        (WHOLE, b"\n\n", DONE),
        (b"data: ", WHOLE, b"\n\n", DONE),
        (b"data: ", WHOLE),
        (b"\n\n \n", INDENTED, b"\n"),
        (b"event: message\n", b"\n".join(b"data: " + line for line in INDENTED.split(b"\n"))),
        (b": wait\n\n", WHOLE),
        (b"[", WHOLE, b"]"),
        (*TEXT, data(completion(SAID)), DONE),
        (*TEXT, data(completion(SAID.strip())), DONE),
        tuple(line.removeprefix(b"data: ").replace(b"\n\n", b"\n") for line in PLAIN),
        tuple(line.replace(b"\n\n", b"\n") for line in PLAIN),
    ],
    ids=[
        "and an end", "as an event", "as an event without its end", "indented", "in lines of data", "after a comment",
        "in a list", "after its pieces", "trimmed after its pieces", "JSON lines", "no blank lines",
    ],
)  # fmt: skip
def test_an_answer_in_another_dress_is_read(server: OpenAIServer, pieces: tuple[bytes, ...]) -> None:
    reply = answer(server, sent(*pieces))
    assert (reply.text, reply.finish_reason) == (SAID, "stop")


def test_a_server_that_repeats_the_text_so_far_is_understood(server: OpenAIServer) -> None:
    texts = ("<h1>Wör", "<h1>Wörld 🌍</h1>", SAID)
    reply = answer(server, sent(*(data({"choices": [{"message": {"content": text}}]}) for text in texts), END, DONE))
    assert (reply.text, reply.finish_reason) == (SAID, "stop")


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
def test_content_may_be_a_list_of_parts(server: OpenAIServer, streams: bool) -> None:
    server.streams = streams
    parts = ["<h1>Wörld ", {"type": "text", "text": "🌍</h1>"}, {"type": "output_text", "text": "\nready\n"}]
    thoughts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "A heading, "}]},
        {"type": "reasoning", "text": "then a word."},
        {"type": "image_url"},
    ]
    reply = answer(server, Scenario(completion([*thoughts, *parts])))
    assert (reply.text, reply.reasoning) == (SAID, THOUGHT)


# Errors with the status 200

QUOTA = {"message": "no", "code": "insufficient_quota"}
ERRORS = {
    "an event": (data({"error": QUOTA}),),
    "an event beside empty choices": (data({"choices": [], "error": QUOTA}),),
    "a named event": (b"event: error\n", data(QUOTA)),
    "an event of the type error": (data({"object": "error", **QUOTA}), DONE),
    "Anthropic's": (data({"type": "error", "error": QUOTA}),),
    "a sentence": (b"event: error\ndata: insufficient credits\n\n",),
    "one that is no object": (data({"error": True, **QUOTA}),),
    "llama.cpp's": (f"error: {json.dumps(QUOTA)}\n\n".encode(), DONE),
    "a list": (b"[" + json.dumps({"error": QUOTA}).encode() + b"]",),
    "in a choice": (data({"choices": [{"delta": {"content": ""}, "finish_reason": "error", "error": QUOTA}]}), DONE),
}


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("pieces", ERRORS.values(), ids=ERRORS)
def test_an_error_in_a_200_is_that_error(server: OpenAIServer, pieces: tuple[bytes, ...], media_type: str) -> None:
    raised = error(server, sent(b": wait\n\n", *pieces, media_type=media_type))
    assert (type(raised), raised.code) == (OutOfService, "model_quota_spent")
    assert len(server.requests) == 1


@pytest.mark.parametrize("pieces", ERRORS.values(), ids=ERRORS)
def test_an_error_after_text_cuts_it_off(server: OpenAIServer, pieces: tuple[bytes, ...]) -> None:
    reply = answer(server, sent(*TEXT[:2], *pieces, END, DONE))
    assert (reply.text, reply.finish_reason) == ("<h1>Wörld 🌍</h1>", DISCONNECTED)


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource", "abort"])
def test_a_finish_reason_may_stand_for_an_error(server: OpenAIServer, reason: str) -> None:
    reply = answer(server, sent(*TEXT, data(chunk({}, reason)), DONE))
    assert (reply.text, reply.finish_reason) == (SAID, DISCONNECTED)


# How an answer ends

FIRST, *MIDDLE, LAST = TEXT
WITH_STOP = tuple(data(chunk({"content": piece}, "stop")) for piece in ("<h1>Wör", "ld 🌍</h1>", "\nready\n"))
THOUGHT_WITH_STOP = data(chunk({"reasoning_content": THOUGHT}, "stop"))
ENDINGS: dict[str, tuple[tuple[bytes, ...], str]] = {
    "with the last text": ((*TEXT[:2], WITH_STOP[2]), "stop"),
    "after the text": ((*TEXT, END), "stop"),
    "after the text, before the tokens": ((*TEXT, END, data({"choices": [], "usage": COUNTED})), "stop"),
    "after the text, with tokens in a choice": ((*TEXT, END, data(chunk({"content": ""}, usage=COUNTED))), "stop"),
    "length": ((*TEXT, data(chunk({}, "length")), DONE), "length"),
    "without a delta": ((*TEXT, data(chunk(None, "length")), DONE), "length"),
    "in every event": ((*WITH_STOP, DONE), "stop"),
    "in every event, and alone at last": ((*WITH_STOP, END), "stop"),
    "in every event, and the line is lost": (WITH_STOP, DISCONNECTED),
    "in every event, and then another": ((*WITH_STOP, data(chunk({}, "length")), DONE), "length"),
    "with the thoughts": ((THOUGHT_WITH_STOP, *TEXT, DONE), "stop"),
    "with the thoughts, and the line is lost": ((THOUGHT_WITH_STOP, *TEXT), DISCONNECTED),
    "before the text": ((END, *TEXT, DONE), "stop"),
    "before the text, and the line is lost": ((END, *TEXT), DISCONNECTED),
    "amid the text": ((FIRST, END, *MIDDLE, LAST, DONE), "stop"),
    "nowhere": ((*TEXT, DONE), ""),
    "nowhere, and the line is lost": (TEXT, DISCONNECTED),
    "empty": ((*TEXT, data(chunk({}, "")), DONE), ""),
    "[DONE] first": ((DONE, *PLAIN), "stop"),
    "[DONE] first, and the line is lost": ((DONE, *TEXT), DISCONNECTED),
    "[DONE] amid the text": ((FIRST, DONE, *MIDDLE, LAST, END, DONE), "stop"),
    "[DONE] before the end": ((*TEXT, DONE, END), "stop"),
    "[DONE] twice": ((*TEXT, END, DONE, DONE), "stop"),
    "an event that is cut": ((*TEXT, b'data: {"choices": [{"delta": {"con'), DISCONNECTED),
    "an event that is broken, and an end": ((*TEXT, b'data: {"choices": [}\n\n', END, DONE), DISCONNECTED),
    "an event that is broken, after the end": ((*TEXT, END, b'data: {"usage": {\n\n', DONE), "stop"),
    "Gemini's": ((*TEXT, data(chunk({}, "STOP")), DONE), "stop"),
    "Gemini's length": ((*TEXT, data(chunk({}, "MAX_TOKENS")), DONE), "length"),
    "Mistral's length": ((*TEXT, data(chunk({}, "model_length")), DONE), "length"),
    "Anthropic's": ((*TEXT, data(chunk({}, "end_turn")), DONE), "stop"),
    "TGI's": ((*TEXT, data(chunk({}, "eos_token")), DONE), "stop"),
    "a filter": ((*TEXT, data(chunk({}, "content_filter")), DONE), "content_filter"),
    "an unknown one": ((*TEXT, data(chunk({}, "Bored")), DONE), "Bored"),
    "one that is no text": ((*TEXT, data({"choices": [{"delta": {}, "finish_reason": 3}]}), DONE), ""),
}


@pytest.mark.slow
@pytest.mark.parametrize(("pieces", "finish_reason"), ENDINGS.values(), ids=ENDINGS)
def test_no_half_of_an_answer_is_taken_for_the_whole(
    server: OpenAIServer, pieces: tuple[bytes, ...], finish_reason: str
) -> None:
    reply = answer(server, sent(*pieces))
    assert (reply.text, reply.finish_reason) == (SAID, finish_reason)


@pytest.mark.parametrize(
    "broken", [b'data: {"choices": [{"delta": {"content": "ld\n\n', b"data: " + TEXT[1]], ids=["cut", "data twice"]
)
def test_nothing_after_a_broken_event_is_used(server: OpenAIServer, broken: bytes) -> None:
    reply = answer(server, sent(FIRST, broken, LAST, END, DONE))
    assert (reply.text, reply.finish_reason) == ("<h1>Wör", DISCONNECTED)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pieces",
    [
        (*WITH_STOP, DONE),
        (FIRST, WITH_STOP[1], LAST, END),
        (FIRST, END, *MIDDLE, LAST, END),
        (THOUGHT_WITH_STOP, *TEXT, DONE),
    ],
    ids=["in every event", "with a text amid", "alone amid the text", "with the thoughts"],
)
def test_a_pause_after_a_finish_reason_is_no_end_while_text_goes_on(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(openai_author, "_USAGE_SECONDS", 0.1)
    reply = answer(server, Scenario(pieces=pieces, drip=0.5))
    assert (reply.text, reply.finish_reason) == (SAID, "stop")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "finish_reason"),
    [
        ((*TEXT, END), "stop"),
        ((*TEXT, data(chunk({}, "stop", usage=COUNTED))), "stop"),
        ((*TEXT, DONE), ""),
        ((*TEXT[:2], WITH_STOP[2]), "stop"),
        ((THOUGHT_WITH_STOP, *TEXT, END), "stop"),
        (WITH_STOP, DISCONNECTED),
    ],
    ids=["a finish reason", "tokens", "[DONE]", "one with the last text", "one after another", "one in each event"],
)
def test_a_connection_that_stays_open_after_the_end_is_given_up(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, pieces: tuple[bytes, ...], finish_reason: str
) -> None:
    monkeypatch.setattr(openai_author, "_SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(openai_author, "_USAGE_SECONDS", 0.5)
    reply = answer(server, sent(b"".join(pieces), stalls=True))
    assert (reply.text, reply.finish_reason) == (SAID, finish_reason)


@pytest.mark.parametrize("frame", [b": wait\n\n", b'data: {"type": "ping"}\n\n'], ids=["comments", "pings"])
def test_frames_do_not_keep_a_silent_stream_alive(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, frame: bytes
) -> None:
    monkeypatch.setattr(openai_author, "_SILENCE_SECONDS", 1.0)
    reply = answer(server, Scenario(pieces=(b"".join(TEXT[:2]), *[frame] * 90, LAST, END, DONE), drip=0.1))
    assert (reply.text, reply.finish_reason) == ("<h1>Wörld 🌍</h1>", DISCONNECTED)


# Thoughts, and calls of tools


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
def test_thoughts_are_kept_beside_the_text(server: OpenAIServer, field: str, streams: bool) -> None:
    server.streams = streams
    reply = answer(server, Scenario(completion(SAID, **{field: THOUGHT})))
    assert (reply.text, reply.reasoning) == (SAID, THOUGHT)
    assert "answer_field" not in reply.parameters


@pytest.mark.parametrize(
    "thoughts",
    [
        {
            "reasoning_details": [
                {"type": "reasoning.text", "text": THOUGHT},
                {"type": "reasoning.encrypted", "data": ""},
            ]
        },
        {"reasoning": {"content": THOUGHT}},
        {"reasoning": None, "reasoning_content": "", "thinking": [{"thinking": THOUGHT}]},
    ],
    ids=["details", "an object", "a list"],
)
def test_thoughts_may_be_more_than_a_text(server: OpenAIServer, thoughts: dict[str, object]) -> None:
    reply = answer(server, Scenario(completion(SAID, **thoughts)))
    assert (reply.text, reply.reasoning) == (SAID, THOUGHT)


def test_thoughts_that_come_in_two_fields_are_kept_once(server: OpenAIServer) -> None:
    assert answer(server, Scenario(completion(SAID, reasoning=THOUGHT, reasoning_content=THOUGHT))).reasoning == THOUGHT


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", ["", None, "\n\n"])
@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
def test_where_nothing_but_thoughts_came_they_are_the_answer(
    server: OpenAIServer, field: str, content: str | None, streams: bool
) -> None:
    server.streams = streams
    reply = answer(server, Scenario(completion(content, **{field: SAID})))
    assert (reply.text, reply.finish_reason, reply.reasoning) == (SAID, "stop", "")
    assert reply.parameters["answer_field"] == field


def test_thoughts_without_an_end_are_the_answer_if_the_stream_says_that_it_is_done(server: OpenAIServer) -> None:
    reply = answer(server, sent(data(chunk({"reasoning": SAID})), DONE))
    assert (reply.text, reply.finish_reason) == (SAID, "")


@pytest.mark.parametrize("finish_reason", ["length", "content_filter", "tool_calls"])
def test_thoughts_that_were_cut_off_are_no_answer(server: OpenAIServer, finish_reason: str) -> None:
    reply = answer(server, Scenario(completion("", reasoning=SAID, finish_reason=finish_reason)))
    assert (reply.text, reply.finish_reason, reply.reasoning) == ("", finish_reason, SAID)


@pytest.mark.parametrize("ways", [{"cut": True}, {}], ids=["cut", "closed"])
def test_a_connection_that_is_lost_among_the_thoughts_is_an_error_that_keeps_them(
    server: OpenAIServer, ways: dict[str, bool]
) -> None:
    raised = error(server, sent(data(chunk({"reasoning": THOUGHT})), **ways))
    assert (type(raised), raised.code) == (Transient, "model_unreachable")
    assert raised.reply is not None
    assert (raised.reply.text, raised.reply.finish_reason, raised.reply.reasoning) == ("", "", THOUGHT)
    assert len(server.requests) == 1


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "whole"])
def test_a_tool_that_was_not_offered_and_is_called_is_named(server: OpenAIServer, streams: bool) -> None:
    server.streams = streams
    calls = [{"index": 0, "id": "1", "type": "function", "function": {"name": "write_file", "arguments": "{}"}}]
    scenario = completion(None, finish_reason="tool_calls", tool_calls=calls, reasoning=THOUGHT)
    reply = answer(server, Scenario(scenario))
    assert (reply.text, reply.finish_reason, reply.reasoning) == ("", "tool_calls", THOUGHT)
    assert reply.parameters["tool_calls"] == ["write_file"]
    beside = answer(server_again(server), Scenario(completion(SAID, finish_reason="tool_calls", tool_calls=calls)))
    assert (beside.text, beside.finish_reason) == (SAID, "tool_calls")


# Streams that cannot be used at all

UNUSABLE: dict[str, Scenario] = {
    "nothing": sent(b"\n"),
    "comments": sent(b": wait\n\n: wait\n\n"),
    "only an end": sent(DONE),
    "foreign events": sent(data({"type": "content_block_delta", "delta": {"text": "hi"}}), data({"type": "end"})),
    "another API's lines": sent(b'{"message": {"content": "hi"}}\n', b'{"done": true}\n'),
    "choices of another API": sent(data({"choices": [{"text": "hi"}]}), data({"choices": [{"text": "!"}]}), DONE),
    "Python's idea of JSON": sent(b"data: {'choices': [{'delta': {'content': 'hi'}}]}\n\n", DONE),
    "data twice": sent(*(b"data: " + piece for piece in PLAIN)),
    "broken JSON": sent(b'data: {"choices": [{"delta": {"content": "hi"\n\n', DONE),
    "broken JSON after a role": sent(PLAIN[0], b'data: {"choices": [{"delta": {"content": "hi"\n\n', END, DONE),
    "no choices": sent(data({"choices": None}), DONE),
    "no text and no end": sent(PLAIN[0], DONE),
    "not compressed": Scenario(pieces=PLAIN, headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", UNUSABLE.values(), ids=UNUSABLE)
def test_a_stream_that_cannot_be_used_is_asked_for_once_without_streaming_and_never_again(
    server: OpenAIServer, scenario: Scenario
) -> None:
    profiles = ProfilesInMemory()
    server.scenario = lambda request: scenario if "stream" in request else Scenario(completion(SAID))
    first, second = (author(server, profiles).write(MESSAGES, model="m", seconds=30) for _ in range(2))
    assert (first.text, first.finish_reason, second.text) == (SAID, "stop", SAID)
    assert ["stream" in request for request in server.requests] == [True, False, False]
    assert not any("stream_options" in request for request in server.requests[1:])
    assert profiles.profile(server_name(server.url), "m") == ModelParameters(dropped=frozenset({"stream"}))
    assert first.parameters["dropped"] == {"stream": "unreadable"}
    assert second.parameters["dropped"] == {"stream": "refused before"}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", UNUSABLE.values(), ids=UNUSABLE)
def test_a_server_that_cannot_be_read_at_all_is_asked_twice_and_teaches_nothing(
    server: OpenAIServer, scenario: Scenario
) -> None:
    profiles = ProfilesInMemory()
    server.scenario = lambda request: scenario if "stream" in request else Scenario("", headers={})
    with pytest.raises(Permanent) as raised:
        author(server, profiles).write(MESSAGES, model="m", seconds=30)
    assert raised.value.code == "model_bad_answer"
    assert ["stream" in request for request in server.requests] == [True, False]
    assert profiles.profile(server_name(server.url), "m") == ModelParameters()


@pytest.mark.parametrize(
    "body", [b"<!doctype html><title>Gateway</title>", b'{"detail": []}', b'{"id": "chatcmpl'], ids=str
)
def test_what_is_no_stream_is_not_asked_for_again(server: OpenAIServer, body: bytes) -> None:
    assert error(server, sent(body)).code == "model_bad_answer"
    assert len(server.requests) == 1


REFUSALS = {
    "a sentence": Scenario({"error": {"message": "Streaming is not supported for this model."}}, status=400),
    "another order": Scenario({"error": {"message": "This model does not support streaming."}}, status=422),
    "FastAPI's": Scenario({"detail": "Streaming responses are not yet implemented"}, status=501),
    "within a stream": sent(data({"error": {"message": "streaming is disabled", "code": 400}})),
    "within a stream, without a status": sent(data({"error": "streaming not supported"})),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_server_that_says_that_it_does_not_stream_is_believed(server: OpenAIServer, refusal: Scenario) -> None:
    profiles = ProfilesInMemory()
    server.scenario = lambda request: refusal if "stream" in request else Scenario(completion(SAID))
    replies = [author(server, profiles).write(MESSAGES, model="m", seconds=30) for _ in range(2)]
    assert [reply.text for reply in replies] == [SAID, SAID]
    assert ["stream" in request for request in server.requests] == [True, False, False]


def test_an_overload_that_speaks_of_a_stream_is_no_refusal(server: OpenAIServer) -> None:
    scenario = Scenario({"error": {"message": "The upstream closed the stream", "code": 502}}, status=502)
    assert error(server, scenario).code == "model_overloaded"
    assert len(server.requests) == 1
