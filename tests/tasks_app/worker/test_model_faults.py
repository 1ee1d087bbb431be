"""Every error of a model, through `drive`, real rows and the SDK: the round's end, the breaker, the sentence shown.

A row of TABLE has the answers of the first model's server, those of the second's, and the result. The call for the
plan comes before these and has a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.domain import budget
from engine.prompts.plan import RULES
from engine.prompts.replies import format_files, mark
from tasks_app.models import Attempt, Breaker, ModelProfile, Round
from tasks_app.operations.breakers import breakers_open
from tasks_app.operations.model_profiles import DatabaseProfiles
from tasks_app.queries.plans import plan_of
from tasks_app.reports.round_report import RoundReport
from tests.doubles.openai_scenarios import SCENARIOS, Scenario, completion
from tests.doubles.openai_server import OpenAIServer
from tests.driving import aged, driven, must_wait, page_calls
from tests.factories import make_round
from tests.fakes import PAGE, README
from tests.fakes.author import SMALLEST_PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Outside

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


PLAN = Scenario(completion(SMALLEST_PLAN))


class Server(OpenAIServer):
    """Answers what asks for a plan out of `plans`, then with the smallest one, and all else as its script says."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[str | Scenario] = []
        self.pages: list[dict[str, Any]] = []  # the requests for something else

    def answers(self, request: dict[str, Any]) -> Scenario:
        if request["messages"][0]["content"] == RULES:
            said = self.plans.pop(0) if self.plans else PLAN
            return SCENARIOS[said] if isinstance(said, str) else said
        self.pages.append(request)
        return super().answers(request)


def asked(**over: object) -> Round:
    """Return a round with nothing to be judged by a model."""
    return make_round(checks=[], **over)


def page(request: dict[str, Any]) -> Scenario:
    """Answer as a good model does: with a page in the form that the request asks for."""
    asked = "\n".join(str(message["content"]) for message in request["messages"])
    boundary = asked.partition("Boundary of this request: ")[2].split()[0]
    files = {"index.html": PAGE, "README.md": README}
    return Scenario(completion(format_files(files, boundary) + mark(boundary, "complete", 2) + "\n"))


def half(request: dict[str, Any]) -> Scenario:
    """Answer with the page alone, cut off in the README."""
    text = page(request).body["choices"][0]["message"]["content"]
    return Scenario(completion(text[: text.index("## Usage")], finish_reason="length"))


def torn(request: dict[str, Any]) -> Scenario:
    """Answer as `half`, and lose the connection there."""
    return replace(half(request), cut=True)


def stalling(request: dict[str, Any]) -> Scenario:
    """Answer as `half`, and write nothing more."""
    return replace(half(request), stalls=True)


def rest(request: dict[str, Any]) -> Scenario:
    """Answer with what was missing."""
    boundary = str(request["messages"]).partition("Boundary of this request: ")[2].split("\\n")[0]
    return Scenario(completion(format_files({"README.md": README}, boundary) + mark(boundary, "complete", 1) + "\n"))


def refuses_the_bound(request: dict[str, Any]) -> Scenario:
    if "max_completion_tokens" not in request:
        return page(request)
    error = {"message": "no", "code": "unsupported_parameter", "param": "max_completion_tokens"}
    return Scenario({"error": error}, status=400)


@dataclass(frozen=True)
class Row:
    """A row of TABLE. `errors`: the codes of the attempts, "" for an answered call; `brief`: a call has 2 seconds."""

    name: str
    first: tuple[object, ...]
    second: tuple[object, ...]
    state: str
    errors: tuple[str, ...]
    says: str = ""
    breaker: str = ""
    degraded: bool = False
    waits: float = 0
    brief: bool = False


NONE_LEFT: tuple[object, ...] = ()
TABLE = [
    Row("429, short", ("rate limit",), (), "waiting", ("model_overloaded",), "asks to try later: 429", waits=7),
    Row("429, an hour, a second model", ("rate limit of an hour",), (page,), "completed", ("model_overloaded", "")),
    Row(
        "429, an hour, both", ("rate limit of an hour",), ("rate limit of an hour",), "waiting",
        ("model_overloaded",) * 2,
        "is limited until", "model_limited",
    ),
    Row("quota, a second model", ("quota",), (page,), "completed", ("model_quota_spent", "")),
    Row("quota, both", ("quota",), ("unpaid",), "waiting", ("model_quota_spent",) * 2, "top it up or set another key",
        "model_quota_spent"),
    Row("500", ("server error",), (), "waiting", ("model_overloaded",), "asks to try later: 500", waits=1),
    Row("a hang", ("hang",), (page,), "completed", ("model_timeout", ""), brief=True),
    Row("a slow drip", ("slow drip",), (page,), "completed", ("model_timeout", ""), brief=True),
    Row("cut by its time in the second file", (stalling,), (), "completed", ("",), brief=True),
    Row("hung up in the second file", (torn, rest), (), "completed", ("", "")),
    Row("hung up before a file is whole", ("hang-up on the way", page), (), "completed", ("", "")),
    Row("truncation", (half, rest), (), "completed", ("", "")),
    Row("truncation, then nothing", (half, *("null choices",) * 4), (), "completed",
        ("", "model_bad_answer", "model_bad_answer")),
    Row("HTML once", ("html", page), (), "completed", ("model_bad_answer", "")),
    Row("HTML twice", ("html", "html"), (page,), "completed", ("model_bad_answer", "model_bad_answer", "")),
    # each call is repeated once without a stream
    Row("null choices twice", ("null choices",) * 4, (page,), "completed",
        ("model_bad_answer", "model_bad_answer", "")),
    Row("refusal once", ("refusal", page), (), "completed", ("", "")),
    Row("refusal twice", ("refusal",) * 2, (page,), "completed", ("", "", "")),
    Row("content filter", ("filtered prompt",), (page,), "completed", ("model_filtered", "")),
    Row("401", ("refused key",), (), "waiting", ("model_key_refused",), "refused the key: 401. Set LLM_API_KEY",
        "model_key_refused"),
    Row("403", ("forbidden",), (), "waiting", ("model_key_refused",), "refused the key: 403. Set LLM_API_KEY",
        "model_key_refused"),
    Row("404, a second model", ("unknown model",), (page,), "completed", ("model_unknown", "")),
    Row("404, both", ("unknown model",), ("unknown model",), "waiting", ("model_unknown",) * 2,
        "does not know the model first", "model_unknown"),
    Row("a prompt too long", ("too large",), (page,), "completed", ("model_prompt_too_long", "")),
    Row("a parameter refused", (refuses_the_bound, refuses_the_bound), (), "completed", ("",)),
    Row("nothing usable at all", ("null choices",) * 4, ("html",) * 2, "completed", ("model_bad_answer",) * 4,
        degraded=True),
]  # fmt: skip


@pytest.fixture
def server(outside: Outside) -> Iterator[Server]:
    """Put an author on a scripted server where `drive` finds its model."""
    with Server() as running:
        outside.author = OpenAIAuthor(  # type: ignore[assignment]
            api_key="sk-double-secret", base_url=running.url, models=["first", "second"], profiles=DatabaseProfiles()
        )
        yield running


def scripted(server: Server, row: Row) -> None:
    """Script the answers of each model, whatever the order in which the models are called."""
    answers = {"first": list(row.first), "second": list(row.second)}

    def answer(request: dict[str, Any]) -> object:
        said = answers[request["model"]].pop(0)
        return said(request) if callable(said) else said

    server.script = [answer] * 9  # type: ignore[list-item]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_fault_ends_the_round_as_the_table_says(server: Server, monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    if row.brief:
        monkeypatch.setattr(budget.Budget, "model_seconds", lambda *_: 2.0)
    scripted(server, row)
    made = driven(asked())
    calls = list(page_calls().exclude(kind="fallback"))
    assert tuple(attempt.error_code for attempt in calls) == row.errors
    assert (made.state, made.degraded) == (row.state, row.degraded)
    assert row.says in made.waiting_on
    assert [breaker.code for breaker in Breaker.objects.filter(closed_at=None)] == (
        [row.breaker] if row.breaker else []
    )
    assert all(row.says in breaker.reason for breaker in Breaker.objects.all())
    if row.waits:
        must_wait(made, row.waits / 2, row.waits)
    assert all(attempt.seconds is not None and "max" in str(attempt.parameters) for attempt in calls)
    assert "sk-double-secret" not in str(list(Attempt.objects.values())) + made.waiting_on


@pytest.mark.parametrize("row", [row for row in TABLE if row.state == "waiting"], ids=lambda row: row.name)
def test_the_callback_is_sent_in_time_despite_any_fault_of_the_model(server: Server, row: Row) -> None:
    scripted(server, row)
    made = driven(asked())
    assert made.state == "waiting"
    server.script = [row.first[0]] * 9  # type: ignore[list-item]
    made = driven(aged(made, 425))  # past the last moment for a call
    assert (made.state, made.late) == ("completed", False)
    assert made.degraded
    assert "This app was not made" in bytes(made.chosen_attempt.files.get(path="index.html").content).decode()


def test_a_limit_that_is_over_lets_the_round_go_on_by_itself(server: Server) -> None:
    server.script = ["rate limit", page]
    made = driven(asked())
    assert made.state == "waiting"
    assert driven(made).state == "completed"
    assert [call.error_code for call in page_calls()] == ["model_overloaded", ""]


def test_a_server_that_fails_again_and_again_hands_over_to_the_next_model(server: Server) -> None:
    server.script = [lambda request: "server error" if request["model"] == "first" else page(request)] * 9
    made = asked()
    for _ in range(4):
        made = driven(made)
    assert made.state == "completed"
    assert [call.model_asked for call in page_calls()] == ["first"] * 4 + ["second"]
    assert len(server.requests) - len(server.pages) == 1, "one plan for all of it"


def test_an_exhausted_limit_opens_by_itself_when_its_time_is_over(server: Server) -> None:
    server.script = ["rate limit of an hour", "rate limit of an hour"]
    driven(asked())
    breaker = Breaker.objects.get()
    assert 3500 < (breaker.until - timezone.now()).total_seconds() <= 3600
    assert breakers_open(now=breaker.until) == {}


def test_a_refused_parameter_is_one_attempt_and_remembered_in_the_database(server: Server) -> None:
    server.script = [refuses_the_bound] * 9
    driven(asked())
    call = page_calls().get()
    assert call.parameters["dropped"] == {"max_completion_tokens": "unsupported_parameter"}
    assert call.parameters["max_tokens"] > 1000
    assert ModelProfile.objects.get().length_parameter == "max_tokens"
    driven(asked(task="another"))
    assert len(server.pages) == 3, "the refused parameter was sent again"


def test_a_stream_that_cannot_be_read_is_remembered_in_the_database(server: Server) -> None:
    server.script = [
        lambda request: Scenario(pieces=(b"data: [DONE]\n\n",)) if "stream" in request else page(request)
    ] * 9
    made = driven(asked())
    assert (made.state, made.degraded) == ("completed", False)
    assert page_calls().get().parameters["dropped"] == {"stream": "unreadable"}
    assert ModelProfile.objects.get().dropped == ["stream"]
    driven(asked(task="another"))
    assert ["stream" in request for request in server.pages] == [True, False, False]


def test_thoughts_are_in_the_row_of_their_call_and_where_they_are_the_answer_it_says_so(server: Server) -> None:
    def thinking(request: dict[str, Any]) -> Scenario:
        text = page(request).body["choices"][0]["message"]["content"]
        return Scenario(completion(text, reasoning=f"about {page.__name__}"))

    def only_thinking(request: dict[str, Any]) -> Scenario:
        return Scenario(completion("", reasoning=page(request).body["choices"][0]["message"]["content"]))

    server.script = [thinking, only_thinking]
    rounds = [driven(asked(task=task)) for task in ("one", "another")]
    assert [(made.state, made.degraded) for made in rounds] == [("completed", False)] * 2
    beside, instead = page_calls()
    assert (beside.reasoning, beside.parameters.get("answer_field")) == ("about page", None)
    assert (instead.reasoning, instead.parameters["answer_field"]) == ("", "reasoning")
    assert "index.html" in instead.reply


def test_tokens_and_cost_of_a_call_are_in_its_row(server: Server) -> None:
    server.script = [page]
    driven(asked())
    call = page_calls().get()
    assert (call.input_tokens, call.cached_tokens, call.output_tokens, call.reasoning_tokens) == (11, 5, 7, 3)
    assert (float(call.cost), call.cost_source, call.counted_tokens) == (0.0125, "reported", 18)
    assert Round.objects.get().state == "completed"


#: The answers to the calls for the plan, the errors of their attempts, and why there is no plan ("": there is one).
PLANS: list[tuple[tuple[str | Scenario, ...], tuple[str, ...], str]] = [
    ((PLAN,), ("",), ""),
    (("ok", PLAN), ("", ""), ""),
    (("ok", "ok"), ("", ""), "the answer holds no JSON object"),
    (("ok", "server error"), ("", "model_overloaded"), "asks to try later: 500"),
    (("rate limit",), ("model_overloaded",), "asks to try later: 429"),
    (("server error",), ("model_overloaded",), "asks to try later: 500"),
    (("quota",), ("model_quota_spent",), "top it up or set another key"),
    (("html",), ("model_bad_answer",), "answered with something that is no chat completion"),
    (("refusal", PLAN), ("", ""), ""),
    (("filtered prompt",), ("model_filtered",), "filter"),
    (("unknown model",), ("model_unknown",), "does not know the model first"),
    (("too large",), ("model_prompt_too_long",), "too long"),
    ((Scenario(completion(SMALLEST_PLAN[:30], finish_reason="length")), PLAN), ("", ""), ""),
]


@pytest.mark.parametrize(("plans", "errors", "why_none"), PLANS, ids=[f"{number}" for number in range(len(PLANS))])
def test_whatever_comes_of_the_plan_the_page_is_written(
    server: Server, plans: tuple[str | Scenario, ...], errors: tuple[str, ...], why_none: str
) -> None:
    server.plans, server.script = list(plans), [page] * 3  # type: ignore[list-item]
    made = driven(asked())
    assert (made.state, made.degraded) == ("completed", False)
    calls = Attempt.objects.filter(kind__in=["plan", "plan_reminder"]).order_by("pk")
    assert tuple(call.error_code for call in calls) == errors
    assert (plan_of(made) is None) == bool(why_none)
    assert why_none in RoundReport(made).plan_text.made
    assert not Breaker.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize("refused", ["refused key", "forbidden"])
def test_a_key_that_is_refused_with_the_plan_opens_the_breaker_before_a_page_is_asked_for(
    server: Server, refused: str
) -> None:
    server.plans = [refused]
    made = driven(asked())
    assert (made.state, server.pages, RoundReport(made).plan_text) == ("waiting", [], None)
    assert Breaker.objects.get().code == "model_key_refused"
