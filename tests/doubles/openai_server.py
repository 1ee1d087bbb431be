"""A scripted server on loopback that speaks Chat Completions, and misbehaves as real ones do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.doubles.loopback import LoopbackHandler, LoopbackServer
from tests.doubles.openai_events import events
from tests.doubles.openai_scenarios import SCENARIOS, Scenario, models

#: An answer by its name, as it is, or made of the request.
Answering = str | Scenario | Callable[[dict[str, Any]], str | Scenario]


class OpenAIServer(LoopbackServer):
    """The server: `scenario` names what it answers, or `script` has the answers (or what makes one of a request) before
    that.

    `requests` keeps what came, `listed` what the list of models is, `ended` tells that a client hung up on a slow
    answer. `streams`: it streams an answer where that is asked for, as most do; else it sends it whole, as if that had
    not been asked.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.scenario: Answering = "ok"
        self.streams = True
        self.script: list[Answering] = []
        self.listed = Scenario(models("double-1"))
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.ended = threading.Event()

    def answers(self, request: dict[str, Any]) -> Scenario:
        """Return the next answer."""
        answering = self.script.pop(0) if self.script else self.scenario
        made = answering(request) if callable(answering) else answering
        return SCENARIOS[made] if isinstance(made, str) else made

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class _Handler(LoopbackHandler):
    server: OpenAIServer
    protocol_version = "HTTP/1.1"

    def complete(self) -> None:
        request = json.loads(self.content())
        self.server.requests.append(request)
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        scenario = self.server.answers(request)
        if request.get("stream") and self.server.streams and scenario.status == 200:
            self.stream(scenario, with_usage=bool((request.get("stream_options") or {}).get("include_usage")))
        else:
            self.answer(scenario)

    def list_models(self) -> None:
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        self.answer(self.server.listed if self.path == "/v1/models" else Scenario("no such page", status=404))

    do_POST, do_GET = complete, list_models  # noqa: N815

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
        if scenario.hang or not (scenario.pieces or isinstance(scenario.body, dict | list)):
            self.answer(scenario)
            return
        self.close_connection = True
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream; charset=utf-8", **scenario.headers}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for event in scenario.pieces or _events(scenario, with_usage=with_usage):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                if scenario.drip and self.server.closing.wait(scenario.drip):
                    return
            if scenario.lingers or scenario.stalls:
                self.wait_for_hang_up()
            elif not scenario.cut:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.ended.set()

    def send_body(self, payload: bytes, drip: float) -> None:
        try:
            for at in range(0, len(payload), 1 if drip else len(payload)):
                self.wfile.write(payload[at : at + 1] if drip else payload)
                if drip and self.server.closing.wait(drip):
                    return
        except OSError:
            self.close_connection = True
            self.server.ended.set()

    def wait_for_hang_up(self) -> None:
        self.close_connection = True
        self.connection.settimeout(10)
        if not self.connection.recv(1):
            self.server.ended.set()


def _events(scenario: Scenario, *, with_usage: bool) -> list[bytes]:
    unended = scenario.cut or scenario.stalls
    made = events(scenario.body, with_usage=with_usage and not unended)
    return made[: -2 if unended else -1 if scenario.lingers else None]
