"""Fetches attachments and data from their addresses, and reads workbooks."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from engine.checks.gates import secret_line
from engine.domain.brief import AttachedFile, MissingFile, Source
from engine.domain.lifecycle import Step
from engine.errors import EngineError, LeaseLost, Permanent, Transient
from engine.inputs.attachments import fault
from engine.inputs.downloads import (
    CORS_REFUSED,
    LARGEST_DATA,
    PAGE_FILES,
    NoDataError,
    as_file,
    browser_problem,
    file_name,
    full_media_type_of,
)
from engine.inputs.missing_data import missing_sentence
from engine.inputs.reading_code import ADVICE, MOST_READ, RESULTS, reading_codes, reading_script, with_advice
from engine.inputs.workbooks import is_workbook, outline
from engine.plan.schema import FileSource
from engine.prompts.form import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from engine.domain.brief import Brief
    from engine.domain.http import Answer
    from engine.domain.workbook import Sheet
    from engine.inputs.reading_code import ReadingCode
    from engine.plan.schema import DataAddress, PlannedFile, RequestPlan
    from engine.ports import Ports
    from engine.steps.contracts import GenerateInput

#: The limit of all fetched files of a round, in bytes; LARGEST_DATA is that of one. GitHub refuses files over 100 MB.
MOST_FETCHED = 40_000_000
TOO_MUCH = f"the files fetched for this round would be more than {MOST_FETCHED:,} bytes in all"

#: The seconds of one fetch, of all attachments or of all data together, and the part of generate's remaining share that
#: they may take: the model needs the rest.
FETCH_SECONDS = 30.0
MOST_FETCHING = 40.0
FETCHING_PART = 0.25
AT_ONCE = 6
NO_TIME = "no time was left for it"
FORBIDDEN = 403

#: The seconds of one workbook. All of a round, one after the other, may take as long as all fetches.
WORKBOOK_SECONDS = 30.0
LEAST_READING = 5.0

#: The seconds in which a browser runs the code that reads odd files, and in which one must become free.
READING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class FetchedInputs:
    """The brief with all available files, and the missing files."""

    brief: Brief
    missing: tuple[MissingFile, ...]


@contextmanager
def attachments_under_way(task: GenerateInput, ports: Ports) -> Iterator[Fetches]:
    """Fetch the attachments that are given by address while the block does something else."""
    with _under_way([url for _, url in task.unfetched], task, ports, least=FETCH_SECONDS) as fetches:
        yield fetches


def with_attachments(fetches: Fetches, task: GenerateInput, ports: Ports) -> FetchedInputs:
    """Return the brief with every attachment that could be fetched. Each is stored before the next, for a replay."""
    files_or_gaps = [*_attachments(fetches, task, ports)]
    fetched = [one for one in files_or_gaps if isinstance(one, AttachedFile)]
    reading = WorkbookReading(ports, _seconds_for_all(task, ports, least=LEAST_READING))
    files = [_with_note(file, reading, ports) for file in (*task.brief.attachments, *fetched)]
    inputs = _with_files(task.brief, files, [one for one in files_or_gaps if isinstance(one, MissingFile)], ports)
    return replace(inputs, missing=(*task.unreadable, *inputs.missing))  # the intake has warned of these


def fetch_planned(
    inputs: FetchedInputs, plan: RequestPlan, task: GenerateInput, present: Collection[str], ports: Ports
) -> FetchedInputs:
    """Add the plan's data and converted tables to the inputs. A missing file is a warning and not a failure."""
    brief = inputs.brief
    reading = WorkbookReading(ports, _seconds_for_all(task, ports, least=LEAST_READING))
    files_or_gaps = [*_data(brief, plan, task, present, ports), *_tables(brief.attachments, plan, reading, ports)]
    files = [*brief.attachments, *(one for one in files_or_gaps if isinstance(one, AttachedFile))]
    further = _with_files(brief, files, [one for one in files_or_gaps if isinstance(one, MissingFile)], ports)
    advised = tuple(_with_advice(further.brief.attachments, task, ports))
    return FetchedInputs(replace(further.brief, attachments=advised), (*inputs.missing, *further.missing))


def sheets_of(books: Iterable[AttachedFile], ports: Ports, *, seconds: float) -> dict[tuple[str, str], bytes]:
    """Return workbooks' sheets as CSV, by workbook and sheet name; the name "" means the first sheet.

    `seconds` are for all workbooks together.
    """
    found: dict[tuple[str, str], bytes] = {}
    reading = WorkbookReading(ports, seconds)
    for book in books:
        sheets = reading.read(book)
        for sheet in () if isinstance(sheets, str) else sheets:
            found.setdefault((book.name, ""), sheet.csv)
            found[book.name, sheet.name] = sheet.csv
    return found


def _with_files(
    brief: Brief, files: Sequence[AttachedFile], missing: Sequence[MissingFile], ports: Ports
) -> FetchedInputs:
    for one in missing:
        ports.journal.file_missed(one)
        ports.journal.warn(missing_sentence(one))
    for warning in filter(None, map(fault, files)):
        ports.journal.warn(warning)
    return FetchedInputs(replace(brief, attachments=tuple(files)), tuple(missing))


@dataclass(frozen=True, slots=True)
class Fetches:
    """The answers of several addresses, some of them still under way. `seconds` are left for all of them."""

    ports: Ports
    answers: Mapping[str, Future[Answer]]
    ends: datetime

    def answer(self, url: str) -> Answer:
        """Return the answer of one address. Raises EngineError, also if the time for all of them is over."""
        left = (self.ends - self.ports.clock.now()).total_seconds()
        try:
            return self.answers[url].result(max(left, 0.0))
        except (KeyError, TimeoutError):
            raise Transient("timed_out", NO_TIME) from None


def _seconds_for_all(task: GenerateInput, ports: Ports, *, least: float) -> float:
    """Return the seconds for all fetches, or for all workbooks, that start now."""
    share = (task.access.budget.share_ends(Step.GENERATE) - ports.clock.now()).total_seconds() * FETCHING_PART
    return max(least, min(MOST_FETCHING, share))


@contextmanager
def _under_way(
    urls: Sequence[str], task: GenerateInput, ports: Ports, *, least: float = 0.0, origin: str = ""
) -> Iterator[Fetches]:
    """Fetch addresses in threads while the block runs, for `least` seconds or more. At its end no thread is left.

    The threads only use the fetcher. Rows are written by the caller's thread, so that a lost lease ends the step.
    """
    in_all = _seconds_for_all(task, ports, least=least)
    stops = monotonic() + in_all
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
    try:

        def fetch(url: str) -> Answer:
            answer = ports.fetcher.fetch(url, seconds=left(), max_bytes=LARGEST_DATA, origin=origin)
            if answer.status != FORBIDDEN or not origin:
                return answer
            # Some servers refuse foreign origins in place of leaving that to the browser.
            return ports.fetcher.fetch(url, seconds=left(), max_bytes=LARGEST_DATA)

        def left() -> float:
            """Return the seconds for a fetch that starts now, so that the last one ends with the time for all."""
            seconds = min(FETCH_SECONDS, stops - monotonic())
            if seconds <= 0:
                raise Transient("timed_out", NO_TIME)
            return seconds

        asked = dict.fromkeys(urls) if in_all >= 1 else {}
        ends = ports.clock.now() + timedelta(seconds=in_all)
        yield Fetches(ports, {url: pool.submit(fetch, url) for url in asked}, ends)
    finally:
        pool.shutdown(cancel_futures=True)


def _attachments(fetches: Fetches, task: GenerateInput, ports: Ports) -> Iterator[AttachedFile | MissingFile]:
    """Return the attachments that are given by address, as they came."""
    size = 0
    for name, url in task.unfetched:
        try:
            answer = fetches.answer(url)
        except LeaseLost:
            raise
        except EngineError as error:
            yield MissingFile(name, error.message, url=url)
            continue
        size += len(answer.body)
        if why := _attachment_problem(answer, size):
            yield MissingFile(name, why, url=url)
            continue
        yield _stored(AttachedFile(name, full_media_type_of(answer), answer.body, url=url), ports)


def _attachment_problem(answer: Answer, size: int) -> str:
    """Return why an answer is not the attachment, "" if it is. `size` counts the bytes fetched so far."""
    if answer.status != 200:
        return f"HTTP {answer.status}"
    if answer.truncated:
        return f"more than {LARGEST_DATA:,} bytes"
    return TOO_MUCH if size > MOST_FETCHED else ""


def _data(
    brief: Brief, plan: RequestPlan, task: GenerateInput, present: Collection[str], ports: Ports
) -> Iterator[AttachedFile | MissingFile]:
    """Fetch the plan's data, except what an earlier claim fetched."""
    known = {file.url for file in brief.attachments}
    taken = _reserved_names(brief, plan, task, present)
    size = sum(len(file.content) for file in brief.attachments if file.url)
    addresses = [address for address in plan.data if address.url not in known]
    with _under_way([address.url for address in addresses], task, ports, origin=task.pages_origin) as fetches:
        for address in addresses:
            fetched = _fetched(address, fetches, task, taken, MOST_FETCHED - size)
            if isinstance(fetched, AttachedFile):
                _stored(fetched, ports)
                size += len(fetched.content)
                _warn_of_refusal(address, fetched, ports)
            yield fetched
            taken.append(fetched.name)


def _fetched(
    address: DataAddress, fetches: Fetches, task: GenerateInput, taken: Collection[str], room: int
) -> AttachedFile | MissingFile:
    """Return the file from an address, or the reason why there is none. `room`: the bytes that it may have."""
    try:
        answer = fetches.answer(address.url)
        cors = browser_problem(answer, address.url, task.pages_origin)
        now = fetches.ports.clock.now()
        file = as_file(answer, address.url, address.name, taken, now=now, live=address.at_run_time, cors=cors)
        if len(file.content) > room:
            raise NoDataError(TOO_MUCH)  # noqa: TRY301
        if found := secret_line(file.content, task.secret_in):
            raise NoDataError(f"its answer holds the value of {found[0]} and is not published")  # noqa: TRY301
    except LeaseLost:
        raise
    except EngineError as error:
        why = error.message.rstrip(".")
    except NoDataError as error:
        why = str(error)
    else:
        return file
    return MissingFile(file_name(address.url, address.name, "json", taken), why, Source.ADDRESS, address.url)


def _warn_of_refusal(address: DataAddress, file: AttachedFile, ports: Ports) -> None:
    if address.at_run_time and CORS_REFUSED in file.note:
        ports.journal.warn(f"{address.url}: {CORS_REFUSED}, so the page needs a proxy to ask it.")


def _tables(
    files: Sequence[AttachedFile], plan: RequestPlan, reading: WorkbookReading, ports: Ports
) -> Iterator[AttachedFile | MissingFile]:
    """Make the plan's converted CSV files from workbooks."""
    there = {file.name for file in files}
    wanted = [one for one in plan.files if one.source is FileSource.CONVERTED and one.path not in there]
    books = {file.name: file for file in files if is_workbook(file)}
    read: dict[str, tuple[Sheet, ...] | str] = {}
    for planned in wanted:
        book = books.get(planned.origin)
        if book is None:
            yield MissingFile(planned.path, f"there is no workbook {planned.origin}", Source.WORKBOOK)
            continue
        if book.name not in read:
            read[book.name] = reading.read(book)
        yield _table(planned, book, read, ports)


def _table(
    planned: PlannedFile, book: AttachedFile, read: Mapping[str, tuple[Sheet, ...] | str], ports: Ports
) -> AttachedFile | MissingFile:
    sheets = read[book.name]
    if isinstance(sheets, str):
        return MissingFile(planned.path, sheets.rstrip("."), Source.WORKBOOK)
    named = [sheet for sheet in sheets if sheet.name.casefold() == planned.sheet.casefold()]
    if not sheets or (planned.sheet and not named):
        return MissingFile(planned.path, f"{book.name} has no sheet {planned.sheet!r}", Source.WORKBOOK)
    sheet = named[0] if named else sheets[0]
    which = f", sheet {sheet.name!r}" if len(sheets) > 1 else ""
    note = f"Made by the service out of {book.name}{which}: the exact values. It is there already; do not write it."
    return _stored(AttachedFile(planned.path, "text/csv", sheet.csv, Source.WORKBOOK, note=note), ports)


class WorkbookReading:
    """Reads workbooks one after the other, in at most `seconds` for all of them."""

    def __init__(self, ports: Ports, seconds: float) -> None:
        self._ports, self._stops = ports, monotonic() + seconds

    def read(self, file: AttachedFile) -> tuple[Sheet, ...] | str:
        """Return a workbook's sheets, or a sentence on why there are none."""
        if self._ports.workbooks is None:
            return f"{file.name} is a workbook."
        seconds = min(WORKBOOK_SECONDS, self._stops - monotonic())
        if seconds <= 0:
            return f"{file.name} was not read: the time for the workbooks of this round was over."
        try:
            book = self._ports.workbooks.read(file.content, seconds=seconds)
        except Permanent as error:
            return f"{file.name} cannot be read as a workbook: {error.message}."
        for warning in book.warnings:
            self._ports.journal.warn(f"{file.name}: {warning}.")
        return book.sheets


def _with_note(file: AttachedFile, reading: WorkbookReading, ports: Ports) -> AttachedFile:
    """Return a workbook with its description as `note`; other files as they are."""
    if file.note or ports.workbooks is None or not is_workbook(file):
        return file
    found = reading.read(file)
    if isinstance(found, str):
        ports.journal.warn(found)
        return _stored(replace(file, note=found), ports)
    return _stored(replace(file, note=outline(found)), ports)


def _with_advice(files: Sequence[AttachedFile], task: GenerateInput, ports: Ports) -> Iterator[AttachedFile]:
    """Yield the files; those that ordinary code reads wrongly with code in their note that a browser ran on them.

    One browser is started for all of them. There is no advice without a browser, without time for one, while other
    rounds wait, and in a step that has died again and again.
    """
    budget = task.access.budget
    left = (budget.share_ends(Step.GENERATE) - ports.clock.now()).total_seconds() * FETCHING_PART
    is_short = left < READING_SECONDS or budget.reduced_until is not None or task.access.given_up
    codes = _reading_codes(files) if ports.browser and task.computes and not is_short else {}
    results: Mapping[str, object] = {}
    if codes and ports.browser:
        contents = {file.name: base64.b64encode(file.content) for file in files if file.name in codes}
        seconds = min(left, READING_SECONDS)
        computed = ports.browser.compute(reading_script(codes), contents, seconds=seconds, wait=seconds)
        with suppress(KeyError, ValueError):
            results = json.loads(computed.files[RESULTS])
    for file in files:
        advised = with_advice(file, codes.get(file.name, ()), results)
        yield advised if advised is file else _stored(advised, ports)


def _reading_codes(files: Sequence[AttachedFile]) -> dict[str, list[ReadingCode]]:
    """Return the code for the files that need some and have none yet, while their size allows it."""
    found: dict[str, list[ReadingCode]] = {}
    size = 0
    for file in files:
        if ADVICE not in file.note and (codes := reading_codes(file)):
            size += len(file.content)
            if size > MOST_READ:
                break
            found[file.name] = codes
    return found


def _reserved_names(brief: Brief, plan: RequestPlan, task: GenerateInput, present: Collection[str]) -> list[str]:
    """Return the names that a fetched file must not get: attachments, pages, and files that a model writes."""
    attached = [*(file.name for file in brief.attachments), *(name for name, _ in task.unfetched)]
    own = [path for path in present if path not in task.earlier.own_files]
    written = [one.path for one in plan.files if one.source in WRITTEN]
    return list(dict.fromkeys([*attached, *PAGE_FILES, *own, *written]))


def _stored(file: AttachedFile, ports: Ports) -> AttachedFile:
    ports.journal.file_kept(file)
    return file
