"""Runs `job` in a separate process with bounded time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from engine.domain.workbook import Sheet, Workbook
from engine.errors import Permanent

SECONDS = 30.0
_ROOT = Path(__file__).resolve().parents[3]
_COMMAND = (sys.executable, "-m", "engine.adapters.workbooks.job")


class WorkbookReader:
    """Reads .xlsx and .xlsm. Thread-safe; the process gets no secrets in its environment."""

    def read(self, content: bytes, *, seconds: float = SECONDS) -> Workbook:
        """Return the visible sheets. Raises Permanent(workbook_unreadable); its message is the end of a sentence."""
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        try:
            ended = subprocess.run(  # noqa: S603 - our own module, no foreign text in the command
                _COMMAND,
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=environment,
                timeout=min(seconds, SECONDS),
                check=True,
            )
            answer = json.loads(ended.stdout)
        except subprocess.TimeoutExpired:
            raise _unreadable(f"reading it took more than {min(seconds, SECONDS):.0f} s") from None
        except (subprocess.CalledProcessError, OSError, ValueError):
            raise _unreadable("it is too large or too damaged to be read") from None
        if "error" in answer:
            raise _unreadable(answer["error"])
        sheets = [
            Sheet(sheet["name"], sheet["rows"], sheet["columns"], sheet["csv"].encode()) for sheet in answer["sheets"]
        ]
        return Workbook(tuple(sheets), tuple(answer["warnings"]))


def _unreadable(why: str) -> Permanent:
    return Permanent("workbook_unreadable", why)
