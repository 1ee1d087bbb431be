from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_app.processes.arriving_request import DRAINED, LONGEST_HEAD, ArrivingRequest

LARGEST = 1_000
POST = b"POST /handle_task HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "no body": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no fields": b"GET / HTTP/1.0\r\n\r\n",
    "bare line ends": b"GET / HTTP/1.1\nHost: x\n\n",
    "length": POST + b"content-LENGTH:  5 \r\n\r\n{\r\n\r\n",
    "no length": POST + b"Content-Length: 0\r\n\r\n",
    "chunks": CHUNKED + b'5\r\nabcde\r\n1a;name="v"\r\n' + b"\r\n" * 13 + b"\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n0\r\r\n0\r\nA: b\r\nC: d\r\n\r\n",
}
REFUSED_BY_THE_PARSER = {
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 9\r\n\r\n",
    "length and chunks": POST + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "other coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "no chunk size": CHUNKED + b"zz\r\n",
    "huge chunk size": CHUNKED + b"f" * 20 + b"\r\n",
    "long request line": b"GET /" + b"a" * 5_000,
    "long head": b"GET / HTTP/1.1\r\nA: " + b"a" * LONGEST_HEAD,
    "long chunk line": CHUNKED + b"1;" + b"a" * 10_000,
}


def fed(pieces: list[bytes]) -> tuple[ArrivingRequest, bytes]:
    request = ArrivingRequest(LARGEST)
    kept = b""
    for piece in pieces:
        assert not request.is_whole
        kept += request.feed(piece)
    return request, kept


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
@given(data=st.data())
def test_a_request_is_whole_with_its_last_byte_however_it_is_cut(name: str, data: st.DataObject) -> None:
    raw = WHOLE[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1), max_size=8)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    request, kept = fed(pieces)
    assert request.is_whole
    assert not request.is_too_large
    assert kept == raw


@pytest.mark.parametrize("name", WHOLE)
def test_a_request_without_its_last_byte_is_not_whole(name: str) -> None:
    assert not fed([WHOLE[name][:-1]])[0].is_whole


@pytest.mark.parametrize("name", REFUSED_BY_THE_PARSER)
def test_what_the_parser_refuses_does_not_wait_for_more(name: str) -> None:
    request, kept = fed([REFUSED_BY_THE_PARSER[name]])
    assert request.is_whole
    assert kept == REFUSED_BY_THE_PARSER[name]


def test_the_next_request_of_the_connection_is_kept_with_this_one() -> None:
    raw = WHOLE["length"] + WHOLE["no body"]
    request, kept = fed([raw])
    assert request.is_whole
    assert kept == raw


def test_a_body_that_is_too_large_is_dropped_up_to_its_end() -> None:
    head = POST + b"Content-Length: 5000\r\n\r\n"
    request, kept = fed([head, b"x" * 4_000, b"x" * 1_000])
    assert (request.is_whole, request.is_too_large) == (True, True)
    assert kept == head


@pytest.mark.parametrize("head", [POST + b"Content-Length: 999999999999\r\n\r\n", CHUNKED + b"fffffffff\r\n"])
def test_no_more_of_it_is_read_than_is_worth_an_answer(head: bytes) -> None:
    request, kept = fed([head, *[b"x" * 16_000_000] * (DRAINED // 16_000_000)])
    assert (request.is_whole, request.is_too_large) == (True, True)
    assert len(kept) < 20_000_000


def test_a_client_that_waits_for_leave_to_send_its_body_is_told_so() -> None:
    request, _ = fed([POST + b"Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n"])
    assert request.wants_continue
    assert not fed([POST + b"Content-Length: 3\r\n\r\n"])[0].wants_continue
    assert not fed([POST + b"Expect: 100-continue\r\n\r\n"])[0].wants_continue
