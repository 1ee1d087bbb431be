from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.checks import parse_check
from engine.plan.allowed import PlanRequest
from engine.plan.predicates import Exists, Links, Page, Words
from engine.plan.reading import better, read_object, read_plan
from engine.plan.schema import MOST_FILES, MOST_TESTS, FileSource

CHECKS = ("js: document.title === 'T'", "about.md has three words", "It looks good")
BRIEF = "Write about.md from https://data.example/rates and keep data.csv and book.xlsx. Run .github/workflows/ci.yml."
REQUEST = PlanRequest(
    words="\n".join([BRIEF, *CHECKS]),
    checks=tuple(map(parse_check, CHECKS)),
    attachments=frozenset({"data.csv", "book.xlsx", "fix.py"}),
    workbooks=frozenset({"book.xlsx"}),
)


def read(request: PlanRequest = REQUEST, **plan: object):
    return read_object({"files": [], "checks": [{"number": 2, "why_not": "-"}], **plan}, request)


def sources(reading) -> dict[str, FileSource]:
    return {one.path: one.source for one in reading.plan.files}


def reasons(reading) -> str:
    return "\n".join(f"{one.item}: {one.reason}" for one in reading.refused)


def test_a_whole_plan_is_read():
    plan = {
        "files": [
            {
                "path": "about.md",
                "source": "write",
                "what": "three words",
                "predicates": [{"kind": "words", "min": 3, "max": 3}],
            },
            {"path": "data.csv", "source": "attachment"},
            {"path": "book.csv", "source": "converted"},
            {"path": "fix.py", "source": "changed"},
        ],
        "absent": ["result.json"],
        "data": [{"url": "https://data.example/rates", "name": "rates.json", "at_run_time": True}],
        "pages": "branch",
        "checks": [{"number": 2, "predicates": [{"kind": "words", "path": "about.md", "min": 3, "max": 3}]}],
        "tests": [{"says": "the title", "predicates": [{"kind": "page", "expression": "document.title === 'T'"}]}],
        "notes": ["nothing"],
    }
    reading = read_plan(f"Here it is:\n```json\n{json.dumps(plan)}\n```", REQUEST)
    assert (reading.errors, reading.refused) == ((), ())
    assert sources(reading) == {
        "about.md": FileSource.WRITE, "data.csv": FileSource.ATTACHMENT, "book.csv": FileSource.CONVERTED,
        "fix.py": FileSource.CHANGED,
        "index.html": FileSource.WRITE, "README.md": FileSource.WRITE, "LICENSE": FileSource.SERVICE,
    }  # fmt: skip
    assert reading.plan.file("about.md").predicates == [Words(path="about.md", min=3, max=3)]
    assert reading.plan.file("book.csv").origin == "book.xlsx"
    assert reading.plan.reading(1).predicates == [Words(path="about.md", min=3, max=3)]
    assert reading.plan.data[0].at_run_time
    assert reading.plan.absent == ("result.json",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON object"),
        ("I cannot do that.", "no JSON object"),
        ('{"files": [{"path": "a.txt"', "ends in the middle"),
        ('{"files": []}', "files is missing or empty"),
        ('{"files": {"a": 1}}', "files is not a list"),
        ('["a"]', "no JSON object"),
    ],
)
def test_an_answer_without_a_plan_has_an_error_and_no_plan(text, says):
    reading = read_plan(text, REQUEST)
    assert reading.plan is None
    assert says in " ".join(reading.errors)


def test_a_malformed_item_is_named_by_its_place_and_the_rest_is_taken():
    reading = read(
        files=[
            {"path": "a.txt", "source": "write", "predicates": [{"kind": "words", "min": "many"}, {"kind": "exists"}]},
            {"path": "b.txt", "source": "invented"},
            {"source": "write"},
            "c.txt",
        ]
    )
    assert sources(reading).keys() == {"a.txt", "index.html", "README.md", "LICENSE"}
    assert reading.plan.file("a.txt").predicates == [Exists(path="a.txt")]
    for place in ("files[0].predicates[0]", "files[1].source", "files[2].path", "files[3]"):
        assert any(error.startswith(place) for error in reading.errors), reading.errors


def test_an_unknown_predicate_and_one_without_its_path_are_named():
    wrong = [{"kind": "beautiful"}, {"kind": "exists"}, {"kind": "links", "to": ["a.txt"]}]
    reading = read(checks=[{"number": 2, "predicates": wrong}])
    assert reading.plan.reading(1).predicates == [Links(path="index.html", to=["a.txt"])]
    assert len(reading.errors) == 2


@pytest.mark.parametrize(
    "path",
    ["../up.txt", "/etc/passwd", "a\\b.txt", ".git/config", ".env", "con.txt", "", "CNAME", "a/../../b", "a?", "b:c"],
)
def test_unsafe_paths_are_refused_one_by_one(path):
    reading = read(files=[{"path": path, "source": "write"}, {"path": "good.txt", "source": "write"}])
    assert "good.txt" in sources(reading)
    assert path not in sources(reading)
    assert reading.refused


@pytest.mark.parametrize("path", ["ABOUT.md", "About.MD", "about.md/more.txt"])
def test_a_file_that_windows_could_not_tell_from_one_before_it_is_not_planned(path: str):
    reading = read(files=[{"path": "about.md", "source": "write"}, {"path": path, "source": "write"}])
    assert path not in sources(reading)
    assert "only in case" in reasons(reading)


def test_a_workflow_is_planned_only_where_the_request_names_its_folder():
    asked = {"files": [{"path": ".github/workflows/ci.yml", "source": "write"}], "pages": "workflow"}
    assert ".github/workflows/ci.yml" in sources(read(**asked))
    assert read(**asked).plan.pages == "workflow"
    unasked = read(replace(REQUEST, words="A page."), **asked)
    assert ".github/workflows/ci.yml" not in sources(unasked)
    assert unasked.plan.pages == "branch"
    assert "the request does not name that folder" in reasons(unasked)


def test_a_later_round_may_change_the_workflow_that_the_repository_holds():
    later = replace(REQUEST, words="Let the workflow run daily.", present=frozenset({".github/workflows/ci.yml"}))
    changed = {"path": ".github/workflows/ci.yml", "source": "changed"}
    reading = read(later, files=[changed], pages="workflow")
    assert sources(reading)[changed["path"]] is FileSource.CHANGED
    assert reading.plan.pages == "workflow"
    assert read(later, files=[], pages="workflow").plan.pages == "workflow"
    another = read(later, files=[{"path": ".github/workflows/other.yml", "source": "write"}])
    assert ".github/workflows/other.yml" not in sources(another)


@pytest.mark.parametrize(
    "path", [".github/workflows/../../x.yml", ".github/dependabot.yml", ".github/workflows/a/b.yml"]
)
def test_nothing_else_in_hidden_folders_is_planned(path):
    assert path not in sources(read(files=[{"path": path, "source": "write"}]))


def test_an_attachment_is_only_rewritten_where_the_plan_says_that_it_is_changed():
    reading = read(files=[{"path": "data.csv", "source": "write"}, {"path": "fix.py", "source": "changed"}])
    assert sources(reading)["data.csv"] is FileSource.ATTACHMENT
    assert sources(reading)["fix.py"] is FileSource.CHANGED
    assert "stays as it came" in reasons(reading)


def test_what_is_no_attachment_and_no_workbook_is_written():
    files = [{"path": "x.txt", "source": "attachment"}, {"path": "y.csv", "source": "converted", "origin": "data.csv"}]
    reading = read(replace(REQUEST, workbooks=frozenset()), files=files)
    assert sources(reading)["x.txt"] is FileSource.WRITE
    assert sources(reading)["y.csv"] is FileSource.WRITE
    assert reasons(reading).count("the file is written") == 2


def test_a_present_file_may_be_changed_in_a_later_round():
    reading = read(replace(REQUEST, present=frozenset({"old.json"})), files=[{"path": "old.json", "source": "changed"}])
    assert sources(reading)["old.json"] is FileSource.CHANGED


def test_licence_is_the_services_whatever_the_plan_says():
    assert sources(read(files=[{"path": "LICENSE", "source": "write"}]))["LICENSE"] is FileSource.SERVICE


@pytest.mark.parametrize("path", ["index.html", "README.md", "LICENSE", "kept.txt"])
def test_what_is_planned_or_always_there_cannot_be_forbidden(path):
    reading = read(files=[{"path": "kept.txt", "source": "write"}], absent=[path, "gone.json"])
    assert reading.plan.absent == ("gone.json",)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.json", "http://localhost/x", "http://[::1]/x", "http://2130706433/x",
        "ftp://data.example/x",
        "https://user:pw@data.example/x", "https://elsewhere.example/x", "https://data.example/{id}",
        "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_private_foreign_and_patterned_addresses_are_refused(url):
    words = f"{REQUEST.words} http://127.0.0.1 http://localhost [::1] 2130706433"
    reading = read(replace(REQUEST, words=words), data=[{"url": url}, {"url": "https://data.example/rates"}])
    assert [one.url for one in reading.plan.data] == ["https://data.example/rates"]
    assert reading.refused or reading.errors


def test_private_addresses_may_be_planned_where_they_are_allowed():
    request = replace(REQUEST, words=f"{REQUEST.words} http://127.0.0.1:8765/x", allow_private=True)
    assert [one.url for one in read(request, data=[{"url": "http://127.0.0.1:8765/x"}]).plan.data] == [
        "http://127.0.0.1:8765/x"
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "document.title = 'x'", "fetch('/x')", "document.querySelector('a').click()", "eval('1')", "while(true);",
        "localStorage.setItem('a', 1)", "location.href = '/'", "a++",
    ],
)  # fmt: skip
def test_a_page_test_that_acts_is_refused_and_the_round_goes_on(expression):
    test = {"says": "t", "predicates": [{"kind": "page", "expression": expression}]}
    reading = read(tests=[test], checks=[{"number": 2, "predicates": test["predicates"]}])
    assert reading.plan.tests == ()
    assert reading.plan.reading(1).predicates == []
    assert reading.plan.reading(1).why_not
    assert len(reading.refused) == 2


def test_a_page_test_below_a_file_becomes_a_test_of_the_plan():
    page = {"kind": "page", "expression": "document.querySelector('#total') !== null"}
    reading = read(files=[{"path": "index.html", "source": "write", "predicates": [page]}])
    assert reading.plan.file("index.html").predicates == []
    assert [test.predicates for test in reading.plan.tests] == [[Page(expression=page["expression"])]]


def test_a_number_may_stand_for_the_text_of_a_step():
    steps = [{"do": "wait", "value": 500}, {"do": "fill", "selector": "#total", "value": 7.5}]
    page = {"kind": "page", "steps": steps, "expression": "document.title === 'T'"}
    reading = read(tests=[{"says": "t", "predicates": [page]}])
    assert [step.value for step in reading.plan.tests[0].predicates[0].steps] == ["500", "7.5"]


def test_expressions_unknown_numbers_and_second_readings_are_refused():
    numbers = [
        {"number": 1, "why_not": "-"},
        {"number": 9, "why_not": "-"},
        {"number": 2, "why_not": "a"},
        {"number": 2, "why_not": "b"},
    ]
    reading = read(checks=numbers)
    assert [(one.number, one.why_not) for one in reading.plan.checks] == [(2, "a")]
    assert len(reading.refused) == 3


def test_what_is_too_much_is_cut_and_said():
    files = [{"path": f"f{n}.txt", "source": "write"} for n in range(10_000)]
    tests = [{"says": f"t{n}", "predicates": [{"kind": "opens_without_errors"}]} for n in range(MOST_TESTS + 5)]
    reading = read(files=files, tests=tests)
    assert len(reading.plan.files) == MOST_FILES + 3
    assert len(reading.plan.tests) == MOST_TESTS
    assert "9940 of 10000 are left out" in reasons(reading)


def test_what_no_database_keeps_is_replaced():
    reading = read(files=[{"path": "a.txt", "source": "write", "what": "nul \0 and half \ud800"}], notes=["\ud83d"])
    assert "\0" not in reading.plan.file("a.txt").what
    reading.plan.model_dump_json().encode()


def test_a_hostile_brief_gains_nothing():
    plan = {
        "files": [
            {"path": "index.html", "source": "environment", "what": "print os.environ"},
            {"path": "x.txt", "source": "write", "content": "SECRET"},
        ],
        "environment": True,
        "secrets": ["GITHUB_TOKEN"],
        "steps": ["curl evil"],
    }
    reading = read_object(plan, REQUEST)
    assert set(reading.plan.model_dump()) == {"files", "absent", "data", "pages", "checks", "tests", "notes"}
    assert "SECRET" not in reading.plan.model_dump_json()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["path", "source", "kind", "predicates", "number", "url", "says", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["files", "absent", "data", "pages", "checks", "tests", "notes"]), JSON))
def test_nothing_that_json_can_say_raises(found):
    reading = read_object(found, REQUEST)
    if reading.plan:
        reading.plan.model_dump_json().encode()


def test_what_is_nested_too_deeply_is_no_plan():
    deep: list[object] = []
    for _ in range(3_000):
        deep = [deep]
    reading = read_object({"files": deep, "checks": [{"number": 2, "why_not": "-"}]}, REQUEST)
    assert reading.plan is None
    assert "nested too deeply" in reading.errors[0]


@given(st.text(max_size=300))
def test_no_text_raises(text):
    read_plan(text, REQUEST)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("index.html", "workflow_output"),
        ("README.md", "converted"),
        ("index.html", "computed"),
        ("tools/build.js", "computed"),
        ("index.html", "service"),
        ("CODE.md", "service"),
    ],
)
def test_what_nobody_else_makes_is_written(path: str, source: str):
    assert sources(read(files=[{"path": path, "source": source}]))[path] == "write"


@pytest.mark.parametrize(
    "planned",
    [
        {"path": "rates.csv", "source": "attachment"},
        {"path": "rates.csv", "source": "write"},
        {"path": "fixed.csv", "source": "changed", "origin": "rates.csv"},
        {"path": "rates.csv", "source": "converted", "origin": "book.xlsx"},
    ],
)
def test_what_is_made_of_an_attachment_that_could_not_be_had_is_refused(planned: dict[str, str]):
    lacking = replace(REQUEST, missing=frozenset({"rates.csv"}))
    reading = read(lacking, files=[planned])
    assert planned["path"] not in sources(reading)
    assert f"{planned['path']}: it is made of an attachment that could not be had" in reasons(reading)
    there = replace(lacking, present=frozenset({"rates.csv"}))
    assert planned["path"] in sources(read(there, files=[planned]))


def test_a_folder_may_be_forbidden_but_none_with_planned_files():
    reading = read(
        files=[{"path": "docs/a.md", "source": "write"}, {"path": "out/b.json", "source": "workflow_output"}],
        absent=["docs/", "out/", "./draft.txt"],
    )
    assert reading.plan.absent == ("out/", "draft.txt")
    assert reading.plan.forbidden == ("out/", "draft.txt", "out/b.json")
    assert [reading.plan.forbids(path) for path in ("out/b.json", "out/c/d.json", "docs/a.md", "outer")] == [
        True,
        True,
        False,
        False,
    ]


def test_of_two_readings_the_second_is_better_unless_it_has_more_errors_or_no_plan():
    whole, faulty, none = read(), read(pages="nowhere"), read_plan("no", REQUEST)
    assert better(faulty, whole) is whole
    assert better(whole, faulty) is whole
    assert better(faulty, none) is faulty
    assert better(none, faulty) is faulty
    assert better(none, none) is none


def test_data_at_the_port_of_another_service_is_not_fetched():
    url = "https://data.example:5432/rates"
    reading = read(replace(REQUEST, words=f"Show {url}."), data=[{"url": url, "name": "rates.json"}])
    assert not reading.plan.data
    assert "Port 5432 " in reasons(reading)
