"""What a process does before it forks others, so that they go on sharing its memory: a page is copied as soon as one of them writes to it."""

from __future__ import annotations

import ctypes
import gc

#: Bytes: holes are looked for in falling sizes, the smallest that glibc gives out last; what is this near the heap's end is no hole.
_LARGEST, _SMALLEST, _END = 120_000, 24, 8_192
_MOST = 20_000  # holes of a size that are filled


def share() -> None:
    """Leave what is in memory as it is from now on. Call it once all is read that the processes to come will need."""
    gc.collect()
    # A collector that looks at everything again and again would write its marks everywhere.
    # https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
    _fill_holes()


def _fill_holes() -> None:
    """Take, for good, what lies free between what the C library has given out: each process to come would put its own there, here and there.

    That is 2 MB of copied pages for each of them, against less than 1 MB once. glibc only; elsewhere nothing happens.
    https://sourceware.org/glibc/wiki/MallocInternals
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_size_t
    libc.malloc.argtypes, libc.free.argtypes = (ctypes.c_size_t,), (ctypes.c_void_p,)
    libc.malloc_trim(0)
    end = libc.sbrk(0) - _END
    size = _LARGEST
    while size >= _SMALLEST:
        for _ in range(_MOST):
            block = libc.malloc(size)
            if not block or block >= end:
                libc.free(block)
                break
        size = size * 3 // 4 if size > 4096 else size - 16
