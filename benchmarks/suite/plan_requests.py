"""The requests that plans are made of in `benchmarks/plans/requests/`, one a file, each with the facts that a right
plan states."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, model_validator

from benchmarks.suite.plan_facts import Fact, Form
from engine.adapters.workbooks.workbook_reader import WorkbookReader
from engine.domain.brief import AttachedFile, Brief
from engine.domain.checks import parse_check
from engine.inputs.workbooks import is_workbook, outline

FOLDER = Path(__file__).parents[1] / "plans"


class Attachment(Form):
    """A file that came with a request, as text or in base64."""

    name: str
    text: str | None = None
    base64: str | None = None

    @model_validator(mode="after")
    def _holds_one(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("either text or base64")
        return self

    @property
    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.text.encode() if self.text is not None else base64.b64decode(self.base64 or "", validate=True)

    def file(self) -> AttachedFile:
        """Return the file as a step gets it: of a workbook with what is said of its sheets."""
        kind = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        file = AttachedFile(self.name, kind, self.content)
        if not is_workbook(file):
            return file
        return AttachedFile(self.name, kind, self.content, note=outline(WorkbookReader().read(self.content).sheets))


class EarlierRound(Form):
    """An earlier round of the same task."""

    brief: str
    checks: list[str | dict[str, str]] = []


class SuiteRequest(Form):
    """A request, and the facts of a right plan.

    `present`: the files that the repository holds after the earlier rounds.
    """

    name: str
    language: str
    brief: str
    checks: list[str | dict[str, str]]
    attachments: list[Attachment] = []
    earlier: list[EarlierRound] = []
    present: list[str] = []
    facts: list[Fact] = Field(min_length=1)

    def as_brief(self) -> Brief:
        """Return what the service works from in this round."""
        checks = tuple(parse_check(one) for one in self.checks)
        attachments = tuple(one.file() for one in self.attachments)
        return Brief("", self.name, len(self.earlier) + 1, "", self.brief, checks, attachments)


def load_requests() -> list[SuiteRequest]:
    """Read all requests, by name. Raises ValueError, which names the file, where one is none."""
    return [_read(path) for path in sorted((FOLDER / "requests").glob("*.yaml"))]


def _read(path: Path) -> SuiteRequest:
    plain: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return SuiteRequest(name=path.stem, **plain)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from None
