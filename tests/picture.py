"""`make picture`: docs/console.png, the page of a round as an operator sees it."""

from __future__ import annotations

import sys
from pathlib import Path

from tasks_app.rehearsal.demo import local_forge, own_data, play_round, served
from tasks_app.rehearsal.evaluator import SAMPLES, Listener, load_task
from tests.chromium import launched

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/console.png"
WIDTH, HEIGHT = 1200, 860
LARGEST = 300_000  # bytes: every reader of README loads it


def main() -> None:
    """Play two rounds and save the console's page of the second."""
    with own_data() as data, local_forge(data) as forge, served(data, forge) as running, Listener() as listener:
        for name in ("sales", "sales-2"):
            play_round(running, listener, load_task(SAMPLES / f"{name}.json"))
        _take(running.service.url, (data / "admin_password").read_text().strip())
    size = PICTURE.stat().st_size
    if size > LARGEST:
        sys.exit(f"{PICTURE} has {size} bytes, more than {LARGEST}")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {size} bytes\n")


def _take(url: str, password: str) -> None:
    with launched() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{url}/admin/login/?next=/admin/tasks_app/round/")
        page.fill("#id_username", "admin")
        page.fill("#id_password", password)
        page.press("#id_password", "Enter")
        page.click("#result_list tbody tr:first-child th a")
        page.wait_for_selector("#story.state-completed")
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
