"""The suite's tasks as they stand in `tasks/<name>/`: task.json, and for each round a page that is known as right."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.checks import Check, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "tasks"
HALVES = ("tune", "held")


@dataclass(frozen=True, slots=True)
class Swap:
    """Other data, put in place of the published one, and what must hold then: a page with results typed in fails."""

    attachments: Mapping[str, bytes]
    api: Mapping[str, object]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class SuiteRound:
    """One round's request: `checks` go with it, `withheld` do not.

    `api`: what addresses of other hosts answer, as JSON.
    """

    brief: str
    checks: tuple[Check, ...]
    withheld: tuple[Check, ...]
    attachments: Mapping[str, bytes]
    api: Mapping[str, object]
    swap: Swap | None
    reference: bytes


@dataclass(frozen=True, slots=True)
class SuiteTask:
    """A task of two rounds. Prompts are tuned on the half `tune` and never on `held`."""

    name: str
    half: str
    about: tuple[str, ...]
    rounds: tuple[SuiteRound, ...]


def load_tasks() -> list[SuiteTask]:
    """Read the whole suite, by name."""
    return [_task(path) for path in sorted(FOLDER.iterdir()) if path.is_dir()]


def _task(folder: Path) -> SuiteTask:
    plain = json.loads((folder / "task.json").read_text())
    rounds = tuple(
        _round(one, (folder / f"{number}.html").read_bytes()) for number, one in enumerate(plain["rounds"], 1)
    )
    return SuiteTask(folder.name, plain["half"], tuple(plain["about"]), rounds)


def _round(plain: Mapping[str, Any], reference: bytes) -> SuiteRound:
    swap = plain.get("swap")
    return SuiteRound(
        brief=plain["brief"],
        checks=_checks(plain["checks"]),
        withheld=_checks(plain["withheld"]),
        attachments=_files(plain.get("attachments", {})),
        api=plain.get("api", {}),
        swap=Swap(_files(swap.get("attachments", {})), swap.get("api", {}), _checks(swap["checks"])) if swap else None,
        reference=reference,
    )


def _checks(expressions: list[str]) -> tuple[Check, ...]:
    return tuple(Check(Kind.JS, expression) for expression in expressions)


def _files(plain: Mapping[str, str | Mapping[str, str]]) -> dict[str, bytes]:
    """A text stands as it is, anything else as {"base64": …}."""
    return {
        name: content.encode() if isinstance(content, str) else base64.b64decode(content["base64"])
        for name, content in plain.items()
    }
