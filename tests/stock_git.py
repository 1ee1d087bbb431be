"""The machine's own git, for tests of what speaks to git: without anybody's configuration, never asking a person."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.parts.program import program

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder; `environment` adds variables or replaces ours."""
    people = {f"GIT_{role}_{what}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        [program("git", package="git"), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **alone, **people, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
