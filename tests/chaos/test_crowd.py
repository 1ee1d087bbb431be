"""Two hundred rounds wait on Pages at once: a new one is taken as if they were not there, and GitHub's limits are kept.

How many seconds that is: `python -m benchmarks.crowd`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.crowd import begun, crowd_in, looked_at
from tests.doubles.http_server import HttpServer, Script
from tests.service import ROOT, Service, task

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.github.double import GitHubDouble

pytestmark = [pytest.mark.processes, pytest.mark.slow]
CROWD = 200
#: Looks at others' pages that may come between a POST and its first step: half of the workers at a time, and two by the
#: worker that takes it. Around 13 were counted; without those bounds it was 147.
IN_FRONT = CROWD // 4


def test_a_new_round_is_taken_before_the_two_hundred_that_wait_on_pages(
    github_double: GitHubDouble, tmp_path: Path
) -> None:
    github_double.state.build_seconds = 3600.0
    service = Service(
        tmp_path,
        workers=4,
        FORGE="github",
        GITHUB_API_URL=github_double.url,
        GITHUB_TOKEN=github_double.token,
        PYTHONPATH=str(ROOT),
    )
    with service, HttpServer({"/notify": Script()}) as evaluator:
        service.start().until_whole(400)
        crowd_in(service, github_double, CROWD)
        looked_at(service, CROWD // 4, seconds=300)
        found = []
        for number in range(5):
            posted = service.post(task(f"new-{number}", 1, "n", evaluator.url("/notify")))
            found.append(begun(service, posted))
        looked_at(service, CROWD, seconds=400)
    assert max(looks for _, looks in found) < IN_FRONT, found
    assert github_double.exceeded == []
