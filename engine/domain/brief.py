"""The request, frozen for the steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.domain.checks import Check


class Source(StrEnum):
    REQUEST = "request"  # attached to the request
    ADDRESS = "address"  # fetched from an address that the brief or a check names
    WORKBOOK = "workbook"  # made by the service from an attached workbook


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that was attached, or that the service fetched or made. Its name is safe, its bytes are unchanged.

    `url` is the address that it was fetched from. `note` is what a prompt says about it besides name, type and size.
    """

    name: str
    media_type: str
    content: bytes
    source: Source = Source.REQUEST
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MissingFile:
    """A file that the round lacks. `why` completes a sentence; `url` is the address that it was to be fetched from."""

    name: str
    why: str
    source: Source = Source.REQUEST
    url: str = ""


@dataclass(frozen=True, slots=True)
class EarlierRound:
    """An earlier published round of the task. `text` is its brief."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Brief:
    """One round's request. `text` is the brief itself.

    `earlier` are the published rounds before it, oldest first; `earlier_checks` are their checks that must still hold.
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
        """The brief and its checks as one text."""
        return "\n".join([self.text, *(check.text for check in self.checks)])
