"""A file of a repository's tree, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where a file of the tree comes from."""

    MODEL = "model"
    CARRIED = "carried"
    ATTACHMENT = "attachment"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file of the tree."""

    content: bytes
    origin: Origin
