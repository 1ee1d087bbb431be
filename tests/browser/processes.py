"""Looks at this machine's processes by what they were started with."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def mentioning(word: str) -> list[str]:
    """Return the command lines of living processes whose command or environment holds a word, each with its pid."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _lives(entry):
            with suppress(OSError):
                command, environment = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
                if word.encode() in command + environment:
                    found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode(errors='replace')[:200]}")
    return found


def _lives(entry: Path) -> bool:
    with suppress(OSError):
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False
