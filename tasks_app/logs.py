"""What a log line says besides its message: the ids of what is worked on, and its form, text or JSON."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks_app.redaction import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)

#: The role of this process, which its entry point names and forked children keep.
_role = ["command"]

_ids: ContextVar[Mapping[str, object]] = ContextVar("log_ids", default={})  # noqa: B039 -- it is never changed


@contextmanager
def log_ids(**ids: object) -> Iterator[None]:
    """Add ids (request, round, task, step, attempt) to all log lines of this thread while the block runs.

    A thread has the ids of another if it runs in a copy of its context.
    """
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def log_id_set(name: str, value: object) -> None:
    """Add an id until the surrounding `log_ids` ends. Outside of one nothing is added, because nothing would end it."""
    if ids := _ids.get():
        _ids.set({**ids, name: value})


def log_id(name: str) -> str:
    """Return an id of the present context, "" if it has none."""
    return str(_ids.get().get(name, ""))


def log_ids_shown() -> dict[str, str]:
    """Return the ids of the present context without secrets and control characters: a task's name is a stranger's."""
    return {name: clean(str(value))[:200] for name, value in _ids.get().items() if value not in {"", None}}


def name_process(role: str) -> None:
    """Name this process, and those that it will fork, in log lines."""
    _role[:] = [role]


def log_thread_errors() -> None:
    """Log the errors that end threads of this process: Python itself would write them past the log's rules."""
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or isinstance(ended.exc_value, SystemExit):
        return
    name = ended.thread.name if ended.thread else "?"
    trace = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    logger.error("the thread %s ended by an error of our own", name, exc_info=trace)


class IdsFilter(logging.Filter):
    """Puts the ids into the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drop the record."""
        record.ids = log_ids_shown()
        return True


class TextFormatter(logging.Formatter):
    """One line of text, with the ids behind the message; tracebacks have lines of their own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s%(shown_ids)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- Python's name
        """Format the line without a traceback."""
        ids = {name: value for name, value in getattr(record, "ids", {}).items() if name != "task"}
        record.shown_ids = f" [{' '.join(f'{name}={value}' for name, value in ids.items())}]" if ids else ""
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII. A traceback is its field `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; RedactingFilter has already written the exception's text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": _role[0],
            "pid": record.process,
            **getattr(record, "ids", {}),
        }
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = clean(record.stack_info)
        return json.dumps(line)
