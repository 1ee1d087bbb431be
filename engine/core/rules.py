"""Checks that are decided by looking at the files alone: our own rules, and the sentences that are one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core import repository
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.core.file_sentences import file_sentence
from engine.core.file_wishes import sentence_result

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIT_SENTENCE = re.compile(
    r"^(the )?(repo(sitory)?|project|it)?\W*(has|have|contains?|includes?|uses?|is under|must have|should have)?\W*(an? |the )?"
    r"(valid )?mit[- ]licen[cs]e(d)?( file)?( (at|in) (the )?(repo(sitory)?('s)? )?root)?\W*$",
    re.IGNORECASE,
)
_README_SENTENCE = re.compile(
    r"^(the )?(repo(sitory)? (has|contains|includes) )?(an? )?readme(\.md)?( file)?( exists| is present)?\W*$",
    re.IGNORECASE,
)

NO_BROWSER = "this machine runs no check browser (BROWSERS=0)"


def own_results(files: Mapping[str, bytes]) -> list[CheckResult]:
    """Judge the files by our own rules, those that hold for every published repository."""
    return [_page(files), _mit(files), _readme(files)]


def acceptable(results: list[CheckResult]) -> bool:
    """Say whether a tree may be published as the app: every one of our own rules holds."""
    return all(r.verdict is Verdict.PASS for r in results if r.check.kind is Kind.RULE)


def static_result(
    check: Check, files: Mapping[str, bytes], attachments: Mapping[str, bytes] | None = None
) -> CheckResult:
    """Judge one check of the request without a browser; what cannot be decided so is `not_run` or `unverifiable`, never a pass."""
    match check.kind:
        case Kind.JS:
            return CheckResult(check, Target.LOCAL, Verdict.NOT_RUN, NO_BROWSER)
        case Kind.PROSE if _MIT_SENTENCE.match(check.text):
            return _as(check, _mit(files))
        case Kind.PROSE if _README_SENTENCE.match(check.text):
            return _as(check, _readme(files))
        case Kind.PROSE if result := sentence_result(check, files, attachments):
            return result
        case Kind.PROSE if decided := file_sentence(check.text, files):
            return CheckResult(check, Target.LOCAL, Verdict.PASS if decided[0] else Verdict.FAIL, decided[1])
        case Kind.PROSE:
            return CheckResult(check, Target.LOCAL, Verdict.UNVERIFIABLE, "no rule of ours decides this sentence")
        case _:
            return CheckResult(check, Target.LOCAL, Verdict.UNVERIFIABLE, 'neither text nor {"js": …}')


def _as(check: Check, result: CheckResult) -> CheckResult:
    return CheckResult(check, result.target, result.verdict, result.detail)


def _rule(text: str, holds: bool, detail: str) -> CheckResult:
    return CheckResult(
        Check(Kind.RULE, text), Target.LOCAL, Verdict.PASS if holds else Verdict.FAIL, "" if holds else detail
    )


def _page(files: Mapping[str, bytes]) -> CheckResult:
    page = files.get("index.html", b"")
    looks_like_html = (
        re.search(rb"<(!doctype html|html|head|body|script|main|div|h1|p)\b", page, re.IGNORECASE) is not None
    )
    return _rule(
        "index.html is a page",
        looks_like_html,
        "index.html is missing" if not page.strip() else "index.html holds no HTML",
    )


def _mit(files: Mapping[str, bytes]) -> CheckResult:
    licence = files.get("LICENSE", b"").decode("utf-8", "replace")
    return _rule("LICENSE is MIT", repository.is_mit(licence), "LICENSE is missing or is not the MIT licence")


def _readme(files: Mapping[str, bytes]) -> CheckResult:
    if "README.md" not in files:
        return _rule("README.md has its five parts", False, "README.md is missing")
    missing = repository.missing_readme_parts(files["README.md"].decode("utf-8", "replace"))
    return _rule("README.md has its five parts", not missing, f"no heading for {', '.join(missing)}")
