"""The progress view, fed with statuses as the API gives them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from tasks_app.rehearsal.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AT = "2026-11-23T07:00:0{}Z"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(name: str, begun: int, ended: int | None, outcome: str = "ok", detail: str = "") -> dict[str, Any]:
    finished = AT.format(ended) if ended is not None else None
    return {"name": name, "started_at": AT.format(begun), "finished_at": finished, "outcome": outcome, "detail": detail}


RUNNING = {"state": "running", "step": "verify", "steps": [step("generate", 0, 2), step("verify", 2, None, "")]}
DONE = {
    "state": "completed",
    "step": "notify",
    "steps": [
        step("generate", 0, 2),
        step("verify", 2, 3, detail="4\nof 4"),
        step("deploy", 3, 4, "wait"),
        step("deploy", 5, 7),
        step("notify", 7, 8),
    ],
}


def shown(statuses: Iterable[Mapping[str, Any] | None], out: io.StringIO, **environment: str) -> str:
    """Follow a round whose looks give `statuses` one after the other."""
    looks = iter(statuses)
    Progress(lambda: next(looks), out, poll=0, environment=environment).follow(5)
    return out.getvalue()


def test_plain_output_has_one_line_a_step_and_no_control_character() -> None:
    text = shown([RUNNING, RUNNING, DONE], io.StringIO(), TERM="xterm")
    assert text.splitlines() == [
        "  generate    2.0 s  ok",
        "  verify      1.0 s  ok  4 of 4",
        "  deploy      4.0 s  ok (2 runs)",
        "  notify      1.0 s  ok",
    ]


def test_a_terminal_sees_the_running_step_being_updated() -> None:
    text = shown([RUNNING, DONE], Terminal(), TERM="xterm")
    assert "\r\x1b[K/ verify" in text
    assert "  generate    2.0 s  \x1b[32mok\x1b[0m\n" in text


def test_what_is_known_of_the_running_step_stands_behind_it() -> None:
    writing = {
        "state": "running",
        "step": "generate",
        "steps": [step("generate", 0, None, "", "m is writing: 40 so far.")],
    }
    assert " s  m is writing: 40 so far." in shown([writing, DONE], Terminal(), TERM="xterm")


def test_no_color_keeps_colours_out() -> None:
    assert "\x1b[32m" not in shown([RUNNING, DONE], Terminal(), TERM="xterm", NO_COLOR="1")


def test_a_dumb_terminal_gets_plain_lines() -> None:
    assert "\x1b" not in shown([RUNNING, DONE], Terminal(), TERM="dumb")


def test_a_silent_service_is_reported_once_and_polled_on() -> None:
    text = shown([None, None, RUNNING, None, DONE], io.StringIO())
    assert text.count("no answer from the service") == 2
    assert text.endswith("  notify      1.0 s  ok\n")


def test_the_last_known_status_is_returned_when_the_time_runs_out() -> None:
    assert Progress(lambda: RUNNING, io.StringIO(), poll=0.01).follow(0.05) == RUNNING


def test_a_failed_round_ends_the_view() -> None:
    failed = {"state": "failed", "step": "generate", "steps": [step("generate", 0, 1, "failed", "refused")]}
    assert shown([failed], Terminal(), TERM="xterm").endswith(
        "  generate    1.0 s  \x1b[31mfailed\x1b[0m  refused\n\r\x1b[K"
    )
