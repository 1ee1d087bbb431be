"""The verdict and the detail of each kind of predicate."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.domain.checks import Verdict
from engine.plan.deciding.decide import decide
from engine.plan.deciding.evidence import Evidence
from engine.plan.predicates import IN_BROWSER, AnyPredicate, OnFile, Served, WorkflowSucceeded
from engine.plan.wording import in_words, rule_in_words
from engine.site.repository_files import licence
from tests.little_time import little_time

PREDICATES: TypeAdapter[AnyPredicate] = TypeAdapter(AnyPredicate)
KINDS = get_args(get_args(AnyPredicate)[0])
PASS, FAIL, UNVERIFIABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNVERIFIABLE

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>'
BOMB = b'<!DOCTYPE z [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><z>&b;</z>'

#: One of each kind.
SAMPLES: list[dict[str, Any]] = [
    {"kind": "exists", "path": "f"},
    {"kind": "absent", "path": "f"},
    {"kind": "equals_attachment", "path": "f"},
    {"kind": "differs_from_attachment", "path": "f"},
    {"kind": "contains", "path": "f", "texts": ["a"], "ignore_case": True},
    {"kind": "lacks", "path": "f", "texts": ["a"]},
    {"kind": "words", "path": "f", "min": 1},
    {"kind": "lines", "path": "f", "min": 1, "max": 2},
    {"kind": "headings", "path": "f", "names": ["a"], "max": 3},
    {"kind": "json_schema", "path": "f", "definition": {"type": "object", "required": ["a"]}},
    {"kind": "json_value", "path": "f", "pointer": "/a", "compare": "greater", "value": 1},
    {"kind": "csv_columns", "path": "f", "columns": ["a"]},
    {"kind": "csv_equals", "path": "f", "workbook": "w.xlsx"},
    {"kind": "xml", "path": "f", "root": "a", "counts": [{"element": "b", "min": 1}]},
    {"kind": "svg", "path": "f"},
    {"kind": "links", "path": "f", "to": ["a.md", "https://example.org/"]},
    {"kind": "licence_mit"},
    {"kind": "readme_sections"},
    {"kind": "page", "steps": [{"do": "click", "selector": "#a"}], "expression": "document.title === 'x'"},
    {"kind": "opens_without_errors"},
    {"kind": "served", "path": "f"},
    {"kind": "workflow_succeeded"},
]

#: Those that a file decides: not what a browser or a server is asked.
ON_FILES = [
    one for one in SAMPLES if one["kind"] not in {"page", "opens_without_errors", "served", "workflow_succeeded"}
]


def decided(predicate: dict[str, Any], files: dict[str, bytes], **more: Any) -> tuple[Verdict, str]:
    finding = decide(PREDICATES.validate_python(predicate), Evidence(files, **more))
    return finding.verdict, finding.seen


def test_every_kind_has_a_place_where_it_is_decided_and_a_wording() -> None:
    samples = [PREDICATES.validate_python(sample) for sample in SAMPLES]
    assert {type(one) for one in samples} == set(KINDS)
    for one in samples:
        said, rule = in_words(one), rule_in_words(one)
        assert said.endswith(rule)
        assert (said != rule) is (type(one) not in {*IN_BROWSER, WorkflowSucceeded})
        if isinstance(one, IN_BROWSER):
            with pytest.raises(TypeError, match="in the browser"):
                decide(one, Evidence({}))
            continue
        finding = decide(one, Evidence({}))
        assert finding.seen
        assert finding.verdict is {"absent": PASS}.get(
            one.kind, Verdict.NOT_RUN if isinstance(one, Served | WorkflowSucceeded) else FAIL
        )


@pytest.mark.parametrize(
    "sample", [one for one in ON_FILES if one["kind"] not in {"exists", "absent"}], ids=lambda sample: sample["kind"]
)
def test_no_predicate_about_a_missing_file_holds(sample: dict[str, Any]) -> None:
    name = {"licence_mit": "LICENSE", "readme_sections": "README.md"}.get(sample["kind"], "f")
    assert decided(sample, {"other": b"x"}) == (FAIL, f"{name} is missing")


@pytest.mark.parametrize(
    "sample", [one for one in SAMPLES if "path" in one and one["kind"] not in {"links", "served"}], ids=str
)
def test_a_predicate_that_names_no_file_is_not_decided(sample: dict[str, Any]) -> None:
    assert decided(sample | {"path": ""}, {"f": b"x"})[0] is UNVERIFIABLE


@pytest.mark.parametrize(
    ("predicate", "files", "expected"),
    [
        ({"kind": "exists", "path": "a.txt"}, {"a.txt": b"x"}, (PASS, "a.txt is there")),
        ({"kind": "exists", "path": "./a.txt"}, {"a.txt": b"x"}, (PASS, "a.txt is there")),
        ({"kind": "exists", "path": "a.txt"}, {"A.txt": b"x"}, (FAIL, "a.txt is missing")),
        ({"kind": "exists", "path": "a.txt"}, {"a.txt": b" \n"}, (FAIL, "a.txt is empty")),
        ({"kind": "exists", "path": ".nojekyll"}, {".nojekyll": b""}, (PASS, ".nojekyll is there")),
        ({"kind": "exists", "path": "img/"}, {"img/a.png": b"x"}, (PASS, "img/a.png is there")),
        ({"kind": "exists", "path": "img/"}, {"img.png": b"x"}, (FAIL, "img/ is missing")),
        ({"kind": "absent", "path": "a.txt"}, {"b.txt": b"x"}, (PASS, "a.txt is not there")),
        ({"kind": "absent", "path": "a.txt"}, {"a.txt": b""}, (FAIL, "a.txt is there")),
        ({"kind": "absent", "path": "data/"}, {"data/a.txt": b""}, (FAIL, "data/a.txt is there")),
        ({"kind": "xml"}, {"f": b"<rss><item/></rss>"}, (PASS, "well-formed, its root <rss>")),
        ({"kind": "xml", "root": "RSS"}, {"f": b"<rss/>"}, (PASS, "well-formed, its root <rss>")),
        ({"kind": "xml", "root": "feed"}, {"f": b"<rss/>"}, (FAIL, "its root is <rss>, not <feed>")),
        ({"kind": "xml", "counts": [{"element": "a:item", "min": 1, "max": 1}]}, {"f": b"<r xmlns:a='u'><a:item/></r>"},
            (PASS, "well-formed, its root <r>, 1 <a:item>")),
        ({"kind": "xml", "counts": [{"element": "i", "min": 5, "max": 5}]}, {"f": b"<r><i/><i/></r>"},
            (FAIL, "it has 2 <i> elements: 3 too few")),
        ({"kind": "xml", "counts": [{"element": "i", "max": 1}]}, {"f": b"<r><i/><i/></r>"},
            (FAIL, "it has 2 <i> elements: 1 too many")),
        ({"kind": "xml"}, {"f": b"<a><b></a>"}, (FAIL, "it is not well-formed: mismatched tag (line 1)")),
        ({"kind": "xml"}, {"f": BOMB}, (FAIL, "it declares the entity 'a', which is not read for safety")),
        ({"kind": "svg"}, {"f": SVG}, (PASS, "an SVG image that draws something")),
        ({"kind": "svg"}, {"f": b"<svg><circle/></svg>"},
            (FAIL, 'its <svg> lacks xmlns="http://www.w3.org/2000/svg", without which it is not shown as an image')),
        ({"kind": "licence_mit"}, {"LICENSE": licence(2026, "a")}, (PASS, "the MIT licence")),
        ({"kind": "licence_mit"}, {"LICENSE": licence(2026, "a").replace(b" ", b"\n")}, (PASS, "the MIT licence")),
        ({"kind": "licence_mit"}, {"LICENSE": b"Apache License"}, (FAIL, "it is not the MIT licence")),
    ],
)  # fmt: skip
def test_files_and_markup_are_decided(
    predicate: dict[str, Any], files: dict[str, bytes], expected: tuple[Verdict, str]
) -> None:
    assert decided({"path": "f"} | predicate, files) == expected


@pytest.mark.parametrize(
    ("predicate", "content", "expected"),
    [
        ({"kind": "equals_attachment"}, b"one\n", (PASS, "the same 4 bytes as the attachment uid.txt")),
        ({"kind": "equals_attachment", "path": "data/uid.txt"}, b"one\n",
            (PASS, "the same 4 bytes as the attachment uid.txt")),
        ({"kind": "equals_attachment", "attachment": "b.py"}, b"a = 1\nb = 2\n",
            (PASS, "the same 12 bytes as the attachment src/b.py")),
        ({"kind": "equals_attachment"}, b"two\n", (FAIL, "it differs from the attachment uid.txt, first in line 1")),
        ({"kind": "equals_attachment", "attachment": "src/b.py"}, b"a = 1\n",
            (FAIL, "it differs from the attachment src/b.py, first in line 2")),
        ({"kind": "equals_attachment"}, b"one",
            (FAIL, "it differs from the attachment uid.txt in line ends or in white space at an end alone")),
        ({"kind": "equals_attachment"}, b"\0" * 9,
            (FAIL, "it differs from the attachment uid.txt: it has 9 bytes, the attachment 4")),
        ({"kind": "equals_attachment", "attachment": "c.txt"}, b"one", (UNVERIFIABLE, "no attachment is called c.txt")),
        ({"kind": "equals_attachment", "path": "other.txt"}, b"one",
            (UNVERIFIABLE, "no attachment is called other.txt")),
        ({"kind": "differs_from_attachment"}, b"two\n",
            (PASS, "it differs from the attachment uid.txt, first in line 1")),
        ({"kind": "differs_from_attachment"}, b"one\n", (FAIL, "it is the attachment uid.txt, unchanged")),
        ({"kind": "differs_from_attachment"}, b"one\r\n",
            (FAIL, "it differs from the attachment uid.txt in line ends alone")),
        ({"kind": "differs_from_attachment", "attachment": "c"}, b"one", (UNVERIFIABLE, "no attachment is called c")),
    ],
)  # fmt: skip
def test_a_file_is_compared_with_its_attachment(
    predicate: dict[str, Any], content: bytes, expected: tuple[Verdict, str]
) -> None:
    attachments = {"uid.txt": b"one\n", "src/b.py": b"a = 1\nb = 2\n"}
    whole = {"path": "uid.txt"} | predicate
    assert decided(whole, {whole["path"]: content}, attachments=attachments) == expected


@pytest.mark.parametrize("kind", [one for one in KINDS if one not in IN_BROWSER], ids=lambda one: one.__name__)
@settings(max_examples=30)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_make_it_raise_and_what_is_seen_is_one_line(kind: type[OnFile], content: bytes) -> None:
    sample = next(one for one in SAMPLES if one["kind"] == kind.model_fields["kind"].default)
    for path in ("f.md", "f.html", "f.csv"):
        predicate = sample | {"path": path}
        files = {path: content, "LICENSE": content, "README.md": content}
        _, seen = decided(predicate, files, attachments={path: b"a\n"}, sheets={("w.xlsx", ""): b"a,b\n1,2\n"})
        assert "\n" not in seen
        assert "\0" not in seen
        seen.encode()


@pytest.mark.slow
@pytest.mark.parametrize("piece", [
    b"# usage\n", b"# " + b" " * 290 + b"x\n", b"a\n=\n", b"```\n", b"`", b"[a](", b"](<a", b"](a(b", b"[x]: ",
    b"<a href='", b' href="',
    b"https://", b"from'", b"<script ", b"<!--", b"url(", b"&", b"&#1", b'"', b'a"', b",", b";\n", b"1.0,", b"[",
    b'{"a":', b"9", b"<a>", b"<a b", b"\xff", b"\0",
], ids=repr)  # fmt: skip
def test_large_hostile_files_take_little_time(piece: bytes) -> None:
    content = piece * (150_000 // len(piece))
    more = {"attachments": {"f.md": content + b"x", "f.html": content}, "sheets": {("w.xlsx", ""): content}}
    with little_time():
        for sample in ON_FILES:
            for path in ("f.md", "f.html") if sample["kind"] in {"links", "contains"} else ("f.md",):
                decided(sample | {"path": path}, {path: content, "LICENSE": content, "README.md": content}, **more)
