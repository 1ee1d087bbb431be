"""What a review of the source finds: a flaw with its file and line, and whether it is an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding in `path` at `line` (from 1): `what` in words. `is_error`: an error, which a person would send back; else a matter of style."""

    path: str
    line: int
    what: str
    is_error: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"
