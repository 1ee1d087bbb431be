"""The texts of the console's pages; opening a page changes nothing."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta
from html import unescape
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.utils import timezone

from tasks_app.admin.console import BoundedPaginator
from tasks_app.models import Attempt, CheckResult, Round, StepRun, WorkerBeat
from tasks_app.web.content_security_policy import POLICY
from tests.factories import make_round
from tests.hostile import hostile_rows
from tests.tasks_app.conftest import person

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

LIST = "/admin/tasks_app/round/"


@pytest.fixture
def superuser() -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(get_user_model().objects.create_superuser("root", password="long-enough-1"))
    return client


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, Django's own and the queue's too."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 -- names of our own tables
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def kind_of(address: str) -> str:
    """Return what an address is one of: lists with other filters are not crawled for each combination."""
    path, _, query = address.partition("?")
    return path + "?" + ",".join(sorted(re.findall(r"(?:^|&)([^=&]+)=", query)))


def crawled(client: Client) -> dict[str, int]:
    """GET everything under /admin/ that links, scripts and forms lead to; return the addresses with their statuses."""
    todo, seen = ["/admin/"], {}
    kinds: set[str] = set()
    while todo:
        address = todo.pop()
        if kind_of(address) in kinds:
            continue
        kinds.add(kind_of(address))
        answer = client.get(address)
        seen[address] = answer.status_code
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        found = re.findall(r'(?:href|src|action|formaction|data-fragment)="([^"#]+)', answer.content.decode())
        base = address.partition("?")[0]
        targets = [base + link if link.startswith("?") else link for link in map(unescape, found)]
        todo += [link for link in targets if link.startswith("/admin/") and "&" not in link]
    return seen


@pytest.mark.slow
def test_a_get_on_every_address_of_the_console_changes_no_row(superuser: Client) -> None:
    hostile_rows()
    make_round()
    superuser.get("/admin/")
    before = everything()
    seen = crawled(superuser)

    for model in apps.get_app_config("tasks_app").get_models():
        assert any(re.fullmatch(rf"/admin/tasks_app/{model.__name__.lower()}/[^/]+/change/", a) for a in seen)
    assert sum("/act/" in address for address in seen) >= 4
    assert set(seen.values()) <= {200, 302, 403, 405}
    assert everything() == before


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/healthz", "/handle_task", "/nowhere", "/admin/", LIST])
def test_every_page_of_ours_has_the_policy(path: str, superuser: Client) -> None:
    policy = superuser.get(path)["Content-Security-Policy"]
    assert policy == POLICY
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ["/pages/local/nothing/", "/git/local/nothing.git/info/refs"])
def test_published_pages_have_none(path: str) -> None:
    answer = Client(headers={"host": "127.0.0.1:8000"}).get(path)
    assert "Content-Security-Policy" not in answer
    assert "Permissions-Policy" not in answer


@pytest.mark.parametrize("path", ["/", "/healthz", "/openapi.json", "/admin/login/", "/nowhere"])
def test_our_own_answers_use_no_device_and_ask_for_https_where_it_is(settings: SettingsWrapper, path: str) -> None:
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "https://a.example", "a.example"
    settings.ALLOWED_HOSTS = ["a.example", "localhost", "other.example"]
    answer = Client(headers={"host": "a.example"}).get(path)
    assert "camera=()" in answer["Permissions-Policy"]
    probe = path == "/healthz"
    assert answer.get("Strict-Transport-Security") == (None if probe else "max-age=31536000")
    assert "Strict-Transport-Security" not in Client(headers={"host": "other.example"}).get(path)
    settings.HSTS_SECONDS = 0
    assert "Strict-Transport-Security" not in Client(headers={"host": "a.example"}).get(path)
    settings.HSTS_SECONDS, settings.PUBLIC_URL = 60, "http://a.example"
    assert "Strict-Transport-Security" not in Client(headers={"host": "a.example"}).get(path)


def test_an_empty_console_tells_how_to_send_the_first_task(superuser: Client) -> None:
    html = superuser.get("/admin/").content.decode()
    assert "No round yet" in html
    assert "manage.py send_task --sample sales" in html
    assert "No worker was heard of" in html


def test_the_front_page_puts_what_needs_a_person_first(superuser: Client) -> None:
    make_round(task="quiet", state="failed", next_at=None, finished_at=timezone.now())
    make_round(task="noisy", state="failed", next_at=None, finished_at=timezone.now(), needs_attention=True)
    make_round(task="due", next_at=timezone.now() - timedelta(minutes=5))
    html = superuser.get("/admin/").content.decode()
    assert html.index("noisy round 1") < html.index('<h2 id="rounds">')
    assert "quiet round 1" not in html
    assert re.search(r"<strong>2</strong>\s*<span class=\"pill pill-failed\">", html)
    assert re.search(r"1 due and not taken, the oldest for 5 min [01] s\.", html)
    assert re.search(r"The oldest that has not ended is <a [^>]*>due round 1</a>", html)


def test_a_worker_without_work_is_idle_while_its_dispatcher_lives(superuser: Client) -> None:
    now, row = timezone.now(), make_round()
    quiet = now - timedelta(minutes=5)
    beats = (("one:dispatcher", now, None), ("one:1", quiet, None), ("one:2", quiet, row), ("two:1", quiet, None))
    for worker, seen_at, on in beats:
        WorkerBeat.objects.create(worker=worker, host="h", pid=1, seen_at=seen_at, round=on)
    html = superuser.get("/admin/").content.decode()
    states = dict(re.findall(r">((?:one|two):\w+)</a>.*?pill pill-(alive|idle|silent)", html, re.DOTALL))
    assert states == {"one:dispatcher": "alive", "one:1": "idle", "one:2": "silent", "two:1": "silent"}


def checked() -> Round:
    """Return a round with two attempts, the second of which is chosen and was looked at live."""
    row = make_round()
    now = timezone.now()
    for run, verdicts in ((1, ("pass", "fail")), (1, ("pass", "pass"))):
        attempt = Attempt.objects.create(round=row, run=run, kind="generate", started_at=now, seconds=1)
        for position, verdict in enumerate(verdicts, 1):
            CheckResult.objects.create(
                attempt=attempt, target="local", position=position, kind="js", text=f"check {position}",
                verdict=verdict, detail="it was 3" if verdict == "fail" else "",
            )  # fmt: skip
    for position, kind in enumerate(("page_load", "review", "test"), 3):
        CheckResult.objects.create(
            attempt=attempt, target="local", position=position, kind=kind, text="v", verdict="fail"
        )
    CheckResult.objects.create(attempt=attempt, target="live", position=2, kind="js", text="check 2", verdict="timeout")
    Round.objects.update(chosen_attempt=attempt)
    return row


def test_checks_are_counted_as_published_and_the_live_page_has_the_last_word(superuser: Client) -> None:
    checked()
    html = superuser.get(LIST).content.decode()
    assert '<td class="field-checks_passed">1 of 2</td>' in html


def test_the_matrix_shows_each_check_for_each_attempt_and_for_the_live_page(superuser: Client) -> None:
    row = checked()
    html = superuser.get(f"{LIST}{row.pk}/change/").content.decode()
    matrix = html[html.index('class="matrix"') : html.index("</table>", html.index('class="matrix"'))]
    assert [len(re.findall("<td>", line)) for line in matrix.split("<tr>")[2:]] == [4] * 5
    assert "it was 3" in matrix
    assert "live page" in matrix
    assert matrix.count("pill-timeout") == 1


def test_a_changed_attachment_is_shown_with_a_diff(
    superuser: Client,
) -> None:
    row = make_round(attachments=[])
    attempt = Attempt.objects.create(round=row, run=1, kind="generate", started_at=timezone.now())
    row.attachments.create(position=5, name="run.py", content=b"print('<old>')\nkept()\n", sha256="a" * 64)
    attempt.files.create(path="run.py", content=b"print('<new>')\nkept()\n", sha256="b" * 64, size=1, origin="model")
    commit = row.commits.create(
        run=1, sha="c" * 40, attempt=attempt, token="d" * 32, planned_at=timezone.now(), pushed_at=timezone.now()
    )
    Round.objects.update(chosen_attempt=attempt)
    html = superuser.get(f"{LIST}{row.pk}/change/").content.decode()
    shown = unescape(html[html.index('class="changed"') : html.index("</section>", html.index('class="changed"'))])
    for part in ("-print('<old>')", "+print('<new>')", " kept()", "as attached", "as published", "a" * 12, "b" * 12):
        assert part in shown, part
    assert "<old>" not in html
    assert html.count(f"/evidence/{commit.token}") == 3
    assert '<dl class="short">' in html


def test_the_waterfall_shows_the_wait_in_the_queue_and_each_step(superuser: Client) -> None:
    row = make_round()
    start = row.started_at
    for step, begin, end in (("generate", 10, 40), ("verify", 40, 100)):
        StepRun.objects.create(
            round=row, run=1, step=step, outcome="done",
            started_at=start + timedelta(seconds=begin), ended_at=start + timedelta(seconds=end),
        )  # fmt: skip
    Attempt.objects.create(round=row, run=1, kind="generate", started_at=start + timedelta(seconds=20), seconds=10)
    html = superuser.get(f"{LIST}{row.pk}/change/").content.decode()
    bars = re.findall(r'class="bar-(\w+) of-(\w+)" x="(\d+)" y="\d" width="(\d+)"', html)
    assert bars == [
        ("wait", "queue", "0", "100"),
        ("wait", "done", "100", "300"),
        ("busy", "done", "200", "100"),
        ("wait", "done", "400", "600"),
    ]


def test_a_long_list_is_not_counted_to_its_end(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make_round()
    monkeypatch.setattr(BoundedPaginator, "most", 3)
    assert "3 rounds" in superuser.get(LIST).content.decode()


def migrated_groups() -> dict[str, Group]:
    """Return the groups as the migration makes them: other tests' flushes may have taken the first ones along."""
    Group.objects.all().delete()
    newest = MigrationLoader(connection).graph.leaf_nodes("tasks_app")[0]
    state = MigrationLoader(connection).project_state(newest)
    migration = importlib.import_module("tasks_app.migrations.0001_initial")
    migration.make_groups(state.apps, SimpleNamespace(connection=connection))
    return {group.name: group for group in Group.objects.all()}


def test_the_migration_makes_groups_of_those_who_see_and_those_who_act() -> None:
    may = {name: {p.codename for p in group.permissions.all()} for name, group in migrated_groups().items()}
    assert may["Operator"] - may["Viewer"] == {"operate_round"}
    assert {name for name in may["Viewer"] if not name.startswith("view_")} == set()
    assert may["Viewer"] == {
        f"view_{model._meta.model_name}" for model in apps.get_app_config("tasks_app").get_models()
    }


def test_a_member_of_a_group_may_what_the_group_may(press: Callable[..., object]) -> None:
    client = person("gwen")
    assert client.get(LIST).status_code == 403
    row = make_round()
    user = get_user_model().objects.get(username="gwen")
    groups = migrated_groups()
    user.groups.add(groups["Viewer"])
    assert client.get(LIST).status_code == 200
    assert press(client, f"{LIST}{row.pk}/act/cancel/").status_code == 403
    user.groups.add(groups["Operator"])
    assert press(client, f"{LIST}{row.pk}/act/cancel/").status_code == 302
