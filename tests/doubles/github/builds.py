"""Pages builds by age: queued, building, built or errored, and which commit is live meanwhile.

A build that is overtaken by the next stays as it was then for ever; what GitHub's list says of one is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Build:
    """One build.

    `outcome`: "" (built), errored, never, superseded. `stale`: so long after it the CDN serves old bytes on plain
    addresses.
    """

    id: int
    commit: str
    began: float
    seconds: float
    outcome: str
    message: str
    stale: float
    overtaken: float | None = None

    def status(self, now: float) -> str:
        """Return the status at a time, by age."""
        age = (min(now, self.overtaken) if self.overtaken is not None else now) - self.began
        if age < self.seconds / 3:
            return "queued"
        if age < self.seconds or self.outcome == "never":
            return "building"
        return "errored" if self.outcome == "errored" else "built"

    def finished(self) -> float:
        return self.began + self.seconds


class Builds:
    """A repository's builds, oldest first."""

    _last_id = 9_000_000_000  # more than 32 bits hold, as GitHub's are

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.all: list[Build] = []

    def begin(self, commit: str, seconds: float, outcome: str, message: str, *, stale: float) -> None:
        """Start a build; one that is under way is overtaken."""
        now = self.now()
        for build in self.all:
            if build.overtaken is None and build.status(now) in ("queued", "building"):
                build.overtaken = now
        Builds._last_id += 1
        self.all.append(Build(Builds._last_id, commit, now, seconds, outcome, message, stale))

    def status(self, build: Build) -> str:
        return build.status(self.now())

    def live(self, *, plain: bool) -> str | None:
        """Return the commit that is served; at a `plain` address, the one before it while the CDN has not noticed."""
        now = self.now()
        built = [build for build in self.all if build.status(now) == "built"]
        if plain and built and now < built[-1].finished() + built[-1].stale:
            built.pop()
        return built[-1].commit if built else None
