"""The command's arguments: what is gone on with, what is new, and what is refused in a sentence."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from engine.adapters.http.guard import GuardedHttp
from tasks_app.management.commands.rehearse import _warn
from tasks_app.models import IssuedTask, Rehearsal, Submission
from tasks_app.rehearsal import running
from tasks_app.rehearsal.callback_address import CallbackAddressError, callback_address, is_loopback
from tests.commands import run
from tests.doubles.http_server import HttpServer, Script
from tests.processes import free_port
from tests.tasks_app.rehearsal.evaluating.endpoints import SECRET, TEMPLATES, Endpoint, begun, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick_parts(monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    settings.SECRET = SECRET
    way_out = GuardedHttp(allow_private=True)
    monkeypatch.setattr("tasks_app.wiring.http", lambda: way_out)
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tasks_app.management.commands.rehearse.judge", lambda task, _tools: judged(task))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as double:
        yield double


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[..., str]:
    file = tmp_path / "templates.yaml"
    file.write_text(TEMPLATES)

    def command(*arguments: object) -> str:
        return run("rehearse", "--templates", file, *arguments)

    return command


def test_one_endpoint_is_rehearsed_and_the_table_printed(endpoint: Endpoint, rehearse: Callable[..., str]) -> None:
    said = rehearse("--url", endpoint.url(""))
    assert len(endpoint.sent) == 4
    assert {task["secret"] for task in endpoint.tasks} == {SECRET}
    assert endpoint.asked[0].path == "/handle_task"
    assert "judged, 1 of 1 checks hold" in said
    assert "student@example.com" in said
    assert SECRET not in said
    row = Rehearsal.objects.get()
    assert (row.tasks, row.rounds, row.at_a_time, row.deadline_seconds, row.pace) == (2, 2, 4, 600, 0.0)
    assert row.name.endswith(f"-127.0.0.1:{endpoint.port}")
    # The rehearsal has ended, so the same command line begins another.
    rehearse("--url", endpoint.url(""))
    assert Rehearsal.objects.count() == 2
    assert Rehearsal.objects.filter(name=f"{row.name}-2").exists()


def test_a_failing_check_gives_exit_code_1_and_json_is_alone_on_standard_output(
    endpoint: Endpoint, rehearse: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.callbacks = lambda _: []
    exports = tmp_path / "results.csv", tmp_path / "results.sqlite3"
    arguments = ("--url", endpoint.url(""), "--tasks", 1, "--rounds", 1, "--deadline", 1, "--name", "mine")
    with pytest.raises(SystemExit) as ended:
        rehearse(*arguments, "--csv", exports[0], "--sqlite", exports[1])
    assert ended.value.code == 1
    assert all(file.stat().st_size for file in exports)
    with pytest.raises(SystemExit):
        run("rehearse", "--name", "mine", "--json")
    assert "going on with the rehearsal mine" in capsys.readouterr().err


def test_a_class_from_a_csv_file(endpoint: Endpoint, rehearse: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "class.csv"
    lines = [f"s{number}@example.com,{endpoint.url('/x')},{SECRET}" for number in range(3)]
    file.write_text("\n".join(["email,endpoint,secret", *lines]))
    said = rehearse("--submissions", file, "--tasks", 1, "--rounds", 1, "--pace", 0)
    assert "3 endpoints, 1 task each of 1 round" in said
    assert sorted(task["email"] for task in endpoint.tasks) == [f"s{number}@example.com" for number in range(3)]
    assert Submission.objects.count() == 3
    file.write_text("email,endpoint\n")
    with pytest.raises(CommandError, match=r"class\.csv, line 1: The column secret is missing"):
        rehearse("--submissions", file)


def test_what_was_left_is_gone_on_with(endpoint: Endpoint, rehearse: Callable[..., str]) -> None:
    rehearse("--url", endpoint.url(""), "--tasks", 1, "--rounds", 1)
    # As a stop right after the beginning leaves it.
    unsent = {"tries": 0, "callback": None, "callback_at": None, "accepted_at": None, "judged_at": None}
    IssuedTask.objects.update(state="queued", next_at=F("sent_at"), **unsent)
    IssuedTask.objects.get().results.all().delete()
    Rehearsal.objects.update(ended_at=None)
    assert "going on with" in rehearse("--url", endpoint.url(""), "--tasks", 1, "--rounds", 1)
    assert Rehearsal.objects.count() == 1
    assert len(endpoint.tasks) == 2


def test_a_name_goes_on_with_that_rehearsal_and_other_arguments_are_named(
    endpoint: Endpoint, rehearse: Callable[..., str]
) -> None:
    rehearse("--url", endpoint.url(""), "--name", "mine", "--tasks", 1)
    assert "student@example.com" in rehearse("--name", "mine")
    assert len(endpoint.tasks) == 2
    with pytest.raises(CommandError) as refused:
        rehearse("--name", "mine", "--tasks", 2, "--url", "http://127.0.0.1:9000", "--secret", "another", "--pace", 1)
    assert str(refused.value).startswith(
        "The rehearsal mine has other arguments: --tasks (it has 1), --pace (it has 0.0), --secret, --url."
    )
    assert "another," not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "ftp://x"), "Only http:// and https:// URLs can be used."),
        (("--url", "http://localhost:22"), "Port 22 belongs to another service"),
        (("--email", "nobody"), "The email is not an address"),
        (("--tasks", "3"), "There are 2 templates, so --tasks can be 2 at most."),
        (("--rounds", "0"), "0 is no whole number from 1 to 100"),
        (("--pace", "-1"), "-1 is no number from 0 to 100"),
        (("--pace", "nan"), "nan is no number from 0 to 100"),
        (("--name", " "), "--name must be 1 to 100 characters"),
        (("--submissions", "x.csv", "--url", "http://a"), "--submissions names the endpoints"),
        (("--submissions", "/nowhere/x.csv"), "/nowhere/x.csv cannot be read: No such file or directory."),
        (("--csv", "/nowhere/x.csv"), "--csv: there is no folder /nowhere."),
        (("--evaluation-url", "nonsense"), "--evaluation-url cannot be used."),
        (("--templates", "/nowhere.yaml"), "/nowhere.yaml: No such file or directory"),
    ],
)
def test_a_wrong_argument_is_a_sentence(rehearse: Callable[..., str], arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError) as refused:
        rehearse(*arguments)
    assert said in str(refused.value)
    assert not Rehearsal.objects.exists()


@pytest.mark.parametrize("option", ["--csv", "--sqlite"])
def test_a_place_that_takes_no_file_is_refused_before_anything_is_sent(
    endpoint: Endpoint, rehearse: Callable[..., str], tmp_path: Path, option: str
) -> None:
    with pytest.raises(CommandError, match="is a folder"):
        rehearse("--url", endpoint.url(""), option, tmp_path)
    assert not endpoint.sent


class _AsciiTerminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_what_the_terminal_cannot_write_ends_no_rehearsal(
    endpoint: Endpoint, rehearse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearse("--url", endpoint.url(""), "--name", "Prüfung")
    written = io.BytesIO()
    terminal = _AsciiTerminal(written, encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "70")
    call_command("rehearse", "--name", "Prüfung", stdout=terminal)
    terminal.flush()
    progress, _, table = written.getvalue().decode().partition("\n\n")
    assert "Pr\\xfcfung" in progress
    assert "Pr\\xfcfung" in table
    assert max(map(len, table.splitlines())) <= 70
    written.seek(0)
    written.truncate()
    call_command("rehearse", "--name", "Prüfung", "--json", stdout=terminal, stderr=io.StringIO())
    assert "Prüfung" in str(json.loads(written.getvalue()))


def test_private_endpoints_and_a_missing_secret_are_refused(
    rehearse: Callable[..., str], settings: SettingsWrapper
) -> None:
    settings.ALLOW_PRIVATE_URLS, settings.SECRET = False, ""
    with pytest.raises(CommandError) as refused:
        rehearse("--url", "http://10.0.0.1:8000")
    assert str(refused.value).splitlines() == [
        "There is no secret: set SECRET in the environment or .env, or give --secret.",
        "The endpoint http://10.0.0.1:8000 is a private address; ALLOW_PRIVATE_URLS=1 allows it.",
    ]


# --- Where callbacks arrive ---


def test_callbacks_arrive_at_a_public_url_that_answers(settings: SettingsWrapper) -> None:
    with HttpServer({"/healthz": Script(200)}) as server:
        settings.PUBLIC_URL = f"http://service.example:{server.port}"
        monkeypatched = GuardedHttp(allow_private=True, resolve=lambda *_: ["127.0.0.1"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tasks_app.wiring.http", lambda: monkeypatched)
            with callback_address("", "") as url:
                assert url == f"{settings.PUBLIC_URL}/rehearsal/notify"
            server.scripts["/healthz"] = Script(502)
            with pytest.raises(CallbackAddressError, match=r"healthz cannot be read\. It answers 502"):
                callback_address("", "").__enter__()


def test_the_commands_own_server_listens_at_the_same_port_again() -> None:
    with callback_address("", "") as first:
        assert is_loopback(first)
        with pytest.raises(CallbackAddressError, match="cannot be used now: Address already in use"):
            callback_address("", first).__enter__()
    with callback_address("", first) as second:
        assert second == first


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000", True),
        ("http://a.localhost", True),
        ("http://127.8.0.1", True),
        ("http://[::1]:80/x", True),
        ("http://10.0.0.1", False),
        ("https://service.example", False),
    ],
)
def test_what_is_loopback(url: str, *, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_the_own_server_refuses_what_is_no_callback() -> None:
    with callback_address("", "") as url, httpx2.Client(trust_env=False) as client:
        answer = client.post(url, content=b"{}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert answer.json()["detail"] == "email, task, round, nonce are missing."
        assert client.post(f"{url}/", content=b" " * 2_000_000).status_code == 400
        assert client.post(url.replace("notify", "other"), content=b"{}").status_code == 404
        assert client.post(url, content=iter([b"{}"])).status_code == 411
        assert client.get(url).status_code == 501


def test_a_public_endpoint_that_cannot_reach_this_machine_gets_a_warning(
    rehearse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing: Any = GuardedHttp(allow_private=False, resolve=lambda *_: ["192.0.2.1"])
    monkeypatch.setattr("tasks_app.wiring.http", lambda: refusing)
    url = f"http://service.example:{free_port()}"
    with pytest.raises(SystemExit):
        rehearse("--url", url, "--tasks", 1, "--rounds", 1, "--name", "far", "--csv", "/dev/null")
    row = IssuedTask.objects.get()
    assert "must not be contacted" in row.error
    assert json.dumps(row.request)


@pytest.mark.django_db
@pytest.mark.parametrize(("number", "token", "warns"), [(61, "", True), (61, "t", False), (60, "", False)])
def test_a_class_without_a_token_for_github_gets_a_warning(
    settings: SettingsWrapper, number: int, token: str, *, warns: bool
) -> None:
    settings.GITHUB_TOKEN = token
    said: list[str] = []
    _warn(begun(*["http://127.0.0.1:9/x"] * number), said.append)
    assert [line.startswith("warning: without GITHUB_TOKEN") for line in said] == [True] * warns
