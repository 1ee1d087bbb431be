"""The differences of an attempt's files on its page, on a file's page, and the way there from the round."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.prompts.form import LONG_FILE
from tasks_app.models import Attempt, Round, SourceFile
from tasks_app.reports import file_changes
from tests.driving import driven
from tests.factories import make_round
from tests.fakes import README, FakeBrowser, edit_reply, page_reply

if TYPE_CHECKING:
    from django.test import Client

    from tests.conftest import Outside

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache")]

LINES = "\n".join(f"<p>line {number}</p>" for number in range(LONG_FILE))
PAGE = f"<!DOCTYPE html>\n<html><head><title>T</title></head><body>\n{LINES}\n</body></html>\n"
HOSTILE = "<script>alert(1)</script>\u202e"


def asked(**over: object) -> Round:
    return driven(make_round(**{"checks": [], "attachments": []} | over))


def edited_round(outside: Outside, new: str = f"<p>{HOSTILE}</p>\n") -> Round:
    """Return a second round that edits the page in two places, writes the README whole and adds a style sheet."""
    outside.author.replies = [page_reply({"index.html": PAGE.encode(), "README.md": README})]
    asked()
    edits = {"index.html": [("<p>line 7</p>\n", new), ("<p>line 99</p>\n", "")]}
    outside.author.replies = [edit_reply(edits, {"README.md": README + b"\nMore.\n", "new.css": b"b {}\n"})]
    return asked(round=2, brief="More.")


def differences(client: Client, row: object, name: str = "attempt") -> str:
    html = client.get(f"/admin/tasks_app/{name}/{row.pk}/change/").content.decode()
    start = html.index('<section id="differences"')
    return html[start : html.index("</section>", start)]


def test_an_attempts_page_shows_what_changed_and_how_each_file_was_answered(outside: Outside, operator: Client) -> None:
    row = edited_round(outside)
    before = Attempt.objects.get(pk=Round.objects.get(number=1).chosen_attempt_id)
    html = differences(operator, row.chosen_attempt)
    assert f"attempt {before.pk} of round 1 (generate)</a>, whose files the model was shown" in html
    text = unescape(html)
    for part in (
        "<strong>index.html</strong> changed, 2 edits", "<strong>README.md</strong> changed, written whole",
        "<strong>new.css</strong> new, written whole", "It was not there before.", "@@ -", "-<p>line 7</p>",
        ">+1</span>", "\N{MINUS SIGN}2</span>", " <p>line 8</p>", "+More.",
    ):  # fmt: skip
        assert part in text, part
    assert "Unchanged: .nojekyll, LICENSE." in text
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩" in html


def test_the_rounds_list_of_attempts_leads_there(outside: Outside, operator: Client) -> None:
    row = edited_round(outside)
    html = operator.get(f"/admin/tasks_app/round/{row.pk}/change/").content.decode()
    assert html.count(f'/admin/tasks_app/attempt/{row.chosen_attempt_id}/change/#differences">differences</a>') == 1
    assert html.count('#differences">') == 1, "a call for a plan has no files"


def test_a_files_page_shows_its_own_difference(outside: Outside, operator: Client) -> None:
    row = edited_round(outside)
    page, licence = (SourceFile.objects.get(attempt=row.chosen_attempt_id, path=p) for p in ("index.html", "LICENSE"))
    html = differences(operator, page, "sourcefile")
    assert "-&lt;p&gt;line 99&lt;/p&gt;" in html
    assert "README.md" not in html
    assert "Unchanged: LICENSE." in differences(operator, licence, "sourcefile")


def test_a_repair_is_compared_with_the_attempt_that_it_repairs(outside: Outside, operator: Client) -> None:
    outside.browser = FakeBrowser()
    outside.author.replies = [
        page_reply({"index.html": PAGE.encode(), "README.md": README}),
        edit_reply({"index.html": [("<p>line 9</p>\n", "<p>TWO</p>\n")]}),
    ]
    row = asked(checks=["js: page.includes('TWO')"])
    html = differences(operator, row.chosen_attempt)
    assert f"attempt {row.chosen_attempt.parent_id} of round 1 (generate)" in html
    assert "changed, 1 edit <span" in html
    assert "Unchanged: .nojekyll, LICENSE, README.md." in html


def test_of_edits_that_were_asked_for_again_those_that_were_made_count(outside: Outside, operator: Client) -> None:
    outside.author.replies = [page_reply({"index.html": PAGE.encode(), "README.md": README})]
    asked()
    good, bad = ("<p>line 7</p>\n", "<p>7</p>\n"), ("<p>line x</p>\n", "<p>x</p>\n")
    outside.author.replies = [
        edit_reply({"index.html": [good, bad]}, {"README.md": README + b"\nMore.\n"}),
        edit_reply({"index.html": [good]}),
    ]
    row = asked(round=2, brief="More.")
    html = differences(operator, row.chosen_attempt)
    assert "<strong>index.html</strong> changed, 1 edit " in html
    assert "<strong>README.md</strong> changed, written whole" in html
    first = Attempt.objects.get(pk=row.chosen_attempt.parent_id)
    assert "No files belong to this call. The conversation went on with <a " in differences(operator, first)


def test_an_unchanged_file_that_was_written_again_is_said_to_be(outside: Outside, operator: Client) -> None:
    outside.author.replies = [page_reply({"index.html": PAGE.encode(), "README.md": README})] * 2
    asked()
    row = asked(round=2, brief="More.")
    assert "index.html (written whole)" in differences(operator, row.chosen_attempt)


def test_a_first_round_and_a_call_without_files_say_so(outside: Outside, operator: Client) -> None:
    row = asked()
    html = differences(operator, row.chosen_attempt)
    assert "The model was shown no earlier version, so every file is new." in html
    assert '<pre class="diff"' not in html
    plan = row.attempts.get(kind="plan")
    assert differences(operator, plan).count("<p>") == 1
    assert "No files belong to this call." in differences(operator, plan)


def test_what_was_removed_is_not_shown_as_a_difference(outside: Outside, operator: Client) -> None:
    row = edited_round(outside)
    SourceFile.objects.filter(attempt__round__number=1).update(content=b"")
    Attempt.objects.update(messages=[], reply="", emptied_at=timezone.now())
    html = differences(operator, row.chosen_attempt)
    assert "<strong>index.html</strong> changed, by the model" in html
    assert "One of the two versions has been removed." in html
    assert '<pre class="diff"' not in html


def test_long_differences_are_folded_and_many_files_bounded(
    outside: Outside, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = edited_round(outside, "<p>more</p>\n" * 100)
    html = differences(operator, row.chosen_attempt)
    assert "<details>\n<summary><strong>index.html" in html
    assert "<details open>\n<summary><strong>README.md" in html
    monkeypatch.setattr(file_changes, "MOST_FILES", 1)
    assert "2 more files changed and are not shown here." in differences(operator, row.chosen_attempt)
