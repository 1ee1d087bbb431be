from __future__ import annotations

from engine.domain.checks import parse_check
from engine.plan.predicates import Exists, LicenceMit, Words
from engine.plan.schema import CheckReading, DataAddress, FileSource, PlannedFile, PlannedTest, RequestPlan
from engine.plan.summary import UNREAD, SummaryEntry, summary
from engine.plan.wording import in_words, rule_in_words

CHECKS = [parse_check(text) for text in ("Repo has MIT license", "js: true", "It is pretty", "It is quick")]
THERE = Exists(path="a.txt")


def of(plan: RequestPlan, heading: str) -> tuple[SummaryEntry, ...]:
    return next((section.entries for section in summary(plan, CHECKS) if section.heading == heading), ())


def test_each_file_is_listed_with_its_source_and_its_rules() -> None:
    other = Words(path="b.csv", min=1)
    files = (
        PlannedFile(path="a.txt", source=FileSource.WRITE, what="a story", predicates=[THERE, other]),
        PlannedFile(path="b.csv", source=FileSource.CONVERTED, origin="b.xlsx", sheet="Sales"),
    )
    assert of(RequestPlan(files=files), "Files") == (
        SummaryEntry("a.txt, written by the model: a story", (rule_in_words(THERE), in_words(other))),
        SummaryEntry("b.csv, converted by the service (from b.xlsx, sheet Sales)"),
    )


def test_every_source_has_words() -> None:
    files = tuple(PlannedFile(path="a", source=source) for source in FileSource)
    descriptions = {entry.says for entry in of(RequestPlan(files=files), "Files")}
    assert len(descriptions) == len(FileSource)


def test_every_sentence_is_listed_with_what_decides_it_or_why_nothing_does() -> None:
    read = (CheckReading(number=1, predicates=[LicenceMit()]), CheckReading(number=3, why_not="taste"))
    assert of(RequestPlan(checks=read), "Checks") == (
        SummaryEntry("1. Repo has MIT license", (in_words(LicenceMit()),)),
        SummaryEntry("3. It is pretty", ("nothing decides it: taste",)),
        SummaryEntry("4. It is quick", (UNREAD,)),
    )


def test_a_reading_of_no_sentence_is_listed_as_such() -> None:
    (entry,) = (one for one in of(RequestPlan(checks=(CheckReading(number=9),)), "Checks") if one.says.startswith("9."))
    assert entry == SummaryEntry(
        "9. (no sentence among the request's checks)", ("nothing decides it: no reason is given",)
    )


def test_what_a_plan_is_silent_about_has_no_section() -> None:
    assert summary(RequestPlan(), []) == []
    assert [section.heading for section in summary(RequestPlan(notes=("n",)), [])] == ["Notes"]


def test_the_rest_of_a_plan_is_listed_too() -> None:
    plan = RequestPlan(
        absent=("result.json",),
        data=(DataAddress(url="https://a.example/x", name="x.json", at_run_time=True),
            DataAddress(url="https://b.example/")),
        pages="workflow",
        tests=(PlannedTest(says="the file is there", predicates=[THERE]),),
        notes=("euros are meant",),
    )  # fmt: skip
    assert of(plan, "Not to be committed") == (SummaryEntry("result.json"),)
    assert of(plan, "Data") == (
        SummaryEntry("https://a.example/x, published as x.json; the page asks it too"),
        SummaryEntry("https://b.example/"),
    )
    assert of(plan, "Published") == (SummaryEntry("by a workflow of the repository"),)
    assert of(plan, "The plan's own tests") == (SummaryEntry("the file is there", (in_words(THERE),)),)
    assert of(plan, "Notes") == (SummaryEntry("euros are meant"),)
