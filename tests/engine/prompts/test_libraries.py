from __future__ import annotations

import re

import pytest

from engine.prompts.libraries import LIBRARIES, MOST_NAMED, LibraryKind, lines, named_in
from tests.little_time import little_time


def names(words: str) -> list[str]:
    return [library.names[0] for library in named_in(words)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Convert input.md to HTML with marked, and load highlight.js for code blocks.", ["marked", "highlight.js"]),
        ("Load Bootstrap 5 from jsDelivr.", ["bootstrap"]),
        ("Icons are of Bootstrap Icons, bars of Chart.js@4.", ["bootstrap", "bootstrap icons", "chart.js"]),
        ("Nutze jQuery und PapaParse.", ["jquery", "papa parse"]),
        ("Use Papa Parse or font-awesome or FontAwesome.", ["papa parse", "font awesome"]),
        ("A map with Leaflet.", ["leaflet"]),
        ("A React app whose components are in JSX", ["react", "babel"]),
        ("Read the workbook with SheetJS", ["sheetjs"]),
        ("Draw it with d3", ["d3"]),
        ("Use tailwindcss.", ["tailwind"]),
    ],
)
def test_a_library_is_found_by_the_names_that_people_write(words: str, found: list[str]) -> None:
    assert names(words) == found


@pytest.mark.parametrize(
    "words",
    [
        "The max/min figures are clearly marked with these IDs.",
        "The page reacts to a click; users react to it in three columns.",
        "Print the leaflet of the museum.",
        "Une vue de la ville.",
        "Show data.xlsx and bootstrap.csv.",
        "The element #d3 has the class .jquery",
        "Sum cells of a jquery-like table, rebootstrap it.",
        "",
    ],
)
def test_words_file_names_ids_and_classes_name_no_library(words: str) -> None:
    assert names(words) == []


def test_a_text_that_names_all_libraries_gets_the_first_ones_quickly() -> None:
    everything = " ".join(name for library in LIBRARIES for name in library.names) + " cdn"
    assert names(everything) == [library.names[0] for library in LIBRARIES[:MOST_NAMED]]
    with little_time():
        named_in("bootstrap-" * 20_000 + "font " * 20_000 + "vue.js" * 20_000)


def test_a_line_says_where_a_file_is_and_what_a_page_gets_from_it() -> None:
    cdn = "https://cdn.jsdelivr.net/npm"
    assert lines(named_in("marked for Markdown")) == [
        f'marked 15.0.12: <script src="{cdn}/marked@15.0.12/marked.min.js"></script> defines window.marked'
    ]
    assert lines(named_in("pdf.js")) == [
        f'pdfjs-dist 5.4.530: an ES module: import * as pdfjsLib from "{cdn}/pdfjs-dist@5.4.530/build/pdf.min.mjs"',
        f"pdfjs-dist 5.4.530: GlobalWorkerOptions.workerSrc is {cdn}/pdfjs-dist@5.4.530/build/pdf.worker.min.mjs",
    ]
    assert lines(named_in("tailwind"))[0].endswith("</script> defines no global")
    assert lines(named_in("Font Awesome"))[0].endswith(
        f'<link rel="stylesheet" href="{cdn}/@fortawesome/fontawesome-free@7.1.0/css/all.min.css">'
    )


def test_the_table_is_of_exact_versions_and_each_name_stands_once() -> None:
    files = [file for library in LIBRARIES for file in library.files]
    suffixes = {LibraryKind.SCRIPT: ".js", LibraryKind.STYLE: ".css", LibraryKind.MODULE: (".js", ".mjs")}
    for file in files:
        assert re.fullmatch(r"(?:@[\w-]+/)?[\w.-]+@\d+\.\d+\.\d+", file.spec)
        assert file.path.endswith(suffixes.get(file.kind, ""))
        assert not file.path.startswith("/")
        assert re.fullmatch(r"https://[\w./@-]+", file.address)
    all_names = [name for library in LIBRARIES for name in library.names]
    assert len(all_names) == len(set(all_names))
    assert all(name == name.lower() for name in all_names)
    assert len(files) == len({file.address for file in files})
    assert all(library.names[0] in names(f"{library.names[0]} library") for library in LIBRARIES)


@pytest.mark.parametrize(
    "word", ["bootstrap", "jquery", "marked", "highlight.js", "chart.js", "leaflet", "papaparse", "mermaid"]
)
def test_the_address_holds_the_word_that_checks_look_for(word: str) -> None:
    found = named_in(f"{word} library")
    assert any(word in file.address.replace("-", "") for file in found[0].files if file.kind is LibraryKind.SCRIPT)
