from __future__ import annotations

import pytest

from engine.domain.http import Answer
from engine.inputs.downloads import NoDataError, as_file, read_answer
from tests.fakes import NOW

URL = "https://x.test/v1/latest"


def answer(body: bytes, media_type: str = "", *, status: int = 200, url: str = URL, truncated: bool = False) -> Answer:
    return Answer(status, {"content-type": media_type} if media_type else {}, body, url, truncated)


def named(body: bytes, media_type: str, *, url: str = URL, planned: str = "", taken: tuple[str, ...] = ()) -> str:
    return as_file(answer(body, media_type, url=url), url, planned, taken, now=NOW, live=False).name


@pytest.mark.parametrize(
    ("body", "media_type", "suffix"),
    [
        (b'{"a": 1}', "application/json; charset=utf-8", "json"),
        (b'{"a": 1}', "application/vnd.api+json", "json"),
        (b"[1]", "text/plain", "json"),
        (b"a,b\n1,2\n", "text/csv", "csv"),
        (b"hello", "text/plain", "txt"),
        (b"[not json", "text/plain", "txt"),
        (b"<rss/>", "application/xml", "xml"),
        ("ä".encode(), "", "txt"),
        ("a,b\n1,ä\n".encode("utf-16"), "text/csv", "csv"),
        ("a,b\n1,ä\n".encode("cp1252"), "text/csv; charset=windows-1252", "csv"),
    ],
)
def test_data_is_recognised_by_its_type_and_its_bytes(body: bytes, media_type: str, suffix: str) -> None:
    assert read_answer(answer(body, media_type)) == suffix


def test_the_charset_that_an_answer_names_is_kept_where_it_is_not_utf_8() -> None:
    latin = answer("ä".encode("latin-1"), "text/csv; charset=ISO-8859-1")
    assert as_file(latin, URL, "", (), now=NOW, live=False).media_type == "text/csv; charset=windows-1252"
    plain = answer("ä".encode(), "text/csv; charset=utf-8; header=present")
    assert as_file(plain, URL, "", (), now=NOW, live=False).media_type == "text/csv"


@pytest.mark.parametrize("body", [b'{"a": 1}\n{"a": 2}\n', b"[1, /* two */ 2]", b"[NaN]"])
def test_json_that_only_lenient_code_reads_is_data(body: bytes) -> None:
    assert read_answer(answer(body, "application/json")) == "json"


@pytest.mark.parametrize(
    ("came", "reason"),
    [
        (answer(b"<!doctype html><p>", "text/html"), "a page (HTML)"),
        (answer(b"\n<html>", "application/json"), "a page (HTML)"),
        (answer(b"\xef\xbb\xbf<!-- saved -->\n<html>", "text/csv"), "a page (HTML)"),
        (answer("\ufeff<!doctype html>".encode("utf-16-le"), "text/csv"), "a page (HTML)"),
        (answer(b"{nope", "application/json"), "does not parse"),
        (answer(b"[" * 100_000, "application/json"), "does not parse"),
        (answer(b"", "application/json"), "empty"),
        (answer(b"\x89PNG\0\xff", "image/png"), "no text"),
        (answer(b"let a", "text/javascript"), "no data"),
        (answer(b"{}", status=503), "HTTP 503"),
        (answer(b"{}", truncated=True), "larger than 20,000,000 bytes"),
    ],
)
def test_what_is_no_data_is_refused_with_the_reason(came: Answer, reason: str) -> None:
    with pytest.raises(NoDataError, match=reason.replace("(", r"\(").replace(")", r"\)")) as caught:
        read_answer(came)
    assert caught.value.is_page == ("HTML" in reason)


def test_the_name_is_the_plans_else_the_paths_and_never_a_taken_one() -> None:
    assert named(b"{}", "application/json") == "latest.json"
    assert named(b"{}", "application/json", planned="fx.json") == "fx.json"
    assert named(b"{}", "application/json", planned="fx.csv") == "latest.json"
    assert named(b"a,b", "text/csv", url="https://x.test/d/sales.csv?x=1") == "sales.csv"
    assert named(b"{}", "application/json", url="https://x.test/") == "x-test.json"
    assert named(b"{}", "application/json", url="https://x.test/..%2f..%2fetc") == "etc.json"
    assert named(b"{}", "application/json", taken=("latest.json",)) == "latest-2.json"


def test_the_prompt_says_where_data_comes_from_and_how_to_use_it() -> None:
    file = as_file(answer(b"{}", "application/json"), URL, "", (), now=NOW, live=False)
    assert file.note.startswith(f"Fetched by the service from {URL} on 2026-03-01 at 12:00 UTC")
    assert "never type, recall or invent its figures" in file.note
    example = as_file(answer(b"{}", "application/json"), URL, "", (), now=NOW, live=True)
    assert "The page asks the address itself at run time" in example.note
