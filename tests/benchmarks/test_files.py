"""A part of the files of benchmarks.files in a real browser, and what is said of those that no page can read."""

from __future__ import annotations

import os
import string
from typing import TYPE_CHECKING

import pytest

from benchmarks.files import advised_files, see
from benchmarks.generated_files import GeneratedFile, generated_files
from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.brief import AttachedFile
from engine.inputs.attachments import describe, fault
from engine.inputs.reading_code import ADVICE
from tests.chromium import chromium

if TYPE_CHECKING:
    from pathlib import Path

FILES = generated_files()
EACH = 6  # of the files that a page can read, each sixth is opened
SEPARATORS = sorted(set(string.punctuation) - set('_"'))
UNREADABLE = [file for file in FILES if "said" in file.holds]


def test_there_are_two_hundred_files_of_different_names() -> None:
    assert len(FILES) == len({file.name for file in FILES}) == 200


@pytest.mark.parametrize("file", UNREADABLE, ids=lambda file: file.name)
def test_prompt_or_warning_say_why_a_page_cannot_read_a_file(file: GeneratedFile) -> None:
    attached = AttachedFile(file.name, file.media_type, file.content)
    assert file.holds["said"] in f"{describe(attached)} {fault(attached)}"


@pytest.mark.slow
@pytest.mark.browser
def test_a_page_that_follows_the_prompt_shows_what_the_files_hold(tmp_path: Path) -> None:
    chosen = [file for file in FILES if "said" not in file.holds][::EACH]
    # Spreadsheets and the code disagree on these quotation marks, so there is no advice on them.
    odd = [
        GeneratedFile("ends.csv", b'a,b\r\n"1"2,3\r\n', {}),
        GeneratedFile("open.csv", b'a,b\r\n1,"x\r\n2,y\r\n', {}),
    ]
    machine = Machine(tmp_path / "places", chromium(), sandbox=os.geteuid() != 0)
    *attached, ends, unclosed = advised_files([*chosen, *odd], ChromiumBrowser(machine))
    assert ADVICE not in f"{ends.note} {unclosed.note}"
    seen = see(chosen, attached)
    assert [one for one in seen if not one.right] == []
    assert sum(one.advised for one in seen) > len(seen) / 2


@pytest.mark.slow
@pytest.mark.browser
def test_any_separator_that_a_file_names_is_read_and_breaks_the_code_of_no_other_file(tmp_path: Path) -> None:
    files = [
        GeneratedFile(f"{at}.csv", f'sep={sign}\na{sign}b\n1{sign}"x{sign}y"\n'.encode(), {})
        for at, sign in enumerate(SEPARATORS)
    ]
    machine = Machine(tmp_path / "places", chromium(), sandbox=os.geteuid() != 0)
    advised = advised_files(files, ChromiumBrowser(machine))
    assert [sign for sign, file in zip(SEPARATORS, advised, strict=True) if ADVICE not in file.note] == []
