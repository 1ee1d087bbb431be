"""What is asked for: the frozen request that every step works from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.checks import Check


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with a request, under its safe name, byte for byte."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Brief:
    """One round's request. `number` is the round's number; `text` what the page must do."""

    email: str
    task: str
    number: int
    nonce: str
    text: str
    checks: tuple[Check, ...]
    attachments: tuple[AttachedFile, ...]
