from __future__ import annotations

import pytest

from engine.plan.mentions import named_paths

PATHS = ["index.html", "data/a.json", "LICENSE", "story.txt", "story.txt.bak", "a.js"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("story.txt ends well.", ["story.txt"]),
        ("The file a.json holds a list", ["data/a.json"]),
        ("`data/a.json` and index.html", ["index.html", "data/a.json"]),
        ("license is MIT", ["LICENSE"]),
        ("It uses data.js", []),
        ("restory.txt", []),
        ("story.txt.bak", ["story.txt.bak"]),
        ("nothing", []),
    ],
)
def test_files_are_named_by_path_or_by_their_last_part(text, named):
    assert named_paths(text, PATHS) == named
