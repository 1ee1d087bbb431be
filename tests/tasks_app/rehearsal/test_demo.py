"""The demo on the real service, and the faults that its verification finds."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tasks_app.rehearsal import demo
from tasks_app.rehearsal.proof import ProofError, data_files, prove
from tests.doubles.demo import github_double
from tests.processes import wait_for

ROOT = Path(__file__).resolve().parents[3]


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", trust_env=False, timeout=2).is_success
    except httpx2.HTTPError:
        return False


@pytest.mark.processes
@pytest.mark.slow
def test_two_rounds_are_reported_published_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DATA", tmp_path)
    monkeypatch.setenv("GITHUB_TOKEN", "a token that must not be used")
    demo.demonstrate(leave=True)
    text = capsys.readouterr().out
    assert text.count("verified: cloned") == 2
    assert "2 commits in all" in text
    assert "/admin/   login: admin / " in text
    assert "simulated here: the model" in text
    # What nobody understood is not claimed to hold: the sentences of both rounds stay undecided.
    assert re.findall(r"callback received .*\b(\d+) not decided", text) == ["2", "1"]


@pytest.mark.processes
@pytest.mark.slow
def test_the_proof_names_everything_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATA", tmp_path)
    with (
        demo.own_data() as data,
        demo.local_forge(data) as forge,
        demo.served(data, forge) as running,
        demo.Listener() as listener,
    ):
        task = demo.load_task(demo.SAMPLES / "sales.json")
        notification = demo.play_round(running, listener, task)
        with pytest.raises(ProofError) as caught:
            prove(
                notification | {"commit_sha": "0" * 40},
                commits=2,
                attachments={"data.csv": b"other"},
                secret="Sales Summary",
            )
        wrong = str(caught.value)
        assert "told was 0000" in wrong
        assert "1 commits, expected 2" in wrong
        assert "index.html holds the shared secret" in wrong
        assert "data.csv is not the attachment byte for byte" in wrong
        with pytest.raises(ProofError, match=r"answers 404 and is not the commit's index\.html"):
            prove(
                notification | {"pages_url": notification["pages_url"] + "nowhere/"},
                commits=1,
                attachments={},
                secret="not in it",
            )


@pytest.mark.processes
@pytest.mark.slow
def test_both_rounds_are_published_to_the_double_of_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DATA", tmp_path)
    demo.demonstrate(leave=True, forge=github_double)
    text = capsys.readouterr().out
    assert text.count("verified: cloned") == 2
    assert "2 commits in all" in text
    assert re.search(r"serves this commit; [1-9] of \d of the request's checks hold", text)
    assert "2 REST writes and 2 pushes" in text
    assert "0 violations" in text
    assert "GitHub (a double on this machine" in text


@pytest.mark.processes
def test_a_double_that_was_misused_says_how(tmp_path: Path) -> None:
    with github_double(tmp_path) as double:
        httpx2.post(f"{double.settings['GITHUB_API_URL']}/user/repos", json={"nam": "x"}, trust_env=False)
        with pytest.raises(demo.DemoError, match="'nam' was unexpected"):
            double.summary()


@pytest.mark.processes
def test_an_unknown_forge_is_refused_with_a_sentence() -> None:
    ended = subprocess.run(
        ["make", "-n", "demo", "FORGE=github"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "FORGE=github is neither local nor github-double" in ended.stderr


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_however_the_demo_dies_the_service_dies_with_it(tmp_path: Path, number: signal.Signals) -> None:
    # A shell's background job ignores SIGINT, and so would the demo under it.
    script = (
        "import pathlib, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from tasks_app.rehearsal import demo; "
        f"demo.DATA = pathlib.Path({str(tmp_path)!r}); sys.exit(demo.main())"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = next(
            word
            for line in process.stdout
            if "service ready" in line
            for word in line.split()
            if word.startswith("http")
        )
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(30) == (0 if number == signal.SIGINT else -number)
    assert wait_for(lambda: not answers(url), 30)


def test_a_second_demo_takes_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATA", tmp_path)
    with demo.own_data() as first, demo.own_data() as second:
        assert (first.name, second.name) == ("demo", "demo-2")
    with demo.own_data() as again:
        assert again.name == "demo"


def test_data_files_reads_both_kinds_of_data_uri() -> None:
    attachments = [
        {"name": "a", "url": "data:text/plain;base64,YWI="}, {"name": "b", "url": "data:,a%20b"},
        {"name": None, "url": None},
    ]  # fmt: skip
    assert data_files(attachments) == {"a": b"ab", "b": b"a b"}
