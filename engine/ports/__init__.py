"""What the steps need from outside, as Protocols, with the values that cross them; a file a port, all of them to be had from here.

Every port is blocking and thread-safe unless it says otherwise; every method raises only `engine.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.ports.author import (
    CUT_OFF,
    DEADLINE,
    DISCONNECTED,
    Author,
    Image,
    Message,
    ModelProfile,
    Profiles,
    Prompt,
    Reply,
    Usage,
    unheard,
)
from engine.ports.browser import Browser, BrowserReport, PageUnderTest, PageView
from engine.ports.forge import CommitSpec, Credential, Forge, Limits, Look, Quota, Repository, RepositorySpec
from engine.ports.journal import Journal, Recalled
from engine.ports.way_out import Answer, Fetcher, Notifier
from engine.ports.workbooks import Sheet, Workbook, Workbooks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from engine.core.token_shapes import Token

__all__ = (
    "CUT_OFF",
    "DEADLINE",
    "DISCONNECTED",
    "Answer",
    "Author",
    "Browser",
    "BrowserReport",
    "Clock",
    "CommitSpec",
    "Credential",
    "Fetcher",
    "Forge",
    "Image",
    "Journal",
    "Limits",
    "Look",
    "Message",
    "ModelProfile",
    "Notifier",
    "PageUnderTest",
    "PageView",
    "Ports",
    "Profiles",
    "Prompt",
    "Quota",
    "Recalled",
    "Reply",
    "Repository",
    "RepositorySpec",
    "Scanner",
    "Sheet",
    "Usage",
    "Workbook",
    "Workbooks",
    "unheard",
)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...


class Scanner(Protocol):
    """Knows what credentials look like."""

    def tokens(self, text: str) -> Iterable[Token]:
        """Yield what looks like a credential in `text`, in a time that grows with its length alone."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a step may use. `browser` is None on a machine without one; without a `scanner` the core's own shapes are looked for.

    Without `workbooks` spreadsheets stay binary files.
    """

    clock: Clock
    author: Author
    forge: Forge
    fetcher: Fetcher
    notifier: Notifier
    journal: Journal
    browser: Browser | None = None
    scanner: Scanner | None = None
    workbooks: Workbooks | None = None
