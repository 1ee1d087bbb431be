"""When to try again, as data: pure functions of how often it was tried."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds before callback attempts 2, 3, …; the last one repeats. The quick ones fall inside the evaluator's deadline.
NOTIFY = (1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200)

#: The longest `Retry-After` of an evaluator that is honoured, in seconds: a mistaken year must not end the trying.
LONGEST_RETRY_AFTER = 7200.0


#: The part of GitHub's limits that all looks at Pages together may use, and what it comes to in a minute.
POLLS_SHARE = 0.5
POLLS_A_MINUTE = 900 * POLLS_SHARE

_FIRST = 3.0  # seconds between looks at first

#: As many looks as a round takes while a build of three minutes goes on: those are set aside for each that waits.
LOOKS = 25


def notify_delay(attempts: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait after `attempts` (at least 1) undelivered callbacks."""
    planned = float(NOTIFY[min(attempts, len(NOTIFY)) - 1])
    return max(planned, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def transient_delay(failures: int) -> float:
    """Return the seconds to wait after `failures` (at least 1) passing failures of a step in a row: 1, 2, 4 … at most 30."""
    return float(min(2 ** (failures - 1), 30))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a service's limit: `calls` within the next `seconds`."""

    calls: int
    seconds: float


def poll_delay(seconds_since_publish: float, *, waiting: int = 1, allowance: Allowance | None = None) -> float:
    """Return the seconds until the next look at Pages: 3 s at first, growing to 15 s, longer where `waiting` rounds look at once.

    All looks together keep to half of what GitHub allows: 900 points a minute, of which a GET is one; half of that may be spent at once, so that the
    pages of a burst are seen as soon as they are built. They keep to half of what is left of the hour's calls, once that would not pay for the looks of everybody who waits: rounds wait for minutes and not for the hour, and a look that
    GitHub answers with 304 costs none of it.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    pauses = [min(max(_FIRST, seconds_since_publish / 8), 15.0)]
    if seconds_since_publish >= _FIRST * POLLS_A_MINUTE / 2 / waiting:
        pauses.append(waiting * 60 / POLLS_A_MINUTE)
    if allowance and waiting * LOOKS > allowance.calls * POLLS_SHARE:
        # Nothing left is one call, too few to matter: a look that is refused closes the gate, which keeps the limit for everybody.
        pauses.append(waiting * allowance.seconds / max(allowance.calls * POLLS_SHARE, 1.0))
    return max(pauses)


def watch_delay(seconds_since_publish: float, *, waiting: int = 1, allowance: Allowance | None = None) -> float:
    """Return the same for a page that nobody waits for any more: never under 15 s."""
    return max(poll_delay(seconds_since_publish, waiting=waiting, allowance=allowance), 15.0)
