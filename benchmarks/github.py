"""The double of GitHub as benchmarks use it: in a process of its own, with a build's and a call's seconds, and no pace
of writes."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from tests.doubles.demo import github_double

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks_app.rehearsal.demo import DemoForge

#: Of the service, for a forge that refuses no number of writes.
UNPACED = {"GITHUB_PACED": "0"}


@contextmanager
def double(**settings: Any) -> Iterator[DemoForge]:
    """Run the double until the block ends, with `settings` of its own (tests/doubles/github)."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, github_double(Path(folder)) as found:
        change(found, paced=False, **settings)
        yield found


def change(forge: DemoForge, **settings: Any) -> None:
    """Change its settings."""
    httpx2.post(
        f"{forge.settings['GITHUB_API_URL']}/_double/settings", json=settings, trust_env=False, timeout=30
    ).raise_for_status()


def summary(forge: DemoForge) -> dict[str, Any]:
    """Return what it was asked for."""
    told: dict[str, Any] = httpx2.get(
        f"{forge.settings['GITHUB_API_URL']}/_double/summary", trust_env=False, timeout=30
    ).json()
    return told
