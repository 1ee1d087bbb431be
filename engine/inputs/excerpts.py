"""Shows a text in a prompt: a small text whole, else its first and last lines with a note on the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.formats.quantities import counted
from engine.formats.text_encoding import CONTROL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.formats.json_lists import Entries

#: A text of up to this many characters is shown whole if there is room for it.
WHOLE_CHARACTERS = 8_000

_PARTS_CHARACTERS = 2_200
_LEAST_CHARACTERS = 200
_LONG_LINE = 300
_NO_ROOM = "[its content is not shown: there is no room]"


def is_shown_whole(text: str, room: int) -> bool:
    return len(text) <= min(WHOLE_CHARACTERS, room)


def excerpt(text: str, room: int) -> list[str]:
    """Return a text (LF line ends) as lines of about `room` characters, under lines that say which part they are."""
    if not text:
        return ["It is empty."]
    if is_shown_whole(text, room):
        return ["The whole file:", visible(text.removesuffix("\n"))]
    left = min(_PARTS_CHARACTERS, room)
    if left < _LEAST_CHARACTERS:
        return [_NO_ROOM]
    lines = text.removesuffix("\n").split("\n")
    return _lines(lines, left) if len(text) <= _LONG_LINE * len(lines) else _characters(text, left)


def excerpt_of_entries(entries: Entries, room: int) -> list[str]:
    """Return a list's first and last entries as lines of about `room` characters, under lines that say which part."""
    room = min(_PARTS_CHARACTERS, room)
    if room < _LEAST_CHARACTERS:
        return [_NO_ROOM]
    first = _fitting(entries.first, room * 3 // 4)
    behind = min(entries.count - len(first), len(entries.last))
    last = _fitting(entries.last[len(entries.last) - behind :][::-1], room // 4)[::-1]
    omitted = entries.count - len(first) - len(last)
    beside = [entries.beside] if entries.beside else []
    if not omitted:
        return [*beside, f"All of its {entries.of}:", *first, *last]
    return [
        *beside,
        f"Of its {entries.of} the first {len(first):,} and the last {len(last):,} are shown.",
        f"The first {len(first):,}:",
        *first,
        f"[{omitted:,} left out here]",
        f"The last {len(last):,}:",
        *last,
    ]


def visible(text: str) -> str:
    """Replace control characters by visible signs, except tabs and line ends."""
    return CONTROL.sub(lambda found: chr(0x2421 if found[0] == "\x7f" else 0x2400 + ord(found[0])), text)


def _lines(lines: Sequence[str], room: int) -> list[str]:
    """Show the first lines in three quarters of the room and the last lines in the rest."""
    first = _fitting(lines, room * 3 // 4)
    last = _fitting(lines[len(first) :][::-1], room // 4)[::-1]
    omitted = len(lines) - len(first) - len(last)
    if not omitted:
        return ["The whole file:", *first, *last]
    return [
        f"Of its {counted(len(lines), 'line')} the first {len(first):,} and the last {len(last):,} are shown.",
        f"The first {counted(len(first), 'line')}:",
        *first,
        f"[{counted(omitted, 'line')} left out here]",
        *([f"The last {counted(len(last), 'line')}:", *last] if last else []),
    ]


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """Return the first lines that fit, but at least one."""
    fitting: list[str] = []
    for line in lines:
        cut = len(line) - _LONG_LINE
        shown = visible(
            line if cut <= 0 else f"{line[:_LONG_LINE]} [{counted(cut, 'character')} of this line left out]"
        )
        room -= len(shown) + 1
        if room < 0 and fitting:
            break
        fitting.append(shown)
    return fitting


def _characters(text: str, room: int) -> list[str]:
    """Show a text of long lines by its first and last characters."""
    first, last = room * 3 // 4, room // 4
    return [
        f"The first {first:,} characters:",
        visible(text[:first]),
        f"[{len(text) - first - last:,} characters left out here]",
        f"The last {last:,} characters:",
        visible(text[-last:].removesuffix("\n")),
    ]
