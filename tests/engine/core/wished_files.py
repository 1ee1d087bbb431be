"""A request for ten files, the one of them that is attached, and a page."""

from __future__ import annotations

TEN = (
    "Create these files: ashravan.txt (a 300-400 word short story about Ashravan waking up), dilemma.json ({ people: 2, case_1: { swerve: bool, "
    "reason }, case_2: { swerve: bool, reason }, \u2026 }), about.md (describe yourself in three words), pelican.svg (a pelican riding a bicycle), "
    "restaurant.json ({city, lat, long, name, what_to_eat}), prediction.json ({rate: number, reason: string}), feed.xml (RSS with 3 items), "
    "index.html (a home page linking to all), LICENSE (MIT), uid.txt (the attached file, unchanged)."
)
UID = {"uid.txt": b"0f1e2d\r\n"}
PAGE = b"<!doctype html><title>x</title>"
