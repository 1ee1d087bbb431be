"""Writes a worksheet's cells as CSV.

Numbers have at most the 15 significant digits of a spreadsheet: 0.1 + 0.2, stored as 0.30000000000000004, is 0.3
(https://learn.microsoft.com/office/troubleshoot/excel/floating-point-arithmetic-inaccurate-result). Whole numbers have
no `.0`, no exponent below 10^21, and all of their digits up to 2^53, where they are exact. Dates are ISO 8601. If one
date of a column has a time, all of its dates have one, so that midnight does not look like another type.
"""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXACT = 2**53
_DIGITS = 15
_QUOTED = re.compile(r'[",\r\n]')


def cell_text(value: object, *, timed: bool = False) -> str:
    """Return a cell's text in CSV: TRUE or FALSE, an ISO date, a number, the text itself, or "" for an empty cell.

    With `timed`, a date at midnight has its time too.
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(value)
        case datetime.timedelta():
            return _duration(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            return _moment(value, timed=timed)
        case _:
            return str(value)


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV with LF; fields are quoted only if they must be (https://www.rfc-editor.org/rfc/rfc4180)."""
    timed = {at for row in rows for at, value in enumerate(row) if _has_time(value)}
    return "".join(
        ",".join(_field(cell_text(value, timed=at in timed)) for at, value in enumerate(row)) + "\n" for row in rows
    )


def _has_time(value: object) -> bool:
    return isinstance(value, datetime.datetime) and value.time() != datetime.time()


def _field(text: str) -> str:
    # The csv module does not quote a lone CR if lines end with LF.
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ""
    if value == int(value) and abs(value) <= _EXACT:
        return str(int(value))
    rounded = Decimal(f"{value:.{_DIGITS}g}").normalize()
    return format(rounded, "f") if -20 < rounded.adjusted() < 21 else str(rounded)


def _moment(value: datetime.date | datetime.time, *, timed: bool) -> str:
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.datetime) and _has_time(value):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return f"{value:%Y-%m-%d}T00:00:00" if timed else f"{value:%Y-%m-%d}"


def _duration(value: datetime.timedelta) -> str:
    """Return hours, minutes and seconds; the hours may exceed 24."""
    sign = "-" if value < datetime.timedelta() else ""
    seconds = round(abs(value).total_seconds())
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
