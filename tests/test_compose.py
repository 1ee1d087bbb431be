"""compose.yaml: its parts fit together, and its very processes, run by hand, take a round to its callback.

There is no container engine where this was developed: images, networks and volumes are not proven here.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.doubles.http_server import HttpServer, Script
from tests.parts.postgresql import postgresql
from tests.parts.redis_server import redis_server
from tests.processes import wait_for
from tests.service import Web, Workers, task
from tests.tasks_app.test_settings import loaded
from tests.test_documents import example_names, names_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}


def test_whoever_is_waited_for_can_be_found_healthy_or_ends() -> None:
    image_has_a_check = "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            awaited = SERVICES[other]
            if wanted["condition"] == "service_healthy":
                check = awaited.get("healthcheck", {})
                assert check.get("test") or (other in OURS and image_has_a_check and not check), (name, other)
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert awaited["restart"] == "no"


def test_settings_that_it_names_are_settings_of_ours() -> None:
    assert {name for service in OURS for name in SERVICES[service]["environment"]} <= names_read()
    assert "8000" not in (ROOT / "compose.yaml").read_text()  # the image listens on 7860


def of_the_image() -> dict[str, str]:
    """Return the settings among the variables that the Dockerfile's ENV sets."""
    (text,) = re.findall(r"^ENV ((?:.*\\\n)*.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    variables = dict(re.findall(r"(\w+)=(\S+)", text))
    return {name: variables[name] for name in variables.keys() & names_read()}


@pytest.mark.processes
def test_an_example_that_is_copied_leaves_the_image_its_settings(tmp_path: Path) -> None:
    """`--env-file` and `env_file` hand over each line of the file, an empty value too, and that wins over the image."""
    image = of_the_image()
    assert image.keys() == {"PORT", "DATA_DIR", "CHROMIUM_NO_SANDBOX"}
    assert not image.keys() & set(example_names(unset=False))
    handed_over = {**image, "DATA_DIR": str(tmp_path), **dict.fromkeys(example_names(unset=False), "")}
    found = loaded(tmp_path, **handed_over)
    assert (found["PORT"], found["DATA_DIR"], found["CHROMIUM_NO_SANDBOX"]) == (7860, str(tmp_path), "auto")


def test_workers_can_be_more_than_one() -> None:
    assert not {"ports", "container_name", "hostname"} & SERVICES["worker"].keys()


def test_what_the_web_and_the_workers_must_share_they_share() -> None:
    for part in ("environment", "env_file", "volumes", "image"):
        assert SERVICES["web"][part] == SERVICES["worker"][part] == SERVICES["migrate"][part]


def command(service: str) -> list[str]:
    """Return a service's command with this environment's programs."""
    program, *arguments = SERVICES[service]["command"]
    return [sys.executable, *(["-m", program] if program != "python" else []), *arguments]


@pytest.fixture
def parts() -> Iterator[Mapping[str, str]]:
    with postgresql() as database, redis_server() as redis:
        yield {"DATABASE_URL": database.database(), "REDIS_URL": redis}


class ComposedWeb(Web):
    commands = (command("migrate"), command("web"))


class ComposedWorkers(Workers):
    command = command("worker")


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
def test_its_processes_by_hand_take_rounds_to_their_callbacks_with_two_workers(
    tmp_path: Path, parts: Mapping[str, str]
) -> None:
    with ExitStack() as stack, HttpServer({"/notify": Script()}) as evaluator:
        web = stack.enter_context(ComposedWeb(tmp_path, **parts))
        web.start().until_whole(120)
        shared = {**parts, "PORT": str(web.port)}
        workers = [ComposedWorkers(tmp_path, workers=2, log=f"worker-{number}", **shared) for number in (1, 2)]
        for worker in workers:
            stack.enter_context(worker).start()
        for worker in workers:
            worker.until_whole(120)
        assert wait_for(lambda: web.get("/readyz"), 60), web.tail()
        for identity in [web.post(task(f"composed-{n}", 1, f"n{n}", evaluator.url("/notify"))) for n in range(6)]:
            status = web.completes(identity, 120)
            assert (status["live"], status["degraded"], status["late"]) == (True, False, False), status
        assert len(evaluator.asked) == 6
        for process in (*workers, web):
            assert process.stop() == 0, process.tail()
            assert not process.everyone()
