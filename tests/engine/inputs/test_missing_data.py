from __future__ import annotations

from engine.domain.brief import MissingFile, Source
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.inputs.missing_data import missing_checks, missing_note, missing_result

API = MissingFile("latest.json", "it answered HTTP 503", Source.ADDRESS, "https://api.test/v1/latest")
TABLE = MissingFile("book.csv", "book.xls cannot be read", Source.WORKBOOK)
PICTURE = MissingFile("logo.png", "HTTP 404", url="https://x.test/logo.png")


def test_the_prompt_says_what_to_show_in_place_of_figures() -> None:
    note = missing_note([API, TABLE])
    assert note.startswith("https://api.test/v1/latest could not be read: it answered HTTP 503.")
    assert "The reason may be this service's own network. The page asks the address itself when it is opened" in note
    assert 'it shows "Data missing: api.test could not be read." where its figures would stand' in note
    assert (
        'book.csv could not be made: book.xls cannot be read. Show on the page: "Data missing: '
        'book.csv could not be read."' in note
    )
    assert note.count("Never invent, recall or estimate them.") == 2


def test_a_page_that_fetches_data_itself_has_instructions_and_no_required_words() -> None:
    assert "The page asks it itself at run time, and says so where it gets no answer." in missing_note([API], [API.url])
    assert "Data missing" not in missing_note([API], [API.url])
    assert missing_checks([API], [API.url]) == []
    assert len(missing_checks([API, TABLE], [API.url])) == 1


def test_a_missing_picture_is_named_and_not_checked() -> None:
    assert missing_note([PICTURE]) == "The attachment logo.png could not be fetched: HTTP 404."
    assert missing_checks([PICTURE]) == []


def test_the_browsers_verdict_counts_and_without_one_only_what_the_files_show() -> None:
    (lack,) = missing_checks([API])
    assert lack.check.kind is Kind.RULE

    def judged(verdict: Verdict, page: bytes, detail: str = "why") -> Verdict:
        result = CheckOutcome(Check(Kind.JS, ""), Target.LOCAL, verdict, detail)
        return missing_result(lack, result, {"index.html": page}).verdict

    assert judged(Verdict.PASS, b"") is Verdict.PASS
    assert judged(Verdict.FAIL, b"api.test") is Verdict.FAIL
    assert judged(Verdict.INCONCLUSIVE, b"", "false (boolean); out of reach: api.test (503 for /a (b))") is Verdict.FAIL
    both = "false (boolean); out of reach: api.test (503), cdn.test (no answer)"
    assert judged(Verdict.INCONCLUSIVE, b"", both) is Verdict.INCONCLUSIVE
    assert judged(Verdict.NOT_RUN, b"<p>Data of api.test is missing") is Verdict.UNVERIFIABLE
    assert judged(Verdict.NOT_RUN, b"<p>1.08") is Verdict.FAIL
