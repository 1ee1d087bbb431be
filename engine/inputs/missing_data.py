"""Handles data that could not be fetched: the prompt's note about it, and the check that the page names it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.domain.brief import Source
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.inputs.downloads import DATA_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from engine.domain.brief import MissingFile

_DATA = re.compile(rf"\.(?:{'|'.join(DATA_SUFFIXES)}|xlsm|xls|ods)$", re.IGNORECASE)
_NOTICE_WORDS = "missing|unavailable|not available|no data|could not|cannot be|can't be|couldn't|failed"

_EXPRESSION = """\
(() => {
  const label = %s, address = %s, says = /%s/i;
  const shown = [...document.querySelectorAll("body, body *")].some((one) => {
    const text = one.getClientRects().length ? one.innerText || "" : "";
    return text.length < 400 && text.includes(label) && says.test(text);
  });
  const got = performance.getEntriesByType("resource").some((one) => address && one.name.startsWith(address) && \
one.responseStatus === 200);
  return shown || got;
})()"""


@dataclass(frozen=True, slots=True)
class MissingCheck:
    """A check of our own that a page reports missing data. `expression` decides it; `label` is the data's name."""

    check: Check
    expression: Check
    label: str


def missing_sentence(missing: MissingFile) -> str:
    """Return a warning's sentence: the missing file and the reason."""
    match missing.source:
        case Source.ADDRESS:
            return f"{missing.url} could not be read: {missing.why}."
        case Source.WORKBOOK:
            return f"{missing.name} could not be made: {missing.why}."
        case _:
            verb = "fetched" if missing.url else "read"
            return f"The attachment {missing.name} could not be {verb}: {missing.why}"


def missing_note(missing: Sequence[MissingFile], at_run_time: Collection[str] = ()) -> str:
    """Return the prompt's note on missing data. The page requests the addresses `at_run_time` itself in any case."""
    return " ".join(_note(one, asked=one.url in at_run_time) for one in missing)


def missing_checks(missing: Iterable[MissingFile], at_run_time: Collection[str] = ()) -> list[MissingCheck]:
    """Return a check for each missing data file, unless the page requests its address itself.

    A check also passes if the page got the data.
    """
    return [
        MissingCheck(
            Check(Kind.RULE, f"The page says that data is missing: it shows the words {_notice(one)!r}"),
            Check(Kind.RULE, _EXPRESSION % (json.dumps(_label(one)), json.dumps(one.url), _NOTICE_WORDS)),
            _label(one),
        )
        for one in missing
        if _is_data(one) and one.url not in at_run_time
    ]


def missing_result(gap: MissingCheck, result: CheckOutcome, files: Mapping[str, bytes]) -> CheckOutcome:
    """Return the result of such a check. Without a browser it says only whether the files could name the data."""
    check, label = gap.check, gap.label
    if result.verdict is Verdict.INCONCLUSIVE and _only_out_of_reach(label, result.detail):
        # The page requested the missing address itself and does not report the failure.
        return CheckOutcome(check, result.target, Verdict.FAIL, result.detail, result.value, result.milliseconds)
    if result.verdict not in {Verdict.NOT_RUN, Verdict.VACUOUS}:
        return CheckOutcome(check, result.target, result.verdict, result.detail, result.value, result.milliseconds)
    if any(label.encode() in content for path, content in files.items() if path.endswith((".html", ".js", ".mjs"))):
        return CheckOutcome(
            check, Target.LOCAL, Verdict.UNVERIFIABLE, f"no browser looked at the page: {result.detail}"
        )
    return CheckOutcome(check, Target.LOCAL, Verdict.FAIL, f"{label} stands nowhere in the page's files")


def _only_out_of_reach(label: str, detail: str) -> bool:
    """Say whether the check is undecided because of `label`'s host alone. The browser lists hosts as `host (why)`."""
    hosts = re.findall(r"(?:^|\), )([\w.:-]+) \(", detail.partition("out of reach: ")[2])
    return {host.rpartition(":")[0] or host for host in hosts} == {label.rpartition(":")[0] or label}


def _note(one: MissingFile, *, asked: bool) -> str:
    text = missing_sentence(one).rstrip(".") + "."
    if not _is_data(one):
        return text
    if asked:
        return f"{text} The page asks it itself at run time, and says so where it gets no answer. Never invent figures."
    if one.source is Source.ADDRESS:
        return (
            f"{text} The reason may be this service's own network. The page asks the address itself when it is "
            "opened, and where that fails it shows "
            f'"{_notice(one)}" where its figures would stand. Never invent, recall or estimate them.'
        )
    return (
        f'{text} Show on the page: "{_notice(one)}" where its figures would stand. Never invent, recall or estimate '
        "them."
    )


def _notice(one: MissingFile) -> str:
    return f"Data missing: {_label(one)} could not be read."


def _label(one: MissingFile) -> str:
    """Return the data's name on a page: the address's host, or the file's name."""
    if one.source is Source.ADDRESS:
        return urlsplit(one.url).netloc
    return one.name


def _is_data(one: MissingFile) -> bool:
    return one.source is not Source.REQUEST or _DATA.search(one.name) is not None
