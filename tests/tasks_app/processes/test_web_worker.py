"""The web worker in a real gunicorn of one process and two threads, whose app answers with what it was sent."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import runpy
import selectors
import socket
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn

from tasks_app.processes.web_worker import IDLE_WITHIN, LARGE, MOST_HELD, WHOLE_WITHIN, Arrival, BufferingWorker
from tests.processes import free_port, is_free, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[3]
#: What MAX_REQUEST_BYTES says here, which is not the default.
LARGEST = 12_000_000
#: An app that tells what arrived, how many large requests were handled at once, and how many have begun. A request
#: whose header Wait-For names a file is answered once the file is there.
APP = """
import hashlib, os, threading
from tests.processes import wait_for
begun, now, most, gate = 0, 0, 0, threading.Lock()
def app(environ, start_response):
    global begun, now, most
    body = environ["wsgi.input"].read()
    is_large = len(body) > 1_000_000
    with gate:
        begun, now = begun + is_large, now + is_large
        most = max(most, now)
    if file := environ.get("HTTP_WAIT_FOR"):
        wait_for(lambda: os.path.exists(file), 100)
    with gate:
        now -= is_large
    start_response("200 OK", [("Content-Type", "text/plain")])
    shown = body[:20].decode(errors="replace")
    digest = hashlib.sha256(body).hexdigest()
    return [f"{environ['REQUEST_METHOD']} {len(body)} {shown} {digest}, {most} at once, {begun} begun".encode()]
"""
#: What the service's own configuration says of headers and of the largest body; the rest of it needs the service.
CONFIGURATION = f"""
import runpy
secure_scheme_headers = runpy.run_path({str(ROOT / "gunicorn.conf.py")!r})["secure_scheme_headers"]
"""
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Web:
    """A running server. `connect` opens a connection that has 60 s for each answer."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, *pieces: bytes) -> tuple[str, bytes]:
        """Send the pieces one after the other, and return the head and the body of the answer."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return answer_of(client)


def answer_of(client: socket.socket) -> tuple[str, bytes]:
    answer = b""
    while part := client.recv(65_536):
        answer += part
        head, found, body = answer.partition(b"\r\n\r\n")
        if found and b"Content-Length" in head and len(body) >= int(head.split(b"Content-Length: ")[1].split()[0]):
            break
        if found and body.endswith(b"0\r\n\r\n"):
            break
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "echo.py").write_text(APP)
    (folder / "configuration.py").write_text(CONFIGURATION)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "echo:app", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    command += ["--worker-class", "tasks_app.processes.web_worker.BufferingWorker", "--no-control-socket"]
    command += ["--config", "configuration.py"]
    path = os.pathsep.join([str(ROOT), str(folder)])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
    environment |= {"ENV_FILE": os.devnull, "MAX_REQUEST_BYTES": str(LARGEST)}
    with (folder / "log").open("wb") as log, ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, cwd=folder, env=environment, stderr=log))
        stack.callback(process.terminate)
        assert wait_for(lambda: not is_free(port)), (folder / "log").read_text()
        yield Web(port)


def test_a_request_that_arrives_in_pieces_is_answered_when_it_is_whole(web: Web) -> None:
    head, body = web.ask(POST, b"Content-Le", b"ngth: 5\r\n", b"\r", b"\nab", b"cde")
    assert head.startswith("HTTP/1.1 200 OK")
    assert b"POST 5 abcde" in body


def test_clients_that_stall_take_no_thread_from_those_that_do_not(web: Web) -> None:
    halves = [
        b"",
        b"P",
        POST,
        POST + b"Content-Length: 9\r\n\r\nab",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\na",
    ]
    with ExitStack() as stack:
        slow = [stack.enter_context(web.connect()) for _ in range(200)]
        for number, client in enumerate(slow):
            client.sendall(halves[number % len(halves)])
        for _ in range(20):
            assert b"POST 2 hi" in web.ask(POST + b"Content-Length: 2\r\n\r\nhi")[1]
        slow[3].sendall(b"cdefghi")  # and the slow ones are answered in their turn
        assert b"POST 9 abcdefghi" in answer_of(slow[3])[1]
        slow[4].sendall(b"bcde\r\n0\r\n\r\n")
        assert b"POST 5 abcde" in answer_of(slow[4])[1]


def test_requests_of_one_connection_are_answered_one_after_the_other(web: Web) -> None:
    with web.connect() as client:
        client.sendall(POST + b"Content-Length: 2\r\n\r\nhi" + POST + b"Content-Length: 3\r\n\r\nyou")
        first = answer_of(client)[1]
        answers = first if b"you" in first else first + answer_of(client)[1]
        assert answers.index(b"POST 2 hi") < answers.index(b"POST 3 you")
        client.sendall(POST + b"Content-Length: 3\r\n\r\nall")
        assert b"POST 3 all" in answer_of(client)[1]


def test_a_large_body_goes_through_a_file_and_arrives_whole(web: Web) -> None:
    sent = os.urandom(LARGEST - 1)
    head, body = web.ask(POST + b"Content-Length: %d\r\n\r\n" % len(sent), sent)
    assert head.startswith("HTTP/1.1 200")
    assert b"POST %d " % len(sent) in body
    assert hashlib.sha256(sent).hexdigest().encode() in body


def test_large_requests_are_handled_one_at_a_time_and_small_ones_beside_them(web: Web, tmp_path: Path) -> None:
    file, small = tmp_path / "go on", POST + b"Content-Length: 2\r\n\r\nhi"
    large = POST + b"Wait-For: %s\r\nContent-Length: 1100000\r\n\r\n" % bytes(file) + b"x" * 1_100_000
    before = begun(web.ask(small)[1])
    with ExitStack() as stack:
        clients = [stack.enter_context(web.connect()) for _ in range(6)]
        for client in clients:
            client.sendall(large)
        assert wait_for(lambda: begun(web.ask(small)[1]) > before)
        for _ in range(50):  # the worker reads a piece of each large request between two of these
            answer = web.ask(small)[1]
            assert b"POST 2 hi" in answer
            assert begun(answer) == before + 1
        file.touch()
        answers = [answer_of(client)[1] for client in clients]
    assert [(b"POST 1100000 " in answer, b" 1 at once" in answer) for answer in answers] == [(True, True)] * 6


def begun(answer: bytes) -> int:
    """Return how many large requests the app had begun to handle when it gave this answer."""
    return int(answer.rpartition(b" begun")[0].rpartition(b" ")[2])


def test_a_process_that_holds_too_much_takes_no_more_large_requests_and_says_when_to_come_back() -> None:
    near, far = socket.socketpair()
    with near, far, idle_worker() as worker:
        worker.enqueue_req(TConn(Config(), near, "", ""))
        (arrival,) = worker._arrivals.values()
        worker._held = MOST_HELD * worker.largest
        worker._take(arrival, POST + b"Content-Length: 3000000\r\n\r\n")
        assert list(worker._arrivals.values()) == [arrival]
        worker._take(arrival, b"x" * (LARGE + 1))
        assert worker._held == MOST_HELD * worker.largest
        answer = far.recv(4_000).decode()
        assert answer.startswith("HTTP/1.1 503 ")
        assert "Retry-After" in answer


@contextmanager
def idle_worker() -> Iterator[BufferingWorker]:
    """Yield a worker that listens nowhere."""
    worker = BufferingWorker(1, os.getppid(), [], None, 30, Config(), logging.getLogger())
    with closing(worker.tmp), selectors.DefaultSelector() as worker.poller:
        yield worker


def test_a_body_over_the_setting_is_refused_once_it_is_read(web: Web) -> None:
    length = LARGEST + 1
    head, body = web.ask(POST + b"Content-Length: %d\r\n\r\n" % length, b"x" * length)
    assert head.startswith("HTTP/1.1 413")
    problem = json.loads(body)
    assert (problem["status"], problem["detail"]) == (413, f"A request may have {LARGEST} bytes.")


def test_a_client_that_asks_first_is_told_to_send_its_body(web: Web) -> None:
    with web.connect() as client:
        client.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        answer = answer_of(client)
        while b"POST 2 hi" not in answer[1]:
            answer = answer_of(client)
    assert b"POST 2 hi" in answer[1]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    ],
)
def test_the_servers_own_refusals_are_problems_too(web: Web, raw: bytes, status: int) -> None:
    head, body = web.ask(raw)
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Protocol: https\r\n",
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n",
        b"X-Forwarded-Proto: https, http\r\nX-Forwarded-Proto: http\r\n",
        b"Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\r\nX-Forwarded-Proto: https\r\n",
        b"X-Forwarded-For: 192.0.2.60, unknown\r\nX-Forwarded-Port: 443, 80\r\nX-Real-Ip: -\r\nFront-End-Https: on\r\n",
    ],
)
def test_what_proxies_say_of_the_scheme_refuses_no_request(web: Web, headers: bytes) -> None:
    head, body = web.ask(POST + headers + b"Content-Length: 2\r\n\r\nhi")
    assert head.startswith("HTTP/1.1 200 OK")
    assert b"POST 2 hi" in body


def test_a_request_is_given_up_after_a_while_without_a_byte_and_after_a_longer_while_in_any_case() -> None:
    near, far = socket.socketpair()
    with near, far:
        arrival = Arrival(TConn(Config(), near, "", ""))
        with arrival.bytes:
            assert not arrival.is_over(arrival.began + IDLE_WITHIN - 1)
            assert arrival.is_over(arrival.began + IDLE_WITHIN + 1)
            arrival.newest = arrival.began + WHOLE_WITHIN
            assert not arrival.is_over(arrival.began + WHOLE_WITHIN - 1)
            assert arrival.is_over(arrival.began + WHOLE_WITHIN + 1)


@pytest.mark.parametrize("writable", [True, False])
def test_workers_files_stand_where_they_can_be_written(writable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: writable)
    assert ("worker_tmp_dir" in runpy.run_path(str(ROOT / "gunicorn.conf.py"))) is writable
