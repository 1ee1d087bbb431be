"""Shows a round's steps while they happen: one line for each step; a terminal's last line is updated in place."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SPINNER = "|/-\\"
_GREEN, _RED, _YELLOW, _RESET = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_ENDED = {"completed", "failed", "cancelled"}
_GOOD = {"ok", "done", "completed", "success", "succeeded", "delivered", "live", "published"}
_BAD = {"failed", "error", "fail", "crashed"}


@dataclass(frozen=True, slots=True)
class _Line:
    """Consecutive runs of one step."""

    name: str
    seconds: float
    runs: int
    outcome: str
    detail: str
    running: bool


@dataclass(slots=True)
class Progress:
    """Polls `look` for a round's status (None: no answer now) every `poll` seconds and writes to `out`."""

    look: Callable[[], Mapping[str, Any] | None]
    out: TextIO
    poll: float = 0.25
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _printed: int = field(default=0, init=False)
    _tick: int = field(default=0, init=False)
    _unanswered: int = field(default=0, init=False)

    @property
    def live(self) -> bool:
        """Say whether the output is a terminal whose last line can be rewritten."""
        return self.out.isatty() and self.environment.get("TERM", "") not in ("", "dumb")

    def follow(self, seconds: float) -> Mapping[str, Any] | None:
        """Show the round until it ends or `seconds` pass; return its last known status."""
        deadline, status = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            polled = self.look()
            self._show(polled)
            status = polled or status
            if polled and polled.get("state") in _ENDED:
                break
            time.sleep(self.poll)
        self._rewrite("")
        return status

    def _show(self, status: Mapping[str, Any] | None) -> None:
        self._tick += 1
        if status is None:
            self._no_answer()
            return
        self._unanswered = 0
        lines = _lines(status.get("steps") or [], datetime.now(UTC))
        has_ended = status.get("state") in _ENDED
        finished = lines if has_ended else lines[:-1]
        for line in finished[self._printed :]:
            self._rewrite("")
            self.out.write(self._line_text(line) + "\n")
        self._printed = max(self._printed, len(finished))
        self.out.flush()
        if not has_ended:
            self._rewrite(self._present(status, lines))

    def _no_answer(self) -> None:
        self._unanswered += 1
        if self.live:
            self._rewrite("  no answer from the service")
        elif self._unanswered == 1:
            self.out.write("  no answer from the service, asking on\n")
            self.out.flush()

    def _present(self, status: Mapping[str, Any], lines: Sequence[_Line]) -> str:
        mark = _SPINNER[self._tick % len(_SPINNER)]
        state, step = status.get("state"), status.get("step")
        if lines and lines[-1].running:
            return f"{mark} {lines[-1].name:<9}{lines[-1].seconds:6.1f} s  {lines[-1].detail or state}"
        return f"{mark} {step:<9}          {state}"

    def _rewrite(self, text: str) -> None:
        """Replace the last line of a terminal; other outputs get nothing."""
        if self.live:
            self.out.write("\r\x1b[K" + text[: shutil.get_terminal_size().columns - 1])
            self.out.flush()

    def _line_text(self, line: _Line) -> str:
        runs = f" ({line.runs} runs)" if line.runs > 1 else ""
        detail = f"  {line.detail}" if line.detail else ""
        outcome = line.outcome or "ended"
        return f"  {line.name:<9}{line.seconds:6.1f} s  {self._coloured(outcome)}{runs}{detail}"

    def _coloured(self, outcome: str) -> str:
        if not self.live or self.environment.get("NO_COLOR"):
            return outcome
        colour = _GREEN if outcome in _GOOD else _RED if outcome in _BAD else _YELLOW
        return f"{colour}{outcome}{_RESET}"


def _lines(steps: Sequence[Mapping[str, Any]], now: datetime) -> list[_Line]:
    """Fold consecutive runs of a step (a poll is a run) into one line, timed from the first start to the last end."""
    lines = []
    for name, group in groupby(steps, key=lambda step: str(step.get("name"))):
        runs = list(group)
        started, last = _time(runs[0].get("started_at")) or now, runs[-1]
        ended = _time(last.get("finished_at"))
        detail = " ".join(str(last.get("detail") or "").split())
        seconds = max(0.0, ((ended or now) - started).total_seconds())
        lines.append(_Line(name, seconds, len(runs), str(last.get("outcome") or ""), detail, running=ended is None))
    return lines


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
