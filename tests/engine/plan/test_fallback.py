from __future__ import annotations

from engine.domain.checks import parse_check
from engine.plan.allowed import PlanRequest
from engine.plan.fallback import fallback_plan
from engine.plan.schema import FileSource


def request(words: str, *attachments: str) -> PlanRequest:
    return PlanRequest(words, (parse_check("A sentence."),), attachments=frozenset(attachments))


def sources(words: str, *attachments: str) -> dict[str, FileSource]:
    return {one.path: one.source for one in fallback_plan(request(words, *attachments)).files}


def test_it_has_the_usual_files_and_decides_no_sentence():
    plan = fallback_plan(request("A page."))
    assert {one.path for one in plan.files} == {"index.html", "README.md", "LICENSE"}
    assert (plan.checks, plan.tests, plan.absent, plan.pages) == ((), (), (), "branch")


def test_code_that_the_request_names_may_be_rewritten_and_other_attachments_may_not():
    found = sources("Fix execute.py. It reads data.csv.", "execute.py", "data.csv", "other.py")
    assert found["execute.py"] is FileSource.CHANGED
    assert found["data.csv"] is found["other.py"] is FileSource.ATTACHMENT


def test_an_attached_page_is_to_be_changed():
    assert sources("Change the page.", "index.html")["index.html"] is FileSource.CHANGED


def test_addresses_that_end_in_a_data_suffix_are_fetched():
    words = (
        "Use https://a.example/x/rates.csv. And (https://b.example/y.json), "
        "not https://c.example/page.html nor https://d.example/api "
        "nor http://127.0.0.1/z.json nor https://e.example/{id}.json"
    )
    assert [one.url for one in fallback_plan(request(words)).data] == [
        "https://a.example/x/rates.csv",
        "https://b.example/y.json",
    ]
