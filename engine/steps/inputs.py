"""Bring together what a page is made from: fetch what is only an address so far, and read the workbooks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.attachments import fault
from engine.core.brief import AttachedFile, MissingFile, Source
from engine.core.checks import Kind
from engine.core.fetched_data import LARGEST_DATA, PAGE_FILES, NoDataError, as_file, file_name, full_media_type_of
from engine.core.gates import secret_line
from engine.core.lifecycle import Step
from engine.core.missing import sentence
from engine.core.named_data import Likelihood, data_addresses, is_live
from engine.core.workbooks import is_workbook, outline, wanted_tables, wants_tables
from engine.errors import EngineError, Fenced, Permanent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from engine.core.brief import Brief
    from engine.core.named_data import DataAddress
    from engine.core.workbooks import WantedTable
    from engine.ports import Ports, Sheet
    from engine.steps.generate import GenerateInput

#: The largest attachment that is fetched from an address, in bytes, and how long one fetch may take, in seconds.
LARGEST_FETCHED = 5_000_000
FETCH_SECONDS = 15.0

#: All addresses of a brief together, in seconds, and which part of what is left of generate's share they may take: the rest is the model's.
MOST_FETCHING = 40.0
FETCHING_PART = 0.25
WORKBOOK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """The brief with all its files, and those that could not be had."""

    brief: Brief
    missing: tuple[MissingFile, ...]


def gather_inputs(task: GenerateInput, present: Collection[str], ports: Ports) -> Inputs:
    """Return the brief with every file that can be had. What is fetched or made is kept at once, so that a replay finds it.

    `present` are the paths of the tree to build on. What cannot be had is a warning and no failure.
    """
    came = [*_attachments(task, ports), *_named(task, present, ports)]
    fetched = [one for one in came if isinstance(one, AttachedFile)]
    files, unmade = _with_tables([*task.brief.attachments, *fetched], task, present, ports)
    missing = (*(one for one in came if isinstance(one, MissingFile)), *unmade)
    for one in missing:
        ports.journal.file_missed(one)
        ports.journal.warn(sentence(one))
    for warning in filter(None, map(fault, files)):
        ports.journal.warn(warning)
    return Inputs(replace(task.brief, attachments=tuple(files)), missing)


def _attachments(task: GenerateInput, ports: Ports) -> Iterator[AttachedFile | MissingFile]:
    """Fetch the attachments that came as addresses."""
    for name, url in task.unfetched:
        try:
            answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_FETCHED)
        except Fenced:
            raise
        except EngineError as error:
            yield MissingFile(name, error.message, url=url)
            continue
        if answer.status != 200 or answer.truncated:
            why = f"more than {LARGEST_FETCHED} bytes" if answer.truncated else f"HTTP {answer.status}"
            yield MissingFile(name, why, url=url)
            continue
        yield _kept(AttachedFile(name, full_media_type_of(answer), answer.body, url=url), ports)


def _named(task: GenerateInput, present: Collection[str], ports: Ports) -> Iterator[AttachedFile | MissingFile]:
    """Fetch the data that the brief or a check names by address and that no earlier claim fetched."""
    brief = task.brief
    attached = [url for _, url in task.unfetched]
    wanted = data_addresses(brief.text, brief.checks, but=(task.evaluation_url, *attached))
    known = {file.url for file in brief.attachments}
    taken = _taken(task, present)
    ends = _fetching_ends(task, ports)
    for address in wanted:
        if address.url in known:
            continue
        came = _fetched(address, task, taken, ends, ports)
        if came is not None:
            yield came
            taken.append(came.name)


def _fetching_ends(task: GenerateInput, ports: Ports) -> tuple[datetime, float]:
    """Return since when, and how many seconds, addresses may be fetched."""
    now = ports.clock.now()
    left = (task.budget.share_ends(Step.GENERATE) - now).total_seconds()
    return now, max(0.0, min(MOST_FETCHING, left * FETCHING_PART))


def _fetched(
    address: DataAddress, task: GenerateInput, taken: Collection[str], ends: tuple[datetime, float], ports: Ports
) -> AttachedFile | MissingFile | None:
    """Return what an address answered; None where nothing says that it should have been data."""
    now = ports.clock.now()
    seconds = min(FETCH_SECONDS, ends[1] - (now - ends[0]).total_seconds())
    try:
        if seconds < 1:
            raise NoDataError("no time was left for it")  # noqa: TRY301
        answer = ports.fetcher.fetch(address.url, seconds=seconds, max_bytes=LARGEST_DATA)
        file = as_file(answer, address, taken, now=now, live=is_live(task.brief.text))
        if found := secret_line(file.content, task.secret_in):
            raise NoDataError(f"its answer holds the value of {found[0]} and is not published")  # noqa: TRY301
    except Fenced:
        raise
    except EngineError as error:
        return _not_had(address, error.message.rstrip("."), taken, page=False)
    except NoDataError as error:
        return _not_had(address, str(error), taken, page=error.is_page)
    return _kept(file, ports)


def _not_had(address: DataAddress, why: str, taken: Collection[str], *, page: bool) -> MissingFile | None:
    least = Likelihood.SHAPED if page else Likelihood.SAID
    if address.likelihood < least:
        return None
    return MissingFile(file_name(address, "json", taken), why, Source.ADDRESS, address.url)


def _with_tables(
    files: list[AttachedFile], task: GenerateInput, present: Collection[str], ports: Ports
) -> tuple[list[AttachedFile], list[MissingFile]]:
    """Describe the workbooks and make the CSV files that the brief wants out of them."""
    books = [file for file in files if is_workbook(file)]
    if not books or ports.workbooks is None:
        return files, []
    texts = [task.brief.text, *(check.text for check in task.brief.checks if check.kind in {Kind.PROSE, Kind.JS})]
    taken = [*(file.name for file in files), *_owned(task, present)]
    names, converting = wants_tables(texts, taken)
    done = any(file.source is Source.WORKBOOK for file in files)
    if all(file.note for file in books) and (done or not (names or converting)):
        return files, []
    read = {file.name: _read(file, ports) for file in books}
    noted = [_noted(file, read.get(file.name), ports) for file in files]
    sheets = {name: found for name, found in read.items() if not isinstance(found, str)}
    tables = wanted_tables(texts, sheets, taken)
    made = [_kept(_as_file(table, sheets), ports) for table in tables]
    return [*noted, *made], _unmade(names, tables, read, asked=bool(names) or converting)


def _read(file: AttachedFile, ports: Ports) -> tuple[Sheet, ...] | str:
    """Return a workbook's sheets, or in a sentence why there are none."""
    if ports.workbooks is None:
        return f"{file.name} is a workbook."
    try:
        book = ports.workbooks.read(file.content, seconds=WORKBOOK_SECONDS)
    except Permanent as error:
        return f"{file.name} cannot be read as a workbook: {error.message}."
    for warning in book.warnings:
        ports.journal.warn(f"{file.name}: {warning}.")
    return book.sheets


def _noted(file: AttachedFile, found: tuple[Sheet, ...] | str | None, ports: Ports) -> AttachedFile:
    """Return a workbook with what a prompt says of it; other files as they are."""
    if found is None:
        return file
    if isinstance(found, str):
        ports.journal.warn(found)
        return _kept(replace(file, note=found), ports)
    return _kept(replace(file, note=outline(found)), ports)


def _as_file(table: WantedTable, sheets: Mapping[str, tuple[Sheet, ...]]) -> AttachedFile:
    which = f", sheet {table.sheet.name!r}" if len(sheets[table.book]) > 1 else ""
    note = f"Made by the service out of {table.book}{which}: the exact values. It is there already; do not write it."
    return AttachedFile(table.name, "text/csv", table.sheet.csv, Source.WORKBOOK, note=note)


def _unmade(
    names: list[str], tables: list[WantedTable], read: Mapping[str, tuple[Sheet, ...] | str], *, asked: bool
) -> list[MissingFile]:
    """Return the wanted files that could not be made, with the first workbook's reason."""
    reasons = [found for found in read.values() if isinstance(found, str)]
    if not asked or not reasons or (tables and len(tables) >= len(names)):
        return []
    made = {table.name for table in tables}
    wanted = names or [
        f"{book.rpartition('.')[0] or book}.csv" for book, found in read.items() if isinstance(found, str)
    ]
    return [MissingFile(name, reasons[0].rstrip("."), Source.WORKBOOK) for name in wanted if name not in made]


def _taken(task: GenerateInput, present: Collection[str]) -> list[str]:
    """Return the names that nothing fetched may take: attachments, pages, what the model wrote; not what earlier rounds fetched."""
    attached = [*(file.name for file in task.brief.attachments), *(name for name, _ in task.unfetched)]
    return list(dict.fromkeys([*attached, *PAGE_FILES, *_owned(task, present)]))


def _owned(task: GenerateInput, present: Collection[str]) -> list[str]:
    return [path for path in present if path not in task.own_before]


def _kept(file: AttachedFile, ports: Ports) -> AttachedFile:
    ports.journal.file_kept(file)
    return file
