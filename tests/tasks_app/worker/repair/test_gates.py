"""Content that must not be published: it is reported to the model, repaired and never published. Real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService
from tasks_app.models import CheckResult, Event
from tasks_app.rounds.transitions import GATES_FROM
from tests.driving import driven, kinds
from tests.factories import SECRET, dump
from tests.fakes import README, page_reply
from tests.tasks_app.worker.repair.tries import asked, page

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def test_a_secret_in_a_reply_is_reported_to_the_model_and_never_stored_or_published(browsing: Outside) -> None:
    leak = page("ONE TWO", **{"app.js": f"let a;\nlet key = '{SECRET}';\n".encode()})
    clean = page("ONE TWO", **{"app.js": b"let a;\n"})
    browsing.author.replies = [leak, clean]
    row = driven(asked())
    assert (row.state, kinds(), row.degraded) == ("completed", ["generate", "repair"], False)
    assert "app.js:2: the value of SECRET" in browsing.author.asked[1][1][-1].content
    assert SECRET not in repr(dump())
    (inside,) = browsing.forge.repositories.values()
    assert inside.commits[row.commit_sha].files["app.js"] == b"let a;\n"
    assert [r.detail for r in CheckResult.objects.filter(kind="gate", verdict="fail")] == [
        "app.js:2: the value of SECRET"
    ]
    assert [seen.files["app.js"] for seen, _ in browsing.browser.ran if seen.files] == [
        b"let a;\n"
    ]  # gates come before


def test_where_every_attempt_holds_a_credential_the_fallback_page_is_published(browsing: Outside) -> None:
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    browsing.author.replies = [page(f"ONE TWO {token}") for _ in range(3)]
    row = driven(asked())
    assert (row.state, row.degraded) == ("completed", True)
    assert kinds() == ["generate", "repair", "resample", "fallback"]
    (inside,) = browsing.forge.repositories.values()
    published = inside.commits[row.commit_sha].files
    assert not any(token.encode() in content for content in published.values())
    assert b"This app was not made" in published["index.html"]
    assert "looks like a GitHub Token" in published["index.html"].decode()


@pytest.mark.parametrize("plan", ["repair", "resample"])
def test_what_a_gate_bars_is_not_published_because_its_repair_was_given_up(browsing: Outside, plan: str) -> None:
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    barred = [page(f"ONE TWO {token}")] * (1 if plan == "repair" else 2)
    browsing.author.replies = [*barred, OutOfService("model_key_refused", "The key was refused.", kind="model")]
    row = driven(asked())
    assert (row.state, row.degraded) == ("completed", True)
    assert Event.objects.get(what=f"{plan} given up").text.endswith("The key was refused.")
    (inside,) = browsing.forge.repositories.values()
    published = inside.commits[row.commit_sha].files
    assert not any(token.encode() in content for content in published.values())
    assert b"This app was not made" in published["index.html"]


@pytest.mark.parametrize("name", ["index.html", "README.md", "app.js"])
def test_a_repair_that_leaves_a_barred_file_alone_is_barred_too(browsing: Outside, name: str) -> None:
    token = b"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    files = {
        "index.html": b"<!DOCTYPE html>\n<html><body><p>ONE TWO</p></body></html>\n",
        "README.md": README,
        "app.js": b"let a;\n",
    }
    files[name] = (
        files[name].replace(b"\n", b"\n<!-- " + token + b" -->\n", 1)
        if name != "app.js"
        else b"let a = '" + token + b"';\n"
    )
    browsing.author.replies = [
        page_reply(files),
        *[page_reply({"style.css": b"p { color: %s }\n" % c}) for c in (b"red", b"blue")],
    ]
    row = driven(asked())
    (inside,) = browsing.forge.repositories.values()
    assert not any(token in content for content in inside.commits[row.commit_sha].files.values())


def test_the_verdicts_of_the_gates_are_rows(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO<script>\n// ... existing code ...\n</script>"), page("ONE TWO")]
    driven(asked())
    rows = CheckResult.objects.filter(kind="gate").order_by("attempt", "position")
    assert [(r.position, r.verdict) for r in rows][:4] == [
        (GATES_FROM, "fail"),
        (GATES_FROM + 1, "pass"),
        (GATES_FROM + 2, "pass"),
        (GATES_FROM + 3, "pass"),
    ]
    assert rows[0].detail.startswith("index.html:6: '// ... existing code ...'")
