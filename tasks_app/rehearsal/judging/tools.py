"""What judging looks with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from tasks_app import wiring
from tasks_app.rehearsal.judging.history import ScanLimits
from tasks_app.rehearsal.judging.hosting import GitHubAccess
from tasks_app.rehearsal.judging.packs import CloneLimits

if TYPE_CHECKING:
    from engine.adapters.http.guard import GuardedHttp
    from engine.ports import Author, Browser, Scanner


@dataclass(frozen=True, slots=True)
class JudgingTools:
    """The ports and bounds of judging. Without `browser` and `author` what needs them is not decided."""

    http: GuardedHttp
    scanner: Scanner
    browser: Browser | None = None
    author: Author | None = None
    github: GitHubAccess = field(default_factory=GitHubAccess)
    clone: CloneLimits = field(default_factory=CloneLimits)
    scan: ScanLimits = field(default_factory=ScanLimits)
    page_seconds: float = 30.0  # for one file of the page
    page_bytes: int = 20_000_000  # the largest index.html


def judging_tools() -> JudgingTools:
    """Return the tools that the settings name. A simulated model judges nothing."""
    has_model = settings.LLM_PROVIDER == "openai" and bool(settings.LLM_MODELS)
    return JudgingTools(
        http=wiring.http(),
        scanner=wiring.scanner(),
        browser=wiring.browser(),
        author=wiring.author() if has_model else None,
        github=GitHubAccess(settings.GITHUB_API_URL, settings.GITHUB_TOKEN or ""),
    )
