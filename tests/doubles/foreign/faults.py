"""What the foreign implementation may do wrong. Faults are combined as `two-commits+late=30`."""

from __future__ import annotations

from collections.abc import Mapping

#: A value is the number given after `=`; only `late` reads it: the seconds after which it calls back.
Faults = Mapping[str, float]

#: How the POST is answered.
ANSWERS = {
    "hang": "no answer to the POST",
    "rubbish-200": "200 with bytes that are no JSON, and nothing else",
    "redirect": "307 to the honest endpoint",
    "status-201": "201, and everything else as it should be",
    "never-200": "always 500",
    "flaky": "500 twice, then as it should be",
}
#: What is in the repository, and how git answers.
REPOSITORY = {
    "two-commits": "each round is two commits",
    "no-licence": "no LICENSE",
    "secret-in-history": "a second branch, in which a file with credentials was added and removed",
    "base64-text": "the picture is committed as its base64 text",
    "huge-repository": "git sends a pack without end",
    "private": "git answers 401",
}
#: What the page serves.
PAGE = {
    "stale-page": "later rounds serve the page of round 1",
    "page-404": "the page answers 404",
}
#: What the callback says, and when it comes.
CALLBACK = {
    "wrong-sha": "the callback names a commit that is not there",
    "late": "it calls back after the seconds given, 660 without",
    "second-callback": "it calls back once more after it was heard",
    "ignores-round-2": "later rounds are called back with the commit of round 1",
    "other-nonce": "another nonce in the callback",
    "for-somebody-else": "another email in the callback",
    "no-callback": "it does not call back",
}
NAMES: Mapping[str, str] = {**ANSWERS, **REPOSITORY, **PAGE, **CALLBACK}

LATE = 660.0


def read_faults(text: str) -> Faults:
    """Return the faults of a text as `two-commits+late=30`; "" and "none" are none. Raises ValueError."""
    found = {}
    for part in text.split("+") if text not in ("", "none") else ():
        name, _, value = part.partition("=")
        if name not in NAMES:
            raise ValueError(f"{name!r} is none of the faults {', '.join(NAMES)}")
        found[name] = float(value or (LATE if name == "late" else 0))
    return found
