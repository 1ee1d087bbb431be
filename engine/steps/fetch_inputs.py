"""Fetches attachments and data from their addresses, and reads workbooks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.checks.gates import secret_line
from engine.domain.brief import AttachedFile, MissingFile, Source
from engine.domain.lifecycle import Step
from engine.errors import EngineError, LeaseLost, Permanent
from engine.inputs.attachments import fault
from engine.inputs.downloads import LARGEST_DATA, PAGE_FILES, NoDataError, as_file, file_name, full_media_type_of
from engine.inputs.missing_data import missing_sentence
from engine.inputs.workbooks import is_workbook, outline
from engine.plan.schema import FileSource
from engine.prompts.form import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from engine.domain.brief import Brief
    from engine.domain.workbook import Sheet
    from engine.plan.schema import DataAddress, PlannedFile, RequestPlan
    from engine.ports import Ports
    from engine.steps.contracts import GenerateInput

#: The limits of one fetched attachment, in bytes, and of one fetch, in seconds.
LARGEST_FETCHED = 5_000_000
FETCH_SECONDS = 15.0

#: The seconds for all addresses of a plan, and the part of generate's remaining share that they may take: the model
#: needs the rest.
MOST_FETCHING = 40.0
FETCHING_PART = 0.25
WORKBOOK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class FetchedInputs:
    """The brief with all available files, and the missing files."""

    brief: Brief
    missing: tuple[MissingFile, ...]


def fetch_attachments(task: GenerateInput, ports: Ports) -> FetchedInputs:
    """Return the brief with every attachment that could be fetched. Each is stored before the next, for a replay."""
    files_or_gaps = [*_attachments(task, ports)]
    fetched = [one for one in files_or_gaps if isinstance(one, AttachedFile)]
    files = [_with_note(file, ports) for file in (*task.brief.attachments, *fetched)]
    return _with_files(task.brief, files, [one for one in files_or_gaps if isinstance(one, MissingFile)], ports)


def fetch_planned(
    inputs: FetchedInputs, plan: RequestPlan, task: GenerateInput, present: Collection[str], ports: Ports
) -> FetchedInputs:
    """Add the plan's data and converted tables to the inputs. A missing file is a warning and not a failure."""
    brief = inputs.brief
    files_or_gaps = [*_data(brief, plan, task, present, ports), *_tables(brief.attachments, plan, ports)]
    files = [*brief.attachments, *(one for one in files_or_gaps if isinstance(one, AttachedFile))]
    further = _with_files(brief, files, [one for one in files_or_gaps if isinstance(one, MissingFile)], ports)
    return replace(further, missing=(*inputs.missing, *further.missing))


def sheets_of(books: Iterable[AttachedFile], ports: Ports) -> dict[tuple[str, str], bytes]:
    """Return workbooks' sheets as CSV, by workbook and sheet name; the name "" means the first sheet."""
    found: dict[tuple[str, str], bytes] = {}
    for book in books:
        sheets = _read(book, ports)
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


def _attachments(task: GenerateInput, ports: Ports) -> Iterator[AttachedFile | MissingFile]:
    """Fetch the attachments that are given by address."""
    for name, url in task.unfetched:
        try:
            answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_FETCHED)
        except LeaseLost:
            raise
        except EngineError as error:
            yield MissingFile(name, error.message, url=url)
            continue
        if answer.status != 200 or answer.truncated:
            why = f"more than {LARGEST_FETCHED} bytes" if answer.truncated else f"HTTP {answer.status}"
            yield MissingFile(name, why, url=url)
            continue
        yield _stored(AttachedFile(name, full_media_type_of(answer), answer.body, url=url), ports)


def _data(
    brief: Brief, plan: RequestPlan, task: GenerateInput, present: Collection[str], ports: Ports
) -> Iterator[AttachedFile | MissingFile]:
    """Fetch the plan's data, except what an earlier claim fetched."""
    known = {file.url for file in brief.attachments}
    taken = _reserved_names(brief, plan, task, present)
    ends = _fetching_ends(task, ports)
    for address in plan.data:
        if address.url not in known:
            fetched = _fetched(address, task, taken, ends, ports)
            yield fetched
            taken.append(fetched.name)


def _fetching_ends(task: GenerateInput, ports: Ports) -> tuple[datetime, float]:
    """Return the start of the time for fetching, and its length in seconds."""
    now = ports.clock.now()
    left = (task.access.budget.share_ends(Step.GENERATE) - now).total_seconds()
    return now, max(0.0, min(MOST_FETCHING, left * FETCHING_PART))


def _fetched(
    address: DataAddress, task: GenerateInput, taken: Collection[str], ends: tuple[datetime, float], ports: Ports
) -> AttachedFile | MissingFile:
    """Return the file from an address, or the reason why there is none."""
    now = ports.clock.now()
    seconds = min(FETCH_SECONDS, ends[1] - (now - ends[0]).total_seconds())
    try:
        if seconds < 1:
            raise NoDataError("no time was left for it")  # noqa: TRY301
        answer = ports.fetcher.fetch(address.url, seconds=seconds, max_bytes=LARGEST_DATA)
        file = as_file(answer, address.url, address.name, taken, now=now, live=address.at_run_time)
        if found := secret_line(file.content, task.secret_in):
            raise NoDataError(f"its answer holds the value of {found[0]} and is not published")  # noqa: TRY301
    except LeaseLost:
        raise
    except EngineError as error:
        why = error.message.rstrip(".")
    except NoDataError as error:
        why = str(error)
    else:
        return _stored(file, ports)
    return MissingFile(file_name(address.url, address.name, "json", taken), why, Source.ADDRESS, address.url)


def _tables(files: Sequence[AttachedFile], plan: RequestPlan, ports: Ports) -> Iterator[AttachedFile | MissingFile]:
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
            read[book.name] = _read(book, ports)
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


def _read(file: AttachedFile, ports: Ports) -> tuple[Sheet, ...] | str:
    """Return a workbook's sheets, or a sentence on why there are none."""
    if ports.workbooks is None:
        return f"{file.name} is a workbook."
    try:
        book = ports.workbooks.read(file.content, seconds=WORKBOOK_SECONDS)
    except Permanent as error:
        return f"{file.name} cannot be read as a workbook: {error.message}."
    for warning in book.warnings:
        ports.journal.warn(f"{file.name}: {warning}.")
    return book.sheets


def _with_note(file: AttachedFile, ports: Ports) -> AttachedFile:
    """Return a workbook with its description as `note`; other files as they are."""
    if file.note or ports.workbooks is None or not is_workbook(file):
        return file
    found = _read(file, ports)
    if isinstance(found, str):
        ports.journal.warn(found)
        return _stored(replace(file, note=found), ports)
    return _stored(replace(file, note=outline(found)), ports)


def _reserved_names(brief: Brief, plan: RequestPlan, task: GenerateInput, present: Collection[str]) -> list[str]:
    """Return the names that a fetched file must not get: attachments, pages, and files that a model writes."""
    attached = [*(file.name for file in brief.attachments), *(name for name, _ in task.unfetched)]
    own = [path for path in present if path not in task.earlier.own_files]
    written = [one.path for one in plan.files if one.source in WRITTEN]
    return list(dict.fromkeys([*attached, *PAGE_FILES, *own, *written]))


def _stored(file: AttachedFile, ports: Ports) -> AttachedFile:
    ports.journal.file_kept(file)
    return file
