from __future__ import annotations

from engine.formats.workflow_log import last_lines

STAMP = "2026-11-30T12:00:00.1234567Z "


def test_the_lines_end_with_the_error_and_not_with_githubs_cleaning_up() -> None:
    log = "\ufeff" + "\r\n".join(
        [
            f"{STAMP}##[group]Run python execute.py",
            f"{STAMP}\x1b[36;1mpython execute.py\x1b[0m",
            STAMP,
            f"{STAMP}KeyError: 'revenew'",
            f"{STAMP}##[error]Process completed with exit code 1.",
            f"{STAMP}Cleaning up orphan processes",
        ]
    )
    assert last_lines(log.encode()) == [
        "##[group]Run python execute.py", "python execute.py", "KeyError: 'revenew'",
        "##[error]Process completed with exit code 1.",
    ]  # fmt: skip


def test_a_long_log_is_cut_from_the_front_and_a_long_line_at_its_end() -> None:
    lines = last_lines("\n".join([f"line {at}" for at in range(1000)] + ["x" * 10_000]).encode(), most=3)
    assert lines == ["line 998", "line 999", "x" * 400]
    assert last_lines(b"\xff\xfe") == ["��"]
    assert last_lines(b"") == []
