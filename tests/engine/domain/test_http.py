from __future__ import annotations

import pytest

from engine.domain.http import Answer, cors_problem, preflight_headers, preflight_problem, retry_after
from tests.fakes import NOW


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("1.5", 1.5),
        ("1e999", None),
        ("²", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    ("allowed", "problem"),
    [
        (None, "it sends no Access-Control-Allow-Origin"),
        ("*", ""),
        ("https://us.test", ""),
        ("https://us.test/", "it allows only https://us.test/"),
        ("https://them.test", "it allows only https://them.test"),
        ("https://us.test, https://them.test", "it allows only https://us.test, https://them.test"),
    ],
)
def test_an_answer_names_the_origins_that_may_read_it(allowed: str | None, problem: str) -> None:
    headers = {} if allowed is None else {"access-control-allow-origin": allowed}
    assert cors_problem(headers, "https://us.test") == problem


@pytest.mark.parametrize(
    ("method", "headers", "names"),
    [
        ("GET", {"accept": "*/*", "sec-ch-ua": "x", "user-agent": "x", "referer": "x"}, None),
        ("POST", {"content-type": "text/plain;charset=UTF-8"}, None),
        ("POST", {"content-type": "application/json"}, ["content-type"]),
        ("GET", {"Authorization": "x", "X-Key": "1"}, ["authorization", "x-key"]),
        ("DELETE", {}, []),
    ],
)
def test_a_browser_asks_before_requests_that_no_form_could_send(
    method: str, headers: dict[str, str], names: list[str] | None
) -> None:
    assert preflight_headers(method, headers) == names


@pytest.mark.parametrize(
    ("status", "headers", "problem"),
    [
        (204, {"origin": "*", "headers": "X-KEY, authorization", "methods": "PUT"}, ""),
        (200, {"origin": "*", "headers": "x-key, Authorization", "methods": "*"}, ""),
        (405, {}, "it answers OPTIONS with 405"),
        (200, {}, "it sends no Access-Control-Allow-Origin"),
        (200, {"origin": "*", "methods": "GET, POST"}, "it does not allow the method PUT"),
        (200, {"origin": "*", "methods": "PUT", "headers": "*"}, "it does not allow the header authorization"),
    ],
)
def test_a_preflight_is_answered_for_origin_method_and_headers(
    status: int, headers: dict[str, str], problem: str
) -> None:
    answer = Answer(status, {f"access-control-allow-{name}": value for name, value in headers.items()}, b"", "")
    assert preflight_problem(answer, "https://us.test", "PUT", ["authorization", "x-key"]) == problem
