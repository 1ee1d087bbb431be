"""The frozen request that every step works from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.domain.checks import Check


class Source(StrEnum):
    """Where a round's file comes from."""

    REQUEST = "request"  # attached to it
    ADDRESS = "address"  # fetched by the service from an address that the brief or a check names
    WORKBOOK = "workbook"  # made by the service out of an attached workbook


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with a request, under its safe name, byte for byte; or one that the service fetched or made for it.

    `url` is where it was fetched from, `note` what a prompt says of it besides its name, type, size and shape.
    """

    name: str
    media_type: str
    content: bytes
    source: Source = Source.REQUEST
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A file that a round should have and does not. `why` is a sentence's end; `url` is where it should have come from."""

    name: str
    why: str
    source: Source = Source.REQUEST
    url: str = ""


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """What an earlier published round of the task was asked for."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Brief:
    """One round's request. `number` is the round's number; `text` what the page must do.

    `earlier` are the published rounds before this one, the oldest first; `earlier_checks` those of their checks that must go on holding.
    """

    email: str
    task: str
    number: int
    nonce: str
    text: str
    checks: tuple[Check, ...]
    attachments: tuple[AttachedFile, ...]
    earlier: tuple[EarlierRound, ...] = ()
    earlier_checks: tuple[Check, ...] = ()

    @property
    def words(self) -> str:
        """Return the brief and its checks as one text."""
        return "\n".join([self.text, *(check.text for check in self.checks)])
