"""The console: every page of every row opens, shows hostile text as text, and cannot change anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasks_app import models
from tasks_app.reports.display import contents, json_block, outside, visible
from tests.hostile import BIG, HOSTILE, RAW, hostile_rows

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db

MODELS = sorted(apps.get_app_config("tasks_app").get_models(), key=lambda m: m.__name__)


@pytest.fixture
def operator() -> Client:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(get_user_model().objects.create_superuser("operator", password="long-enough-1"))
    return client


@pytest.fixture
def rows() -> dict[str, Model]:
    return hostile_rows()


def address(row: Model, page: str = "change") -> str:
    return reverse(
        f"admin:tasks_app_{type(row).__name__.lower()}_{page}", args=[] if page in {"changelist", "add"} else [row.pk]
    )


def snapshot() -> dict[str, list[dict[str, object]]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


def assert_shown_as_text(html: str) -> None:
    for raw in RAW:
        assert raw not in html
    assert "&lt;script&gt;alert(" in html


def test_every_row_type_is_in_the_console(rows: dict[str, Model], operator: Client) -> None:
    assert sorted(rows) == [m.__name__ for m in MODELS]
    index = operator.get("/admin/").content.decode()
    for row in rows.values():
        assert f'href="{address(row, "changelist")}"' in index


def test_the_queues_own_tables_are_not(operator: Client) -> None:
    assert "django_q" not in operator.get("/admin/").content.decode()
    assert operator.get("/admin/django_q/ormq/").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_hostile_text_is_shown_as_text_in_list_and_page(
    model: type[Model], rows: dict[str, Model], operator: Client
) -> None:
    row, before = rows[model.__name__], snapshot()
    for page in ("changelist", "change"):
        answer = operator.get(address(row, page))
        assert answer.status_code == 200
        html = answer.content.decode()
        if not (model is models.Commit and page == "changelist"):
            assert_shown_as_text(html)
        for raw in RAW:
            assert raw not in html
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<iframe|<object|<embed", html)
        assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", html)
        assert "javascript:" not in "".join(re.findall(r'href="[^"]*"', html))
    assert snapshot() == before


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_nothing_can_be_added_changed_or_deleted(model: type[Model], rows: dict[str, Model], operator: Client) -> None:
    row, before = rows[model.__name__], snapshot()
    assert operator.get(address(row, "add")).status_code == 403
    assert operator.get(address(row, "delete")).status_code == 403
    for page in ("add", "change", "delete"):
        assert operator.post(address(row, page), {"post": "yes", "state": "completed", "name": "x"}).status_code == 403
    operator.post(
        address(row, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert snapshot() == before


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_lists_leave_large_columns_in_the_database(
    model: type[Model], rows: dict[str, Model], operator: Client
) -> None:
    with CaptureQueriesContext(connection) as queries:
        html = operator.get(address(rows[model.__name__], "changelist")).content.decode()
    assert BIG not in html
    asked = " ".join(q["sql"] for q in queries)
    for column in (
        "request",
        "messages",
        "reply",
        "reasoning",
        "content",
        "body",
        "answer",
        "payload",
        "screenshot",
        "templates",
        "secret",
        "criteria",
        "callback",
        "log",
    ):
        assert f'."{column}"' not in asked
    assert len(queries) <= 12


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_search_and_history_open(model: type[Model], rows: dict[str, Model], operator: Client) -> None:
    row = rows[model.__name__]
    for query in ("x", HOSTILE, "\x00", "'; DROP TABLE", "%"):
        assert operator.get(address(row, "changelist"), {"q": query}).status_code == 200
    assert operator.get(address(row, "history"))["Location"] == address(row)


@pytest.mark.parametrize("found", ["email", "task_name", "nonce", "error_message"])
def test_a_round_is_found_by_what_an_operator_knows(found: str, rows: dict[str, Model], operator: Client) -> None:
    models.Round.objects.update(**{found: "needle"}, commit_sha="f" * 40)
    for query, hits in (("needle", 1), ("f" * 12, 1), (str(rows["Round"].pk), 1), ("haystack", 0)):
        listed = operator.get(address(rows["Round"], "changelist"), {"q": query}).content.decode()
        assert listed.count('class="field-task_name"') == hits


def test_a_rounds_page_holds_its_whole_record(rows: dict[str, Model], operator: Client) -> None:
    html = operator.get(address(rows["Round"])).content.decode()
    of_round = {
        "Attachment",
        "Attempt",
        "StepRun",
        "SourceFile",
        "CheckResult",
        "Commit",
        "PagesStatus",
        "NotificationAttempt",
        "Event",
    }
    for name in of_round:
        assert f'href="{address(rows[name])}"' in html
    assert BIG in html
    assert 'href="https://pages.example/' in html
    assert BIG in operator.get(address(rows["Attempt"])).content.decode()


#: Columns that a page shows in another shape, or not at all where their record says more.
ELSEWHERE = {
    "Round": {
        "chosen_attempt",
        "request",
        "error_code",
        "error_message",
        "repo_url",
        "pages_url",
        *("simulated", "degraded", "live", "late", "needs_attention"),
    },
    "Task": {"repo_url", "pages_url"},
    "Attempt": {"id", "messages"},
    "Attachment": {"content"},
    "SourceFile": {"content"},
    "Commit": {"url", "token"},
    "Submission": {"secret"},
}


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_column_is_on_its_rows_page(model: type[Model], rows: dict[str, Model], operator: Client) -> None:
    html = operator.get(address(rows[model.__name__])).content.decode()
    expected = {f.name for f in model._meta.concrete_fields} - ELSEWHERE.get(model.__name__, set()) - {"id"}
    assert {name for name in expected if not re.search(rf"\bfield-{name}\b", html)} == set()


def test_an_operator_without_rights_sees_nothing(rows: dict[str, Model]) -> None:
    client = Client(headers={"host": "localhost:8000"})
    client.force_login(get_user_model().objects.create_user("guest", password="long-enough-1", is_staff=True))
    for row in rows.values():
        assert client.get(address(row)).status_code == 403
        assert client.get(address(row, "changelist")).status_code == 403


def test_a_stranger_is_asked_for_a_login(rows: dict[str, Model]) -> None:
    answer = Client(headers={"host": "localhost:8000"}).get(address(rows["Round"]))
    assert answer["Location"].startswith("/admin/login/")


def test_binary_contents_are_size_and_hash(rows: dict[str, Model], operator: Client) -> None:
    shown = contents(b"\x89PNG\x00\xff")
    assert shown.startswith("binary, 6 bytes, SHA-256 ")
    assert contents(memoryview(b"caf\xc3\xa9")) == '<pre class="text" tabindex="0">café</pre>'


def test_a_screenshot_is_a_picture_for_operators_alone(
    rows: dict[str, Model], operator: Client, client: Client
) -> None:
    where = f"/admin/tasks_app/checkresult/{rows['CheckResult'].pk}/screenshot.jpg"
    assert f'<img class="screenshot" src="{where}"' in operator.get(address(rows["CheckResult"])).content.decode()
    shown = operator.get(where)
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert operator.get("/admin/tasks_app/checkresult/999999/screenshot.jpg").status_code == 404
    assert client.get(where).status_code == 302


def test_data_uris_are_cut_short_and_long_text_is_bounded() -> None:
    assert "A" * 100 not in json_block({"url": "data:image/png;base64," + "A" * 5000})
    assert "100,000 characters more" in contents(b"x" * 300_000)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("\x1b[2J", "␛[2J"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\rb", "␍b"),
    ],
)
def test_what_cannot_be_seen_gets_a_sign(text: str, sign: str) -> None:
    assert visible(text) == sign


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "JAVASCRIPT:x", "", "http"]
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert "<a" not in outside(url)
