"""Delays before the next try. All functions are pure."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds before callback attempts 2, 3, …; the last value repeats. The short delays fit the evaluator's deadline.
NOTIFY = (1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200)

#: The longest `Retry-After` of an evaluator that is obeyed, in seconds: a wrong year must not stop the attempts.
LONGEST_RETRY_AFTER = 7200.0


#: The share of GitHub's limits that all Pages checks together may use, and the calls a minute that it gives.
POLLS_SHARE = 0.5
POLLS_A_MINUTE = 900 * POLLS_SHARE

#: Seconds between the push and the first request for another build of Pages, and between two requests.
REBUILDS = (10, 30, 60, 120, 120, 120)

_FIRST = 3.0  # seconds between the first checks

#: The calls that one round needs while a build takes three minutes. They are reserved for each waiting round.
LOOKS = 25


def notify_delay(attempts: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait after `attempts` (at least 1) failed callbacks."""
    planned = float(NOTIFY[min(attempts, len(NOTIFY)) - 1])
    return max(planned, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def transient_delay(failures: int) -> float:
    """Return the seconds to wait after `failures` (at least 1) transient failures in a row: 1, 2, 4 … up to 30."""
    return float(min(2 ** (failures - 1), 30))


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rest of a rate limit: `calls` within the next `seconds`."""

    calls: int
    seconds: float


def poll_delay(seconds_since_publish: float, *, waiting: int = 1, allowance: Allowance | None = None) -> float:
    """Return the seconds until the next check of Pages: 3 s at first, up to 15 s, and longer if many rounds wait.

    GitHub allows 900 points a minute, and a GET is one point. All checks together use half of that; half of this
    share may be used as a burst, so that pages are seen as soon as they are built. If the hour's remaining calls do
    not cover all waiting rounds, the checks use half of those calls. A response 304 costs none of them.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    pauses = [min(max(_FIRST, seconds_since_publish / 8), 15.0)]
    if seconds_since_publish >= _FIRST * POLLS_A_MINUTE / 2 / waiting:
        pauses.append(waiting * 60 / POLLS_A_MINUTE)
    if allowance and waiting * LOOKS > allowance.calls * POLLS_SHARE:
        # With no calls left, one call is assumed: the forge refuses it, and the refusal blocks all requests.
        pauses.append(waiting * allowance.seconds / max(allowance.calls * POLLS_SHARE, 1.0))
    return max(pauses)


def watch_delay(seconds_since_publish: float, *, waiting: int = 1, allowance: Allowance | None = None) -> float:
    """Return the delay for a page that no round waits for any more: at least 15 s."""
    return max(poll_delay(seconds_since_publish, waiting=waiting, allowance=allowance), 15.0)
