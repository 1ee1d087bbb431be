"""Measures a pack before git's library reads it, because a small one can unpack to any size.

https://git-scm.com/docs/gitformat-pack
"""

from __future__ import annotations

import mmap
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tasks_app.rehearsal.judging.observed import NotLookedAt, TooLargeToJudge

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 16 * 1024  # bytes that are inflated at once; at most four times as many come out
_OFS_DELTA, _REF_DELTA = 6, 7
_TRAILER = 20
_WHOLE_COPY = 0x10000  # bytes of a copy whose size is written as 0


@dataclass(frozen=True, slots=True)
class CloneLimits:
    """What a repository may take: bytes of its pack, of all objects unpacked, of one object; objects, refs, seconds."""

    pack_bytes: int = 200_000_000
    unpacked_bytes: int = 600_000_000
    object_bytes: int = 100_000_000
    objects: int = 50_000
    refs: int = 5_000
    seconds: float = 120.0


def measure(file: BinaryIO, limits: CloneLimits, ends: float) -> None:
    """Raise NotLookedAt if a pack is damaged, exceeds a limit or takes longer than until `ends` (monotonic)."""
    size = file.seek(0, 2)
    if size < 12 + _TRAILER:
        raise _damaged()
    with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as pack:
        count = int.from_bytes(pack[8:12])
        if pack[:4] != b"PACK" or count * 2 > size:
            raise _damaged()
        if count > limits.objects:
            raise TooLargeToJudge(f"{count} objects, more than {limits.objects}")
        at, total = 12, 0
        for _ in range(count):
            if time.monotonic() > ends:
                raise NotLookedAt(0.0, "the repository could not be read in time")
            unpacked, at = _object(pack, at, limits)
            total += unpacked
            if total > limits.unpacked_bytes:
                raise TooLargeToJudge(f"more than {_megabytes(limits.unpacked_bytes)} unpacked")


def _object(pack: mmap.mmap, at: int, limits: CloneLimits) -> tuple[int, int]:
    """Return an object's size when unpacked and where the next one begins."""
    kind, declared, at = _header(pack, at)
    if declared > limits.object_bytes:
        raise TooLargeToJudge(f"an object of {_megabytes(declared)}")
    if kind == _OFS_DELTA:
        while _byte(pack, at) & 0x80:
            at += 1
        at += 1
    elif kind == _REF_DELTA:
        at += 20
    is_delta = kind in {_OFS_DELTA, _REF_DELTA}
    content, at = _inflated(pack, at, declared, keep=is_delta)
    return (_delta_target(content, limits) if is_delta else declared), at


def _header(pack: mmap.mmap, at: int) -> tuple[int, int, int]:
    byte = _byte(pack, at)
    kind, size, shift, at = (byte >> 4) & 7, byte & 0x0F, 4, at + 1
    while byte & 0x80:
        byte = _byte(pack, at)
        size |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if shift > 64:
            raise _damaged()
    return kind, size, at


def _byte(pack: mmap.mmap, at: int) -> int:
    if at >= len(pack):
        raise _damaged()
    return pack[at]


def _inflated(pack: mmap.mmap, at: int, declared: int, *, keep: bool) -> tuple[bytes, int]:
    inflater, kept, length = zlib.decompressobj(), bytearray(), 0
    while not inflater.eof:
        piece = pack[at : at + _PIECE]
        if not piece:
            raise _damaged()
        try:
            data = inflater.decompress(piece, 4 * _PIECE)
        except zlib.error:
            raise _damaged() from None
        at += len(piece) - len(inflater.unused_data or inflater.unconsumed_tail)
        length += len(data)
        if length > declared:
            raise _damaged()
        if keep:
            kept += data
    return bytes(kept), at


def _delta_target(delta: bytes, limits: CloneLimits) -> int:
    """Return the size of what a delta makes, by its instructions and not by what it declares."""
    steps = iter(delta)
    try:
        _size(steps)
        _size(steps)
        total = 0
        for step in steps:
            total += _step(step, steps)
            if total > limits.object_bytes:
                raise TooLargeToJudge(f"an object of more than {_megabytes(limits.object_bytes)}")
    except StopIteration:
        raise _damaged() from None
    return total


def _size(steps: Iterator[int]) -> None:
    while next(steps) & 0x80:
        pass


def _step(step: int, steps: Iterator[int]) -> int:
    """Read one instruction, which begins with the byte `step`; return the bytes that it makes."""
    if not step & 0x80:
        for _ in range(step):
            next(steps)
        return step
    for bit in (1, 2, 4, 8):
        if step & bit:
            next(steps)
    size = 0
    for bit, shift in ((0x10, 0), (0x20, 8), (0x40, 16)):
        if step & bit:
            size |= next(steps) << shift
    return size or _WHOLE_COPY


def _damaged() -> NotLookedAt:
    return NotLookedAt(0.0, "the repository's pack is damaged")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
