"""The console's pages of rehearsals: what they show, who may see them, and their exports."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.models import IssuedTask, RehearsalResult, Submission
from tasks_app.rehearsal.results.report import rehearsal_report
from tasks_app.rehearsal.results.summaries import rehearsal_summaries, submission_summaries
from tests.hostile import RAW, hostile_rows
from tests.rehearsals import BEGUN, ENCRYPTED, make_class, make_issued, make_rehearsal, make_submission
from tests.tasks_app.conftest import person

if TYPE_CHECKING:
    from django.test import Client

    from tasks_app.models import Rehearsal

pytestmark = pytest.mark.django_db

LIST = "/admin/tasks_app/rehearsal/"
SUBMISSIONS = "/admin/tasks_app/submission/"
PAGES = ("rehearsal", "submission", "issuedtask", "notifycall", "rehearsalresult")


@pytest.fixture
def rehearsal() -> Rehearsal:
    row = make_rehearsal(ended_at=BEGUN)
    ada, bob = make_submission(row), make_submission(row, "bob@example.com", endpoint="https://bob.example/x")
    make_issued(ada, scores=(1, 1, None))
    make_issued(ada, number=2, scores=(1, 0), after=700, late=True)
    make_issued(bob, scores=(1,))
    make_issued(bob, number=2, state="accepted", after=None, judged_at=None)
    return row


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    html: str = answer.content.decode()
    assert ENCRYPTED not in html
    return html


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_list_says_what_to_do(name: str, viewer: Client) -> None:
    assert "manage.py rehearse --url URL --secret SECRET" in page(viewer, f"/admin/tasks_app/{name}/")
    assert "rehearse --url" not in page(viewer, f"/admin/tasks_app/{name}/?q=nothing")


def test_the_list_shows_each_rehearsals_figures(rehearsal: Rehearsal, viewer: Client) -> None:
    make_issued(make_submission(make_rehearsal("winter")), state="accepted", after=None, judged_at=None)
    rows = re.findall(r"<tr>.*?</tr>", page(viewer, LIST), re.DOTALL)
    lines = {text_of(row).split()[0]: text_of(row) for row in rows if "field-name" in row}
    assert lines["autumn"].startswith("autumn 0.87 1 1 ended 2026-11-30 09:00:00 UTC 2 1 of 2 rounds")
    assert lines["winter"].startswith("winter \u2013 0 0 running 0 of 1 judged 1 1 of 2 rounds")


def test_lists_filter_by_failing_checks(rehearsal: Rehearsal, viewer: Client) -> None:
    winter = make_rehearsal("winter")
    make_issued(make_submission(winter, "eve@example.com"), scores=(1, None))
    for query, names in (("?failing=1", {"autumn"}), ("?failing=0", {"winter"}), ("?failing=x", {"autumn", "winter"})):
        found = set(re.findall(r">(autumn|winter)</a></th>", page(viewer, LIST + query)))
        assert found == names, query
    listed = page(viewer, f"{SUBMISSIONS}?failing=0&rehearsal={rehearsal.pk}")
    assert re.findall(r">(\w+)@example.com</a></th>", listed) == ["bob"]
    assert "eve@example.com" in page(viewer, f"{SUBMISSIONS}?rehearsal={winter.pk}")
    for wrong in ("x", "9" * 40, "²"):
        page(viewer, f"{SUBMISSIONS}?rehearsal={wrong}")
    results = page(viewer, f"/admin/tasks_app/rehearsalresult/?failing=none&rehearsal={rehearsal.pk}")
    assert "1 rehearsal result" in results


def test_summaries_are_what_reports_say() -> None:
    rehearsals = [make_class("one", 12), make_class("two", 3, tasks=1)]
    found = rehearsal_summaries([one.pk for one in rehearsals])
    for one in rehearsals:
        report, summary = rehearsal_report(one), found[one.pk]
        totals = report.totals
        assert (summary.submissions, summary.rounds, summary.judged) == (
            totals.submissions,
            totals.rounds,
            totals.judged,
        )
        assert (summary.failing, summary.undecided) == (totals.failing, totals.undecided)
        assert summary.score == pytest.approx(totals.score)
        each = submission_summaries([submission.row.pk for submission in report.submissions])
        for submission in report.submissions:
            alone = each[submission.row.pk]
            assert alone.score == pytest.approx(submission.score)
            assert (alone.rounds, alone.failing) == (len(submission.rounds), submission.failing)


def test_a_rehearsals_page_shows_figures_charts_and_each_round(rehearsal: Rehearsal, viewer: Client) -> None:
    html = page(viewer, f"{LIST}{rehearsal.pk}/change/")
    text = text_of(html)
    assert "Ended. 1 of 2 submissions has failing checks." in text
    figures = (
        "mean score 0.87 of the submissions", "submissions 2 2 tasks", "rounds judged 3 of 4",
        "accepted 4 of 4 rounds", "called back 3 1 late", "checks failing 1 of 5 decided", "not decided 1 of 6 checks",
    )  # fmt: skip
    assert " ".join(figures) in text
    assert html.count('<svg role="img" aria-label="') == 3
    assert 'aria-label="Checks that held, by kind. callback: 1 of 2; request: 3 of 3"' in html
    ada = Submission.objects.get(email="ada@example.com")
    cells = re.findall(rf'href="{SUBMISSIONS}{ada.pk}/change/#issued-\d+" aria-label="([^"]+)"', html)
    assert [re.sub(r"-\w{6} ", " ", cell) for cell in cells] == ["csv-sum round 1: 1.00", "csv-sum round 2: 0.50 late"]
    assert ">callback awaited</a>" in html
    assert "1 of 2 callback The callback came in time reason 2" in text


def test_a_cell_says_how_far_a_round_is_or_what_went_wrong(viewer: Client) -> None:
    row = make_rehearsal()
    ada, none = make_submission(row), {"after": None, "judged_at": None}
    for at, (columns, says) in enumerate((
        ({"state": "queued", "tries": 0, "accepted_at": None, "status_code": None, **none}, "not sent"),
        ({"state": "queued", "tries": 1, "accepted_at": None, "status_code": 500, **none}, "HTTP 500"),
        ({"state": "sending", "accepted_at": None, **none}, "being sent"),
        ({"state": "accepted", **none}, "callback awaited"),
        ({"state": "received", "judged_at": None}, "to be judged"),
        ({"scores": (0,), "accepted_at": None, "status_code": None, "after": None}, "0.00 no answer"),
        ({"scores": (0,), "accepted_at": None, "status_code": 401, "after": None}, "0.00 HTTP 401"),
        ({"scores": (0,), "after": None}, "0.00 no callback"),
        ({"scores": (0,), "late": True}, "0.00 late"),
        ({"scores": (1,)}, "1.00"),
    )):  # fmt: skip
        one = make_issued(ada, template=f"t{at}", **columns)
        html = page(viewer, f"{LIST}{row.pk}/change/")
        cell = re.search(rf'#issued-{one.pk}" aria-label="([^"]+)">(.*?)</td>', html)
        assert cell
        assert cell[1].partition(": ")[2] == text_of(cell[2]) == says


def test_a_frequent_failure_leads_to_its_results(viewer: Client) -> None:
    row = make_class("class", 25)
    html = page(viewer, f"{LIST}{row.pk}/change/")
    assert html.index("The checks that fail most often") < html.index('id="submissions"')
    links = re.findall(r'<a href="([^"]*failing=1[^"]*)">(\d+) of \d+</a>', html)
    assert len(links) > 5
    for address, count in links:
        assert f">{count} rehearsal results" in page(viewer, unescape(address)).replace("\n", "").replace("  ", "")


def test_a_rehearsal_under_way_says_how_far_it_is(rehearsal: Rehearsal, viewer: Client) -> None:
    type(rehearsal).objects.update(ended_at=None)
    html = page(viewer, f"{LIST}{rehearsal.pk}/change/")
    assert "Under way: 3 of 4 rounds are judged." in text_of(html)
    newest = max(one.callback_at for one in IssuedTask.objects.exclude(callback_at=None))
    assert f"Newest change: {newest:%Y-%m-%d %H:%M:%S} UTC" in text_of(html)
    assert 'data-moving="yes"' in html
    assert "status_panel.js" in html
    empty = make_rehearsal("empty")
    assert "No submission yet" in page(viewer, f"{LIST}{empty.pk}/change/")
    nobody = make_submission(empty)
    assert "No task has been issued yet" in page(viewer, f"{SUBMISSIONS}{nobody.pk}/change/")


def test_the_table_narrows_by_text_and_failing(viewer: Client) -> None:
    row = make_class("class", 12)
    where = f"{LIST}{row.pk}/change/"

    def found(query: str) -> list[str]:
        html = page(viewer, where + query)
        table = html[html.index("Scores by submission") :] if "Scores by submission" in html else ""
        return re.findall(r'<th scope="row"><a [^>]*>(\w+)@', table)

    assert len(found("")) == 12
    assert found("?q=STUDENT003") == ["student003"]
    assert found("?q=nobody") == []
    failing = {one.row.email.partition("@")[0] for one in rehearsal_report(row).submissions if one.failing}
    assert set(found("?failing=1")) == failing
    assert 0 < len(failing) < 12
    scores = {one.row.email.partition("@")[0]: one.score for one in rehearsal_report(row).submissions}
    assert [scores[name] for name in found("?lowest=1")] == sorted(scores.values())
    make_submission(row, "new@example.com")
    assert found("?lowest=1")[-1] == "new"


def test_the_pages_queries_do_not_grow(viewer: Client) -> None:
    counts = []
    for submissions in (2, 14):
        row = make_class(f"class of {submissions}", submissions)
        first = row.submissions.first()
        for address in (LIST, f"{LIST}{row.pk}/change/", SUBMISSIONS, f"{SUBMISSIONS}{first.pk}/change/"):
            with CaptureQueriesContext(connection) as queries:
                page(viewer, address)
            counts.append(len(queries))
    assert all(many <= few for few, many in zip(counts[:4], counts[4:], strict=True)), counts
    assert max(counts) <= 12


def test_a_submissions_page_shows_everything_but_its_secret(rehearsal: Rehearsal, viewer: Client) -> None:
    ada = Submission.objects.get(email="ada@example.com")
    first = ada.issued.get(round=1)
    first.calls.create(at=BEGUN, status_code=400, reason="another nonce", client="192.0.2.7")
    RehearsalResult.objects.filter(issued=first, number=1).update(screenshot=b"\xff\xd8\xff")
    with CaptureQueriesContext(connection) as queries:
        html = page(viewer, f"{SUBMISSIONS}{ada.pk}/change/")
    asked = " ".join(one["sql"] for one in queries)
    assert '"tasks_app_submission"."secret"' not in asked
    assert not re.search(r'(?<!LENGTH\()"tasks_app_rehearsalresult"\."screenshot"', asked)
    text = text_of(html)
    for part in (
        "https://ada.example/handle_task", "0.75 1 failing, 1 not decided", "700 s late", "another nonce",
        "repository https://github.example/owner/csv-sum", f"{1:040x}", "Sum the sales.", "log of 2", "reason 2",
        "no model is configured", "not decided",
    ):  # fmt: skip
        assert part in text, part
    where = f"/admin/tasks_app/rehearsalresult/{first.results.get(number=1).pk}/screenshot.jpg"
    assert html.count('class="screenshot"') == 1
    answer = viewer.get(where)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert answer.content == b"\xff\xd8\xff"
    assert viewer.get(where.replace("/screenshot", "0/screenshot")).status_code == 404


def test_only_web_addresses_are_links_and_they_tell_nobody_where_they_are_from(viewer: Client) -> None:
    row = make_rehearsal()
    hostile = ("javascript:alert(1)", "https://user@evil.example/", "http://[::1", "https://a.example/ b", "ftp://a/")
    for at, url in enumerate(hostile):
        submission = make_submission(row, f"{at}@example.com", endpoint=url, repository=url)
        make_issued(submission, scores=(1,), callback={"repo_url": url, "pages_url": url, "commit_sha": [url]})
        html = page(viewer, f"{SUBMISSIONS}{submission.pk}/change/")
        assert [link for link in re.findall(r'href="([^"]+)', html) if not link.startswith(("/", "#", "?"))] == []
    good = make_issued(make_submission(row), scores=(1,))
    links = re.findall(r"<a href=\"https://[^>]+>", page(viewer, f"{SUBMISSIONS}{good.submission_id}/change/"))
    assert len(links) == 3
    assert all('rel="noopener noreferrer"' in link for link in links)


def test_exports_stream_what_the_page_shows(viewer: Client) -> None:
    row = make_class("Class of 2026 <x>", 25)
    for kind, media_type, suffix in (
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("json", "application/json", "json"),
        ("sqlite", "application/vnd.sqlite3", "sqlite3"),
    ):
        answer = viewer.get(f"{LIST}{row.pk}/export/{kind}/")
        assert answer.streaming
        assert answer["Content-Type"] == media_type
        assert answer["Content-Disposition"] == f'attachment; filename="rehearsal-class-of-2026-x.{suffix}"'
        exported = b"".join(answer.streaming_content)
        assert ENCRYPTED.encode() not in exported
        if kind == "csv":
            read = list(csv.DictReader(io.StringIO(exported.decode(), newline="")))
            assert len(read) == RehearsalResult.objects.count()
        elif kind == "json":
            assert len(json.loads(exported)["submissions"]) == 25
        else:
            assert exported.startswith(b"SQLite format 3\x00")
    assert viewer.get(f"{LIST}{row.pk}/export/xml/").status_code == 404
    assert viewer.get(f"{LIST}999999/export/csv/").status_code == 404


def test_hostile_rows_export_and_show_no_markup(viewer: Client) -> None:
    row = hostile_rows()["Rehearsal"]
    html = page(viewer, f"{LIST}{row.pk}/change/?q=%E2%80%AE<script>alert")
    assert not [raw for raw in RAW if raw in html]
    for kind in ("csv", "json", "sqlite"):
        assert b"".join(viewer.get(f"{LIST}{row.pk}/export/{kind}/").streaming_content)


def test_pages_and_exports_are_for_those_who_may_see_the_rows(rehearsal: Rehearsal, client: Client) -> None:
    result = RehearsalResult.objects.first()
    guest = person("guest")
    for address in (
        LIST, f"{LIST}{rehearsal.pk}/change/", f"{LIST}{rehearsal.pk}/export/csv/",
        f"{LIST}{rehearsal.pk}/export/json/", f"{LIST}{rehearsal.pk}/export/sqlite/",
        f"{SUBMISSIONS}{rehearsal.submissions.first().pk}/change/",
        f"/admin/tasks_app/rehearsalresult/{result.pk}/screenshot.jpg",
    ):  # fmt: skip
        assert guest.get(address).status_code == 403, address
        assert client.get(address, headers={"host": "localhost:8000"}).status_code == 302, address
