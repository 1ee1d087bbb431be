"""A scripted server on loopback that speaks Chat Completions, and misbehaves as real ones do."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


def completion(text: object, *, finish_reason: str | None = "stop", **message: object) -> dict[str, Any]:
    """Return the body of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "double-1",
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 3},
            "cost": 0.0125,
        },
    }


@dataclass(frozen=True)
class Scenario:
    """One scripted answer. `hang`: nothing ever comes; `drip`: the body comes a byte at a time, or an event where it is a stream, so many
    seconds apart; `cut`: the connection is lost halfway, in a stream when all text has come and not the end; `stalls`: there nothing more comes;
    `lingers`: when all has come the connection stays open, without the line that ends a stream.
    """

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: float = 0
    cut: bool = False
    stalls: bool = False
    lingers: bool = False

    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def events(body: object, *, with_usage: bool) -> list[bytes]:
    """Return a chat completion as the events of a stream, its text a word each; a body that is none as one event.

    https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
    """
    if isinstance(body, list):  # an answer, and what comes in the place of its end
        return [*events(body[0], with_usage=False)[:-2], *map(_event, body[1:])]
    if not isinstance(body, dict) or not body.get("choices") or not body["choices"][0].get("message"):
        return [_event(body), b"data: [DONE]\n\n"]
    choice = body["choices"][0]
    head = {**body, "object": "chat.completion.chunk", "usage": None}
    pieces = choice["message"].get("content")
    pieces = re.findall(r"\s*\S+\s*$|\s*\S+", pieces) if isinstance(pieces, str) else [[part] for part in pieces or ()]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces or [None]]
    deltas[0] |= {name: value for name, value in choice["message"].items() if name != "content"}
    rest = {name: value for name, value in choice.items() if name not in {"message", "finish_reason"}}
    chunks = [{**rest, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({**rest, "delta": {}, "finish_reason": choice["finish_reason"]})
    usage = [_event({**head, "choices": [], "usage": body["usage"]})] if with_usage and body.get("usage") else []
    return [*(_event({**head, "choices": [chunk]}) for chunk in chunks), *usage, b"data: [DONE]\n\n"]


def _event(body: object) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _error(code: str | int | None, message: str = "no", **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "param": None, "code": code, **more}}


def models(*names: str) -> dict[str, Any]:
    """Return the body of a list of models."""
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


SCENARIOS: dict[str, Scenario] = {
    "ok": Scenario(completion("hello")),
    "no usage": Scenario({**completion("hello"), "usage": None}),
    "truncated": Scenario(completion("=== b file index.html\n<html>", finish_reason="length")),
    "refusal": Scenario(completion(None, refusal="I will not.")),
    "null content": Scenario(completion(None)),
    "html": Scenario("<!doctype html><title>Gateway</title>", headers={"Content-Type": "text/html"}),
    "not json": Scenario('{"id": "chatcmpl', headers={"Content-Type": "application/json"}),
    "null choices": Scenario({**completion(""), "choices": None}),
    "no choices": Scenario({**completion(""), "choices": []}),
    "null message": Scenario({**completion(""), "choices": [{"index": 0, "finish_reason": "stop", "message": None}]}),
    "error in 200": Scenario(_error("odd_thing")),
    "overload in 200": Scenario(_error(502)),
    "quota in 200": Scenario(_error("insufficient_quota")),
    "bad request": Scenario(_error("odd_request"), status=400),
    "sentence in 200": Scenario({"error": "the model is overloaded, try again"}),
    "error in a choice": Scenario(
        {
            **completion(None),
            "choices": [
                {"index": 0, "finish_reason": "error", "message": {"role": "assistant", "content": ""}, **_error(502)}
            ],
        }
    ),
    "text in parts": Scenario(completion([{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}])),
    "filtered": Scenario(completion("half a pa", finish_reason="content_filter")),
    "no finish reason": Scenario(completion("hello", finish_reason=None)),
    "filtered prompt": Scenario(_error("content_filter", "The response was filtered."), status=400),
    "flagged prompt": Scenario(_error(403, "Your input was flagged", metadata={"reasons": ["violence"]}), status=403),
    "forbidden model": Scenario(_error("model_not_found", "Project has no access to model"), status=403),
    "no model by sentence": Scenario(_error(400, "double-9 is not a valid model ID"), status=400),
    "long prompt": Scenario(
        _error("context_length_exceeded", "This model's maximum context length is 8 tokens."), status=400
    ),
    "long prompt, llama.cpp": Scenario(
        _error(400, "the request exceeds the available context size", type="exceed_context_size_error"), status=400
    ),
    "too large": Scenario("too large", status=413),
    "too large for a minute": Scenario(
        _error("rate_limit_exceeded", "Request too large for double-1: Limit 30000"), status=429
    ),
    "AI Pipe's budget": Scenario({"message": "Usage $0.2 / $0.2 in 7 days"}, status=429),
    "Gemini's key": Scenario(_error("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), status=400),
    "overloaded": Scenario(_error("overloaded_error"), status=529),
    "rate limit of an hour": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "3600"}),
    "rate limit of ages": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "1e300"}),
    "rate limit of nonsense": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "nan"}),
    "refused key": Scenario(_error("invalid_api_key", "Incorrect API key provided: sk-double-secret"), status=401),
    "forbidden": Scenario(_error("forbidden"), status=403),
    "unpaid": Scenario(_error("payment_required"), status=402),
    "unknown model": Scenario(_error("model_not_found"), status=404),
    "conflict": Scenario(_error("conflict"), status=409),
    "rate limit": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "7"}),
    "rate limit without time": Scenario(_error("rate_limit_exceeded"), status=429),
    "quota": Scenario(_error("insufficient_quota"), status=429, headers={"Retry-After": "7"}),
    "server error": Scenario(_error("server_error"), status=500),
    "hang": Scenario(hang=True),
    "slow drip": Scenario(completion("hello " * 99), drip=0.05),
    "open end": Scenario(completion("hello"), lingers=True),
    "hang-up": Scenario(completion(None), cut=True),
    "hang-up on the way": Scenario(completion("hello to"), cut=True),
    "error on the way": Scenario([completion("hello to"), _error(502)]),
}


#: An answer by its name, as it is, or made of the request.
Answering = str | Scenario | Callable[[dict[str, Any]], str | Scenario]


class OpenAIServer:
    """The server: `scenario` names what it answers, or `script` has the answers (or what makes one of a request) before that.

    `requests` keeps what came, `listed` what the list of models is, `ended` tells that a client hung up on a slow answer. `streams`: it streams
    an answer where that is asked for, as most do; else it sends it whole, as if that had not been asked.
    """

    def __init__(self) -> None:
        self.scenario = "ok"
        self.streams = True
        self.script: list[Answering] = []
        self.listed = Scenario(models("double-1"))
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.ended = threading.Event()
        self.stopping = threading.Event()
        self._server = _Listener(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def answers(self, request: dict[str, Any]) -> Scenario:
        """Return the next answer."""
        answering = self.script.pop(0) if self.script else self.scenario
        made = answering(request) if callable(answering) else answering
        return SCENARIOS[made] if isinstance(made, str) else made

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, double: OpenAIServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet about clients that leave, as one does that is killed."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(content)
        self.server.double.requests.append(request)
        self.server.double.authorizations.append(self.headers.get("Authorization", ""))
        scenario = self.server.double.answers(request)
        if request.get("stream") and self.server.double.streams and scenario.status == 200:
            self.stream(scenario, with_usage=bool((request.get("stream_options") or {}).get("include_usage")))
        else:
            self.answer(scenario)

    def do_GET(self) -> None:
        self.server.double.authorizations.append(self.headers.get("Authorization", ""))
        self.answer(self.server.double.listed if self.path == "/v1/models" else Scenario("no such page", status=404))

    def answer(self, scenario: Scenario) -> None:
        if scenario.hang:
            self.wait_for_hang_up()
            return
        payload = scenario.payload()
        self.send_response(scenario.status)
        for name, value in {"Content-Type": "application/json", **scenario.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if scenario.cut:
            payload = payload[: len(payload) // 2]
            self.close_connection = True
        self.send_body(payload, scenario.drip)

    def stream(self, scenario: Scenario, *, with_usage: bool) -> None:
        if scenario.hang or not isinstance(scenario.body, dict | list):
            self.answer(scenario)
            return
        self.close_connection = True
        unended = scenario.cut or scenario.stalls
        sent = events(scenario.body, with_usage=with_usage and not unended)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for event in sent[: -2 if unended else -1 if scenario.lingers else None]:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                if scenario.drip and self.server.double.stopping.wait(scenario.drip):
                    return
            if scenario.lingers or scenario.stalls:
                self.wait_for_hang_up()
            elif not scenario.cut:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.double.ended.set()

    def send_body(self, payload: bytes, drip: float) -> None:
        try:
            for at in range(0, len(payload), 1 if drip else len(payload)):
                self.wfile.write(payload[at : at + 1] if drip else payload)
                if drip and self.server.double.stopping.wait(drip):
                    return
        except OSError:
            self.close_connection = True
            self.server.double.ended.set()

    def wait_for_hang_up(self) -> None:
        self.close_connection = True
        self.connection.settimeout(10)
        if not self.connection.recv(1):
            self.server.double.ended.set()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
