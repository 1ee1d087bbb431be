from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.paths import MAX_PATH, UnsafePath, attachment_name, clashes, safe_path
from tests.stock_git import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "css/app.css",
        ".nojekyll",
        "a b.txt",
        "बिक्री.csv",
        "क्\u200dष.csv",
        "données été.csv",
        "console.log",
        "x" * 120,
        "~".join("ab"),
    ],
)
def test_ordinary_names_pass_unchanged(path: str) -> None:
    assert safe_path(path) == path


def test_names_are_normalised_to_nfc() -> None:
    assert safe_path("cafe\u0301.csv") == "caf\u00e9.csv"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "relative"),
        ("~/x", "relative"),
        ("~root", "relative"),
        ("C:x", "relative"),
        ("c:/x", "relative"),
        ("a\\b", "backslash"),
        ("a\nb", "control"),
        ("a\x00b", "control"),
        ("a\u202egpj.exe", "control"),
        ("a\u200bb", "control"),
        ("a\u200db", "control"),
        ("a\ud800", "control"),
        ("a\u2028b", "control"),
        ("../x", "segment"),
        ("a/./b", "segment"),
        ("a//b", "segment"),
        ("a/", "segment"),
        (".git/config", "git"),
        ("a/.GIT/x", "git"),
        (".github/workflows/x.yml", "git"),
        (".gitattributes", "git"),
        ("GIT~1/config", "git"),
        (".env", "hidden"),
        ("a/.htaccess", "hidden"),
        ("x./y", "dot at its end"),
        ("x ", "space"),
        (" x", "space"),
        ("a /b", "space"),
        ("a*b.html", "Windows"),
        ("a/what?.html", "Windows"),
        ("<a>.html", "Windows"),
        ('"a".html', "Windows"),
        ("a|b", "Windows"),
        ("index.html:x", "Windows"),
        ("index.html::$DATA", "Windows"),
        ("nul", "device"),
        ("COM¹", "device"),
        ("conin$", "device"),
        ("lpt1 .tar.gz", "device"),
        ("a/COM1.txt", "device"),
        ("aux .js", "device"),
        ("x" * 121, "longer"),
        ("ह" * 90, "longer"),
        ("/".join(["x" * 60] * 5), "longer"),
    ],
)
def test_unsafe_paths_are_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(UnsafePath) as raised:
        safe_path(path)
    assert reason in raised.value.reason


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/data.csv", "data.csv"),
        ("C:\\Users\\me\\data.csv", "Users/me/data.csv"),
        ("~/data.csv", "data.csv"),
        (".env", "env"),
        (".git/config", "git/config"),
        ("da\u202eta.csv", "data.csv"),
        ("da\nta.csv", "data.csv"),
        (" data.csv. ", "data.csv"),
        ("data.csv . .", "data.csv"),
        ("a*b?.html", "ab.html"),
        ("10:30 <draft>.csv", "1030 draft.csv"),
        ("index.html::$DATA", "index.html$DATA"),
        ("co?n.csv", "_con.csv"),
        (".:git/config", "git/config"),
        ("data.csv:", "data.csv"),
        ('?*<>|"', "attachment-3"),
        ("con.csv", "_con.csv"),
        ("git~1", "_git~1"),
        ("..", "attachment-3"),
        ("", "attachment-3"),
        (None, "attachment-3"),
        (7, "attachment-3"),
        ("LICENSE", "attachments/LICENSE"),
        ("license", "attachments/license"),
        (".NoJekyll", "attachments/.NoJekyll"),
        ("README.md", "attachments/README.md"),
        ("CNAME", "attachments/CNAME"),
        ("/cname", "attachments/cname"),
        ("CODEOWNERS", "attachments/CODEOWNERS"),
    ],
)
def test_an_attachment_loses_only_the_unsafe_part_of_its_name_and_says_so(raw: object, name: str) -> None:
    kept, warning = attachment_name(raw, 3, [])
    assert kept == name
    assert warning is not None
    assert warning.startswith("attachment 3: ")


@pytest.mark.parametrize("raw", ["data.csv", "index.html", "बिक्री डेटा.csv", "img/logo.png"])
def test_a_safe_attachment_keeps_its_name_without_a_warning(raw: str) -> None:
    assert attachment_name(raw, 1, []) == (raw, None)


def test_a_clash_but_for_case_gets_a_number() -> None:
    assert attachment_name("Data.csv", 2, ["data.csv"])[0] == "Data-2.csv"
    assert attachment_name("data.csv", 3, ["data.csv", "data-2.csv"])[0] == "data-3.csv"


def test_a_file_and_a_folder_of_the_same_name_cannot_both_be() -> None:
    assert clashes("a/b", ["A"])
    assert clashes("a", ["a/b"])
    assert not clashes("ab", ["a/b"])
    assert attachment_name("a/b.csv", 2, ["a"])[0] == "a-b.csv"


@pytest.mark.parametrize("long", ["a/" * 500_000, "x" * 1_000_000 + ".csv", "x. " * 400_000, "é" * 500_000])
def test_a_name_of_a_megabyte_is_cleaned_from_its_end(long: str) -> None:
    assert len(attachment_name(long, 1, [])[0]) <= MAX_PATH


def test_a_long_name_keeps_its_suffix() -> None:
    name, _ = attachment_name("x" * 500 + ".csv", 1, [])
    assert name.endswith("x.csv")
    assert len(name) <= 120


_PARTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["..", ".", "", "con", ".git", "git~1", "~", "C:", "LICENSE", "a\u200d", " ", "x" * 300, "ह" * 200, "a?", ":"]
    ),
)


@given(st.lists(_PARTS, max_size=6).map("/".join), st.lists(st.sampled_from(["a", "A/b", "attachment-1", "license"])))
def test_every_attachment_gets_a_safe_and_free_name(raw: str, taken: list[str]) -> None:
    name, warning = attachment_name(raw, 1, taken)
    assert safe_path(name) == name
    assert not clashes(name, taken)
    assert (warning is None) == (name == raw)


@given(st.text())
def test_what_passes_holds_no_way_out_of_the_repository(raw: str) -> None:
    try:
        path = safe_path(raw)
    except UnsafePath:
        return
    assert path == unicodedata.normalize("NFC", raw)
    assert not {"", ".", ".."} & set(path.split("/"))
    assert not any(segment.lower().startswith(".git") for segment in path.split("/"))


@pytest.mark.processes
def test_git_takes_every_name_by_the_rules_of_windows_and_macos(tmp_path: Path) -> None:
    odd = ["a*b?.html", "ab.html", "AB.HTML", "x:y", "con", "CON.txt", "aux .js", "GIT~1", ".Git/config", "gi\u200ct",
           "a. . ./b", "Straße.csv", "STRASSE.csv", "cafe\u0301", "CAF\u00c9", "c:\\d\\e", "data.csv::$DATA",
           "data.csv", "..\\..\\x", "a/b", "A", "lpt¹", "~root", "PROGRA~1"]  # fmt: skip
    names: list[str] = []
    for at, raw in enumerate(odd, 1):
        names.append(attachment_name(raw, at, names)[0])
    git(tmp_path, "init", "--quiet")
    blob = git(tmp_path, "hash-object", "-w", "/dev/null").stdout.split()[0]
    for name in names:
        done = git(
            tmp_path, "-c", "core.protectNTFS=true", "-c", "core.protectHFS=true", "-c", "core.ignorecase=true",
            "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}",
        )  # fmt: skip
        assert done.returncode == 0, (name, done.stderr)
    listed = git(tmp_path, "ls-files", "-z").stdout.split("\0")[:-1]
    assert sorted(listed) == sorted(names)
    assert len({name.casefold() for name in listed}) == len(odd)
    assert all(re.fullmatch(r"[^<>:\"|?*\\]*[^<>:\"|?*\\ .]", part) for name in names for part in name.split("/"))
