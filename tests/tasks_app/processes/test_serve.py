"""`manage.py serve` as a process that is started, sent requests, stopped and killed."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tasks_app.privacy import close_to_others
from tasks_app.processes.serve import Address, AddressError
from tests.processes import alive, free_port, is_free, wait_for
from tests.service import ROOT, Service, task

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = 1 + 3 + 5  # dispatcher; web and its two workers; cluster, sentinel, one worker, monitor, pusher


def below(service: Service) -> set[int]:
    """Return every living process of a service but `serve` itself."""
    assert service.process
    return service.everyone() - {service.process.pid}


def is_whole(service: Service) -> bool:
    return len(below(service)) == WHOLE and service.get("/readyz") is not None


@contextmanager
def started(folder: Path) -> Iterator[Service]:
    # setproctitle leaves the environment readable in /proc with this.
    with Service(folder, workers=1, SPT_NOENV="1") as running:
        running.start()
        assert wait_for(lambda: is_whole(running), 30), running.tail()
        yield running


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Service]:
    """Run a service for one test, which may end it."""
    with started(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service for the tests that leave it running."""
    with started(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.processes
def test_sigterm_ends_everything_with_zero_and_frees_the_port(serving: Service) -> None:
    members = below(serving)
    assert serving.stop() == 0
    assert not any(alive(pid) for pid in members)
    assert wait_for(lambda: is_free(serving.port), 30)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="parent-death signals are Linux's")
def test_kill_9_leaves_nothing_and_the_port_is_free(serving: Service) -> None:
    members = below(serving)
    serving.process.kill()
    serving.process.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in members), 30)
    assert wait_for(lambda: is_free(serving.port), 30)


@pytest.mark.slow
@pytest.mark.processes
def test_nothing_that_a_running_service_makes_in_its_folder_is_taken_for_files_of_others(lasting: Service) -> None:
    sent = task("files", 1, "n1", f"http://127.0.0.1:{free_port()}/notify")
    lasting.post(sent)
    assert httpx2.post(f"{lasting.public}/handle_task", json={**sent, "secret": "wrong"}).status_code == 401
    (lasting.data / "demo").mkdir()  # as `make demo` does beside a service with the default DATA_DIR
    (lasting.data / "demo-2").mkdir()
    assert wait_for(lambda: (lasting.data / "forge").exists(), 60), lasting.tail()
    assert (lasting.data / "counts.lock").exists()
    lasting.data.chmod(0o755)
    said = close_to_others(lasting.data)
    assert stat.S_IMODE(lasting.data.stat().st_mode) == 0o700, said


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("what", ["gunicorn", "cluster", "dispatcher"])
def test_whichever_main_process_is_killed_it_is_ready_again(lasting: Service, what: str) -> None:
    mains = [pid for pid in below(lasting) if os.getsid(pid) == pid]
    (victim,) = (pid for pid in mains if what in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(victim, signal.SIGKILL)
    assert wait_for(lambda: not alive(victim))
    assert wait_for(lambda: is_whole(lasting)), lasting.tail()


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_what_all_are_forked_from_has_one_thread_and_no_database_or_socket(lasting: Service) -> None:
    own = Path(f"/proc/{lasting.process.pid}")
    assert len(list((own / "task").iterdir())) == 1
    numbers = os.listdir(own / "fd")  # noqa: PTH208 -- links that lead nowhere
    opened = [str((own / "fd" / number).readlink()) for number in numbers]
    assert not [name for name in opened if "db.sqlite3" in name or name.startswith("socket:")], opened


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_only_serve_holds_what_says_that_it_lives(lasting: Service) -> None:
    for pid in below(lasting):
        numbers = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208
        opened = [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in numbers]
        assert not [name for name in opened if "/supervisors/" in name], pid


@pytest.mark.processes
@pytest.mark.slow
def test_every_process_gets_the_origins_of_the_port_that_bind_names(lasting: Service) -> None:
    assert (
        f"public     http://localhost:{lasting.port}\npages      http://127.0.0.1:{lasting.port}\n"
        in lasting.log.read_text()
    )
    for pid in below(lasting):
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert f"PORT={lasting.port}".encode() in environment
        assert b"WORKERS=1" in environment


@pytest.mark.slow
@pytest.mark.processes
def test_a_taken_port_is_one_line_and_exit_2_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{holder.getsockname()[1]}"]
        ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip().endswith("Address already in use")
    assert "\n" not in ended.stderr.strip()
    assert not (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize(
    ("text", "host", "port", "spoken"),
    [
        ("0.0.0.0:8000", "0.0.0.0", 8000, "0.0.0.0:8000"),
        (":80", "0.0.0.0", 80, "0.0.0.0:80"),
        ("[::1]:8000", "::1", 8000, "[::1]:8000"),
        ("localhost:65535", "localhost", 65535, "localhost:65535"),
    ],
)
def test_addresses(text: str, host: str, port: int, spoken: str) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, str(address)) == (host, port, spoken)


@pytest.mark.parametrize("text", ["8000", "localhost", "h:", "h:0", "h:65536", "h:-1", "h:\u0668", "h:8o"])
def test_unusable_addresses(text: str) -> None:
    with pytest.raises(AddressError, match="is not HOST:PORT"):
        Address.parse(text)
