"""The processes of the check browser: they hold no secret, all of them end, and their number is bounded."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import NO_CHROMIUM, ChromiumBrowser, Machine
from engine.adapters.browser.process_tree import ProcessTree
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict
from tests.processes import mentioning

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
PAGE = PageUnderTest("https://someone.github.io/repo/", {"index.html": b"<title>Hi</title><p id=x>"}, Target.LOCAL)
GOOD = Check(Kind.JS, "document.querySelector('#x') !== null")
WAITING = Check(Kind.JS, "new Promise(() => {})")
SECRET = "planted-secret-0123456789abcdef"


def run(machine: Machine, *checks: Check, seconds: float = 40) -> BrowserReport:
    return ChromiumBrowser(machine).run(PAGE, checks or (GOOD,), seconds=seconds)


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def browsers(homes: Path) -> list[int]:
    """Return the running check browsers: session leaders, since a forked child has the same command for an instant."""
    found = []
    for pid in [int(one.split()[0]) for one in mentioning(str(homes)) if "-m engine.check_browser" in one]:
        with suppress(ProcessLookupError):
            found += [pid] if os.getsid(pid) == pid else []
    return found


pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("homes")]


def test_without_a_browser_nothing_is_run_and_the_reason_is_reported(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    report = run(replace(machine, executable=""), GOOD, GOOD)
    assert [r.verdict for r in report.results] == [Verdict.NOT_RUN] * 2
    assert report.not_run == report.results[0].detail == NO_CHROMIUM
    assert ChromiumBrowser(replace(machine, executable="")).problem() == report.not_run


@pytest.mark.slow
@pytest.mark.parametrize("executable", ["/bin/false", "/nowhere/chromium", "/bin/cat"])
def test_what_is_no_browser_is_named(executable: str, machine: Machine) -> None:
    report = run(replace(machine, executable=executable))
    assert report.results[0].verdict is Verdict.NOT_RUN
    assert report.not_run.startswith(f"{executable} does not start as a Chromium: ")
    assert len(report.not_run) <= 500


def test_what_playwright_turns_off_stays_off(machine: Machine, tmp_path: Path) -> None:
    """Of two lists of features Chromium takes the last one, which is ours."""
    recorder = tmp_path / "recorder"
    recorder.write_text('#!/bin/sh\necho "$@" > "$0.arguments"\n')
    recorder.chmod(0o755)
    assert run(replace(machine, executable=str(recorder))).not_run
    theirs, ours = re.findall(r"--disable-features=(\S+)", recorder.with_suffix(".arguments").read_text())
    assert set(theirs.split(",")) <= set(ours.split(","))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused the sandbox everywhere")
def test_a_sandbox_that_cannot_be_used_names_the_setting(machine: Machine) -> None:
    report = run(replace(machine, sandbox=True))
    assert report.results[0].verdict is Verdict.NOT_RUN
    assert "CHROMIUM_NO_SANDBOX=1" in report.not_run


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused the sandbox everywhere")
def test_a_sandbox_that_cannot_be_used_may_be_done_without_and_that_is_known(machine: Machine) -> None:
    browser = ChromiumBrowser(replace(machine, sandbox=True, allow_no_sandbox=True))
    assert browser.problem() == ""
    assert browser.lacks_sandbox
    usual = ChromiumBrowser(replace(machine, sandbox=False, allow_no_sandbox=True))
    assert usual.problem() == ""
    assert not usual.lacks_sandbox


@pytest.mark.slow
def test_a_browser_that_works_has_no_problem(machine: Machine) -> None:
    assert ChromiumBrowser(machine).problem() == ""


@pytest.mark.slow
def test_nothing_is_left_of_a_verification_not_even_a_zombie(machine: Machine, homes: Path) -> None:
    tree = ProcessTree(os.getpid())
    tree.look()
    before = set(tree._known)  # such as the browser of another test
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(run, machine)
        while not report.done():
            tree.look()
            time.sleep(0.02)
    started = [pid for pid in tree._known if pid not in before]
    assert len(started) >= 5
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    assert list(homes.iterdir()) == []
    assert report.result().version.split(".")[0].isdigit()


def test_too_little_time_is_no_verdict(machine: Machine) -> None:
    report = run(machine, seconds=3)
    assert report.not_run == "no check browser was free in time"


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["document.title === 'another'", "new Promise(() => {})"])
def test_a_check_that_the_end_of_our_own_time_cuts_off_is_not_run(expression: str, machine: Machine) -> None:
    report = run(replace(machine, window=60.0), Check(Kind.JS, expression), seconds=9)
    (result,) = report.results
    assert result.verdict is Verdict.NOT_RUN
    assert "was over before" in result.detail or "ended before this" in result.detail


@pytest.mark.slow
def test_no_secret_of_ours_is_in_the_browsers_processes(
    machine: Machine, homes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(run, machine, WAITING)
        assert eventually(lambda: sum("--type=renderer" in line for line in mentioning(str(homes))) > 0)
        tree = ProcessTree(os.getpid())
        tree.look()
        ours = [pid for pid in tree._known if pid != os.getpid()]
        assert len(ours) >= 5
        files = ("environ", "cmdline", "maps")
        text = {f"{pid} {name}": _read(Path(f"/proc/{pid}/{name}")) for pid in ours for name in files}
        assert [where for where, content in text.items() if SECRET.encode() in content] == []
        assert sum(b"HOME=" in content for content in text.values()) >= 2
        assert all(not path.read_bytes().count(SECRET.encode()) for path in homes.rglob("*") if path.is_file())
        assert report.result().results[0].verdict is Verdict.TIMEOUT


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


SCRIPT = """
import sys, tempfile
from pathlib import Path
from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.checks import Check, Kind, Target
from engine.domain.browser_report import PageUnderTest
folder, executable, sandbox, body = sys.argv[1:]
tempfile.tempdir = folder
page = PageUnderTest("https://someone.github.io/repo/", {"index.html": body.encode()}, Target.LOCAL)
machine = Machine(Path(folder) / "places", executable, sandbox=sandbox == "True", window=60.0)
ChromiumBrowser(machine).run(page, [Check(Kind.JS, "new Promise(() => {})")], seconds=90)
"""


@pytest.mark.slow
@pytest.mark.parametrize("body", ["<p id=x>", "<script>for (;;);</script>"])
def test_nothing_survives_the_death_of_the_worker(body: str, machine: Machine, homes: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(homes), machine.executable, str(machine.sandbox), body]
    with subprocess.Popen(command, cwd=ROOT) as worker:
        tree = ProcessTree(worker.pid)
        assert eventually(lambda: tree.look() or sum("--type=renderer" in p for p in mentioning(str(homes))) > 0)
        assert eventually(lambda: sum("--type=renderer" in p for p in mentioning(str(homes))) > 0)
        tree.look()
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert eventually(lambda: mentioning(str(homes)) == [], 10), mentioning(str(homes))
        assert eventually(lambda: tree.memory_bytes() == 0, 5)


@pytest.mark.slow
def test_the_browsers_death_is_an_error_and_not_a_pass(machine: Machine, homes: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(run, replace(machine, window=20.0), WAITING)
        assert eventually(lambda: len(browsers(homes)) == 1)
        assert eventually(lambda: any("--type=renderer" in p for p in mentioning(str(homes))))
        os.kill(browsers(homes)[0], signal.SIGKILL)
        result = report.result().results[0]
    assert (result.verdict, result.detail) == (
        Verdict.ERROR,
        "the verification was ended before this: the check browser died",
    )
    assert eventually(lambda: mentioning(str(homes)) == [], 5)


@pytest.mark.slow
def test_never_more_browsers_than_places(machine: Machine, homes: Path) -> None:
    most, done = [0], threading.Event()

    def count() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], len(browsers(homes)))

    counting = threading.Thread(target=count)
    counting.start()
    try:
        with ThreadPoolExecutor(5) as pool:
            reports = list(pool.map(lambda _: run(machine, seconds=120), range(5)))
    finally:
        done.set()
        counting.join()
    assert [r.results[0].verdict for r in reports] == [Verdict.PASS] * 5
    assert most[0] == 2


@pytest.mark.slow
def test_waiting_for_a_place_in_vain_is_reported(machine: Machine) -> None:
    one = replace(machine, places=1, window=20.0)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, one, WAITING)
        assert eventually(lambda: (machine.folder / "place-0").exists())
        second = run(one, seconds=10)
        assert not first.done(), "it waited for the first one's end"
        assert second.not_run == "no check browser was free in time"
        assert first.result().not_run == ""
