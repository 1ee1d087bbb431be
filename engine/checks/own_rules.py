"""Our own rules on every published repository: index.html, LICENSE and README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.site import repository_files
from engine.site.readme import missing_readme_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_BROWSER = "this machine runs no check browser (BROWSERS=0): set BROWSERS to 1 or more"


def own_results(files: Mapping[str, bytes]) -> list[CheckOutcome]:
    """Return one result for each of our own rules."""
    return [_page(files), _mit(files), _readme(files)]


def acceptable(results: list[CheckOutcome]) -> bool:
    """Say whether all our own rules hold, so that a tree may be published as the app."""
    return all(r.verdict is Verdict.PASS for r in results if r.check.kind is Kind.RULE)


def _rule(text: str, holds: bool, detail: str) -> CheckOutcome:
    return CheckOutcome(
        Check(Kind.RULE, text), Target.LOCAL, Verdict.PASS if holds else Verdict.FAIL, "" if holds else detail
    )


def _page(files: Mapping[str, bytes]) -> CheckOutcome:
    page = files.get("index.html", b"")
    return _rule(
        "index.html is a page",
        repository_files.is_html(page),
        "index.html is missing" if not page.strip() else "index.html holds no HTML",
    )


def _mit(files: Mapping[str, bytes]) -> CheckOutcome:
    licence = files.get("LICENSE", b"").decode("utf-8", "replace")
    return _rule("LICENSE is MIT", repository_files.is_mit(licence), "LICENSE is missing or is not the MIT licence")


def _readme(files: Mapping[str, bytes]) -> CheckOutcome:
    if "README.md" not in files:
        return _rule("README.md has its five parts", False, "README.md is missing")
    missing = missing_readme_parts(files["README.md"].decode("utf-8", "replace"))
    return _rule("README.md has its five parts", not missing, f"no heading for {', '.join(missing)}")
