"""Reads the log of a workflow's job.

https://docs.github.com/en/actions/how-tos/monitor-workflows/use-workflow-run-logs
"""

from __future__ import annotations

import re

LINES = 60
_LONGEST_LINE = 400
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ?")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def last_lines(log: bytes, most: int = LINES) -> list[str]:
    """Return the last lines up to the last error, without times, colours and blank lines.

    GitHub marks errors with `##[error]`. The lines after the last one are of its own cleaning up.
    """
    text = log.decode("utf-8", "replace").replace("\ufeff", "")
    lines = [_COLOURS.sub("", _TIME.sub("", line)).rstrip() for line in text.splitlines()]
    errors = [at for at, line in enumerate(lines) if line.startswith("##[error]")]
    lines = lines[: errors[-1] + 1] if errors else lines
    return [line[:_LONGEST_LINE] for line in lines if line][-most:]
