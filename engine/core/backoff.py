"""When to try again, as data: pure functions of how often it was tried."""

from __future__ import annotations

#: Seconds before callback attempts 2, 3, …; the last one repeats. The quick ones fall inside the evaluator's deadline.
NOTIFY = (1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200)

#: The longest `Retry-After` of an evaluator that is honoured, in seconds: a mistaken year must not end the trying.
LONGEST_RETRY_AFTER = 7200.0


def notify_delay(attempts: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait after `attempts` (at least 1) undelivered callbacks."""
    planned = float(NOTIFY[min(attempts, len(NOTIFY)) - 1])
    return max(planned, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def transient_delay(failures: int) -> float:
    """Return the seconds to wait after `failures` (at least 1) passing failures of a step in a row: 1, 2, 4 … at most 30."""
    return float(min(2 ** (failures - 1), 30))


def poll_delay(seconds_since_publish: float) -> float:
    """Return the seconds until the next look at Pages: 3 s at first, growing to 15 s."""
    return min(max(3.0, seconds_since_publish / 8), 15.0)
