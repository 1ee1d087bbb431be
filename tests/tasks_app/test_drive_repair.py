"""The loop from a failing check to a better page, driven with real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService, Permanent, Transient
from tasks_app.drive import drive
from tasks_app.models import Attempt, CheckResult, Event, Round, SourceFile, StepRun
from tasks_app.services.moves import GATES_FROM
from tests.driving import aged, driven
from tests.factories import SECRET, dump, let_go, make_round
from tests.fakes import README, FakeBrowser, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.ports import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

CHECKS = ["js: page.includes('ONE')", "js: page.includes('TWO')"]


class Killed(BaseException):
    """The end of a process, as far as a test can play it."""


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    """A machine whose browser finds the words of a check in the page or does not."""
    outside.browser = FakeBrowser()
    return outside


def page(words: str, **more: bytes) -> Callable[[Sequence[Message]], str]:
    source = f"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>{words}</p></body></html>\n".encode()
    return page_reply({"index.html": source, "README.md": README} | more)


def asked(**over: object) -> Round:
    return make_round(**{"checks": CHECKS, "attachments": []} | over)


def kinds() -> list[str]:
    return list(Attempt.objects.order_by("pk").values_list("kind", flat=True))


def words_of(row: Round) -> str:
    content = SourceFile.objects.get(attempt=row.chosen_attempt_id, path="index.html").content
    return bytes(content).decode().partition("<p>")[2].partition("</p>")[0]


def steps() -> list[str]:
    return list(StepRun.objects.order_by("pk").values_list("step", flat=True))


# --- The loop -----------------------------------------------------------------------------------------------------------------------------


def test_a_page_that_passes_is_published_at_once(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO")]
    row = driven(asked())
    assert (row.state, kinds(), words_of(row)) == ("completed", ["generate"], "ONE TWO")
    assert Event.objects.get(what="decided: publish").text.endswith("nothing is left that a repair could mend")


def test_what_fails_is_repaired_by_the_same_model_with_what_was_seen(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE TWO")]
    row = driven(asked())
    assert (row.state, words_of(row), row.plan) == ("completed", "ONE TWO", "")
    assert steps() == ["generate", "verify", "generate", "verify", "publish", "deploy", "notify"]
    first, second = Attempt.objects.order_by("pk")
    assert (second.kind, second.parent_id, second.model_asked) == ("repair", first.pk, first.model_asked)
    told = browsing.author.asked[1][1][-1].content
    assert "page.includes('TWO')\n  gave: false (boolean)" in told
    assert "#out: <b>7</b>" in told
    assert "ONE" in browsing.author.asked[1][1][-2].content
    detail = StepRun.objects.filter(step="verify").order_by("pk")[0].detail
    assert detail.endswith(f"repair attempt {first.pk}: 1 of its checks fail")


def test_a_repair_that_fixes_one_check_and_breaks_another_is_not_chosen(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("TWO"), page("neither")]
    row = driven(asked())
    first, second, third = Attempt.objects.order_by("pk")
    assert (kinds(), row.chosen_attempt_id) == (["generate", "repair", "repair"], first.pk)
    assert words_of(row) == "ONE"
    assert [a.parent_id for a in (second, third)] == [first.pk, first.pk]  # from the best, not from the last


def test_at_most_two_repairs_are_tried(browsing: Outside) -> None:
    checks = [f"js: page.includes('{word}')" for word in ("ONE", "TWO", "THREE", "FOUR")]
    browsing.author.replies = [page("ONE"), page("ONE TWO"), page("ONE TWO THREE"), page("ONE TWO THREE FOUR")]
    row = driven(asked(checks=checks))
    assert (kinds(), words_of(row)) == (["generate", "repair", "repair"], "ONE TWO THREE")
    assert "1 of its checks fail after 2 repairs" in Event.objects.get(what="decided: publish").text


@pytest.mark.parametrize(
    "second",
    [page("ONE"), page("ONE, otherwise"), "Certainly, like this.", ""],
    ids=["same files", "same failures", "no files", "empty"],
)
def test_two_attempts_that_fail_alike_lead_to_one_fresh_sample_of_the_next_model(
    browsing: Outside, second: object
) -> None:
    replies = [page("ONE"), second, page("ONE TWO")]
    if isinstance(second, str):
        replies.insert(2, second)  # the one reminder of the form is answered no better
    browsing.author.replies = replies
    row = driven(asked())
    assert [kind for kind in kinds() if kind != "format"] == ["generate", "repair", "resample"]
    assert [model for model, _, _ in browsing.author.asked][-1] == "second"
    assert Attempt.objects.get(kind="resample").parent.kind in {"generate", "repair"}
    assert words_of(row) == "ONE TWO"


def test_after_the_fresh_sample_it_ends_whatever_came(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE"), page("nothing")]
    row = driven(asked())
    assert (kinds(), words_of(row), row.state) == (["generate", "repair", "resample"], "ONE", "completed")


def test_a_fresh_sample_that_gives_nothing_leaves_the_best(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), page("ONE"), "no", "no"]
    row = driven(asked())
    assert (words_of(row), row.degraded, row.state) == ("ONE", False, "completed")
    assert "gave nothing" in Event.objects.get(what="resample given up").text


def test_nothing_is_repaired_that_no_page_could_change(outside: Outside) -> None:
    outside.author.replies = [page("ONE")]
    row = driven(asked(checks=[*CHECKS, "It is pretty"]))  # no browser: not run; the sentence: unverifiable
    assert (kinds(), row.state) == (["generate", "judge"], "completed")


# --- Time and failures: repair is dropped first --------------------------------------------------------------------------------------------


def test_a_repair_is_cut_where_its_share_is_over_and_the_record_says_so(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE")]
    row = driven(aged(asked(), 210))
    assert (kinds(), row.state, row.late) == (["generate"], "completed", False)
    assert "repair was cut: its share of the deadline is over" in Event.objects.get(what="decided: publish").text


@pytest.mark.parametrize(
    "error",
    [
        Transient("model_overloaded", "Busy.", retry_after=3600),
        Transient("model_timeout", "Too slow.", retry_after=500),
        OutOfService("model_key_refused", "The key was refused.", kind="model"),
        Permanent("repository_gone", "Something else."),
    ],
    ids=lambda error: error.code,
)
def test_whatever_goes_wrong_in_a_repair_never_costs_the_page(browsing: Outside, error: Exception) -> None:
    browsing.author.replies = [page("ONE"), error, page("ONE")]
    row = driven(asked())
    assert (row.state, words_of(row), row.degraded, row.needs_attention) == ("completed", "ONE", False, False)


def test_a_busy_model_is_waited_for_within_the_share(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), Transient("model_overloaded", "Busy.", retry_after=5), page("ONE TWO")]
    row = driven(asked())
    assert (row.state, row.step, row.plan) == ("waiting", "generate", "repair")
    assert driven(row).state == "completed"
    assert words_of(row) == "ONE TWO"


def test_what_is_published_after_a_repair_was_given_up_is_judged_and_warned_of_all_the_same(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO <b id='sum'>1</b>")]
    driven(asked())
    browsing.author.replies = [page("TWO"), Transient("model_overloaded", "Busy.", retry_after=3600)]
    browsing.author.judgements = ["1: holds - it is"]
    row = driven(asked(round=2, checks=["js: page.includes('THREE')", "It is pretty"], brief="Make it blue."))
    assert (row.state, row.plan) == ("completed", "")
    assert Event.objects.get(what="repair given up").text == "the repair was cut: Busy."
    assert "repair was cut: Busy." in Event.objects.filter(what="decided: publish").latest("pk").text
    assert any("check of an earlier round does not hold any more: page.includes('ONE')" in w for w in row.warnings)
    assert "judged by first to hold" in CheckResult.objects.get(attempt=row.chosen_attempt_id, kind="prose").detail


def test_five_deaths_in_a_repair_publish_the_best(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE"), *(Killed() for _ in range(5))]
    row = asked()
    for _ in range(5):
        with pytest.raises(Killed):
            drive(str(row.pk))
        let_go(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, words_of(row)) == ("completed", "ONE")


# --- Deaths in between -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "replies", [["ONE", Killed(), "ONE TWO"], ["ONE", "ONE", Killed(), "ONE TWO"]], ids=["repair", "resample"]
)
def test_a_death_in_a_later_call_repeats_that_call_alone(browsing: Outside, replies: list[object]) -> None:
    browsing.author.replies = [one if isinstance(one, Killed) else page(str(one)) for one in replies]
    row = asked()
    with pytest.raises(Killed):
        drive(str(row.pk))
    let_go(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, words_of(row)) == ("completed", "ONE TWO")
    assert len(browsing.author.asked) == len(replies)


def test_what_was_answered_before_a_death_is_not_asked_again(browsing: Outside) -> None:
    browsing.author.replies = ["I would do it like this.", Killed(), page("ONE TWO")]
    row = asked()
    with pytest.raises(Killed):
        drive(str(row.pk))
    let_go(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, words_of(row)) == ("completed", "ONE TWO")
    assert kinds() == ["generate", "format", "format"]


# --- Gates ----------------------------------------------------------------------------------------------------------------------------------


def test_a_secret_in_a_reply_is_told_to_the_model_and_never_stored_or_published(browsing: Outside) -> None:
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


def test_where_every_attempt_holds_a_credential_the_honest_page_is_published(browsing: Outside) -> None:
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    browsing.author.replies = [page(f"ONE TWO {token}") for _ in range(3)]
    row = driven(asked())
    assert (row.state, row.degraded) == ("completed", True)
    assert kinds() == ["generate", "repair", "resample", "honest"]
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
    assert [(r.position, r.verdict) for r in rows][:3] == [
        (GATES_FROM, "fail"),
        (GATES_FROM + 1, "pass"),
        (GATES_FROM + 2, "pass"),
    ]
    assert rows[0].detail.startswith("index.html:6: '// ... existing code ...'")


# --- Later rounds -----------------------------------------------------------------------------------------------------------------------------


def test_an_earlier_rounds_check_runs_again_and_is_not_traded_away(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO")]
    driven(asked())
    browsing.author.replies = [page("TWO THREE"), page("ONE TWO THREE")]
    row = driven(asked(round=2, checks=["js: page.includes('THREE')"], brief="Add three."))
    assert (row.state, words_of(row)) == ("completed", "ONE TWO THREE")
    rows = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind="earlier")
    assert [(r.text, r.verdict) for r in rows] == [
        ("page.includes('ONE')", "pass"),
        ("page.includes('TWO')", "pass"),
    ]
    assert row.warnings == []


def test_what_a_later_round_lost_is_a_warning(browsing: Outside) -> None:
    browsing.author.replies = [page("ONE TWO <b id='sum'>1</b>")]
    driven(asked())
    browsing.author.replies = [page("TWO"), page("TWO ")]
    row = driven(asked(round=2, checks=["js: page.includes('TWO')"], brief="Make it blue."))
    assert row.state == "completed"
    assert any("check of an earlier round does not hold any more: page.includes('ONE')" in w for w in row.warnings)
    assert any("Gone since the round before: the id 'sum'" in w for w in row.warnings)
