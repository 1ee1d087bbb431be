from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inputs.request_fields import Cleaner
from engine.inputs.task_request import MOST_VALUES, UnusableError, decode, read
from tests.requests import PAYLOAD, SECRET, refused, shown, stored, taken

# --- What is unusable -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["email", "task", "nonce", "brief", "evaluation_url"], ids=shown)
@pytest.mark.parametrize("value", ["missing", None, 7, True, ["text"], {"a": 1}], ids=shown)
def test_a_text_field_that_is_no_text_is_named(field: str, value: object) -> None:
    payload = {k: v for k, v in PAYLOAD.items() if k != field} | ({} if value == "missing" else {field: value})
    assert list(refused(payload)) == [field]


@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        -1,
        1001,
        10**30,
        -(10**30),
        2.5,
        1e300,
        float("inf"),
        True,
        False,
        "",
        " ",
        "0",
        "1001",
        "²",
        "٢",
        "two",
        "1e1",
        "2.5",
        "-1",
        "9" * 5000,
        "0x2",
        "1_0",
        [1],
        {"round": 1},
    ],
    ids=shown,
)
def test_a_round_that_is_no_whole_number_from_1_to_1000_is_refused(value: object) -> None:
    assert list(refused(PAYLOAD | {"round": value})) == ["round"]


@pytest.mark.parametrize(
    ("value", "number"), [(1, 1), (1000, 1000), ("2", 2), (" 2 ", 2), ("2.0", 2), (2.0, 2), ("007", 7)], ids=shown
)
def test_a_whole_number_is_one_however_it_is_written(value: object, number: int) -> None:
    assert taken(round=value).number == number
    assert taken(round=value).request["round"] == value


@pytest.mark.parametrize(
    "url",
    [
        "ftp://evaluator.example/",
        "javascript:alert(1)",
        "evaluator.example/notify",
        "//evaluator.example",
        "https://",
        "http://127.0.0.1/",
        "http://localhost:9000/",
        "http://10.0.0.8/",
        "http://[::1]/",
        "http://2130706433/",
        "http://169.254.169.254/latest",
        "http://user:pass@evaluator.example/",
        "http://evaluator.example:0/",
        "http://a b/",
        "http://[",
        "https://evaluator.example:port/",
        "https://evaluator.example/\x00",
        "http://x/\ud800",
    ],
    ids=shown,
)
def test_an_address_that_cannot_receive_a_callback_is_refused(url: str) -> None:
    errors = refused(PAYLOAD | {"evaluation_url": url})
    assert list(errors) == ["evaluation_url"]
    assert all(reason.endswith(".") and not reason.endswith("..") for reason in errors["evaluation_url"])


def test_a_private_address_is_taken_where_that_is_allowed() -> None:
    url = "http://127.0.0.1:9000/notify"
    assert read(PAYLOAD | {"evaluation_url": url}, secrets=[SECRET], allow_private=True).evaluation_url == url


@pytest.mark.parametrize(
    ("origin", "url"),
    [("http://127.0.0.1:8000", "http://127.0.0.1:8000/x"), ("http://127.0.0.1", "http://127.0.0.1:80/x")],
    ids=shown,
)
def test_our_own_pages_are_never_too_private(origin: str, url: str) -> None:
    usable = read(PAYLOAD | {"evaluation_url": url}, secrets=[SECRET], allow_private=False, own_origins=(origin,))
    assert usable.evaluation_url == url


@pytest.mark.parametrize("field", ["email", "task", "nonce", "brief"], ids=shown)
@pytest.mark.parametrize("blank", ["", "  \n"], ids=shown)
def test_a_blank_text_is_refused(field: str, blank: str) -> None:
    assert refused(PAYLOAD | {field: blank}) == {field: ["is blank."]}


@pytest.mark.parametrize("blank", ["", "  \n"], ids=shown)
def test_a_blank_address_is_refused(blank: str) -> None:
    assert list(refused(PAYLOAD | {"evaluation_url": blank})) == ["evaluation_url"]


@pytest.mark.parametrize("around", [" {}", "{}\n", "\t{} \r\n", "\u00a0{}"], ids=shown)
def test_white_space_around_an_address_is_removed_with_a_warning(around: str) -> None:
    usable = taken(evaluation_url=around.format("https://evaluator.example/notify"))
    assert usable.evaluation_url == "https://evaluator.example/notify"
    assert usable.warnings == ["evaluation_url: the white space around it was removed"]


def test_an_address_at_the_port_of_another_service_is_taken_with_a_warning() -> None:
    usable = taken(evaluation_url="https://evaluator.example:25/notify")
    assert usable.evaluation_url == "https://evaluator.example:25/notify"
    assert [w for w in usable.warnings if "no callback can be sent" in w and "Port 25 " in w] == usable.warnings
    assert usable.warnings


def test_an_attachment_at_the_port_of_another_service_is_named() -> None:
    usable = taken(attachments=[{"name": "a.csv", "url": "http://files.example:6379/a.csv"}])
    assert [file.name for file in usable.attachments] == ["a.csv"]
    assert ["Port 6379 " in warning for warning in usable.warnings] == [True]


def test_an_address_with_a_fragment_is_taken_with_a_warning() -> None:
    usable = taken(evaluation_url="https://evaluator.example/notify#7")
    assert usable.evaluation_url == "https://evaluator.example/notify#7"
    assert "HTTP sends no fragment" in usable.warnings[0]


def test_every_bad_field_is_named_at_once() -> None:
    assert set(refused({})) == {"email", "task", "nonce", "brief", "round", "evaluation_url"}


@pytest.mark.parametrize("field", ["email", "task", "nonce"], ids=shown)
@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", f"x{SECRET}y"], ids=shown)
def test_an_identity_is_never_changed_so_what_cannot_be_stored_is_refused(field: str, text: str) -> None:
    assert list(refused(PAYLOAD | {field: text})) == [field]


@pytest.mark.parametrize(
    "secrets", [["hunter2", "hunter2-next"], ["hunter2-next", "hunter2"], ["hunter2-next", "shared"]]
)
def test_of_secrets_that_share_a_part_nothing_stays(secrets: list[str]) -> None:
    assert Cleaner(secrets, []).text("a hunter2-next b", "brief") == "a [removed: the shared secret] b"


def test_an_address_with_the_secret_is_refused() -> None:
    assert list(refused(PAYLOAD | {"evaluation_url": f"https://evaluator.example/?s={SECRET}"})) == ["evaluation_url"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1,}',
        b"\xff{}",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 101 + b"1" + b"}" * 101,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=shown,
)
def test_what_is_no_json_object_in_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the body is"):
        decode(body)


def test_a_byte_order_mark_is_no_obstacle_and_the_last_of_equal_keys_counts() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1, "a": 2}') == {"a": 2}


def test_keys_that_are_repeated_in_one_object_are_named_wherever_it_is() -> None:
    body = b'{"a": 1, "b": [{"url": 1, "\\u0075rl": 2, "url": 3}], "a": {"c": 1}, "c": {"a": 2}}'
    repeated: list[str] = []
    assert decode(body, repeated=repeated) == {"a": {"c": 1}, "b": [{"url": 3}], "c": {"a": 2}}
    assert sorted(repeated) == ["a", "url"]


def test_a_repeated_key_is_a_warning_without_the_secret_and_not_one_each_time() -> None:
    usable = read(PAYLOAD, secrets=[SECRET], allow_private=False, repeated=["url", "url", f"a{SECRET}"] + ["x"] * 500)
    assert [w for w in usable.warnings if "its last value is used" in w] == [
        "the key 'url' is in one object more than once; its last value is used",
        "the key 'a[removed: the shared secret]' is in one object more than once; its last value is used",
        "the key 'x' is in one object more than once; its last value is used",
    ]


# --- Anything at all --------------------------------------------------------------------------------------------------

TEXT = st.text(alphabet=st.characters(codec=None)) | st.sampled_from(
    [SECRET, f"data:,{SECRET}", "\x00", "\ud800", "data:;base64,AAA="]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ATTACHED = st.lists(st.fixed_dictionaries({"name": JSON, "url": TEXT | st.none()}) | JSON, max_size=4) | JSON


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_decoding_anything_raises_nothing_but_a_value_error(body: bytes) -> None:
    try:
        value = decode(body)
    except ValueError:
        return
    assert isinstance(value, dict)


@given(st.dictionaries(st.sampled_from(sorted(PAYLOAD)) | TEXT, JSON, max_size=5))
def test_reading_anything_is_refused_by_field_or_gives_what_can_be_stored(over: dict[str, object]) -> None:
    try:
        usable = read(PAYLOAD | over, secrets=[SECRET], allow_private=False)
    except UnusableError:
        return
    assert SECRET not in stored(usable)


@given(JSON, ATTACHED, JSON, JSON)
def test_whatever_is_lenient_is_never_refused(checks: object, attached: object, more: object, name: object) -> None:
    usable = taken(checks=checks, attachments=attached, more=more, **{str(name): 1} if str(name) not in PAYLOAD else {})
    assert SECRET not in stored(usable)


def test_an_attachment_that_holds_the_secret_is_neither_used_nor_kept() -> None:
    uri = "data:text/plain;base64," + base64.b64encode(b"x " + SECRET.encode() + b" y").decode()
    asked = taken(attachments=[{"name": "a.txt", "url": uri}, {"name": "b.txt", "url": "data:,b"}])
    assert [file.name for file in asked.attachments] == ["b.txt"]
    assert uri not in json.dumps(asked.request)
    assert any("a.txt" in warning and "secret" in warning for warning in asked.warnings)


@pytest.mark.parametrize(
    "bomb", [b"[%s{}]" % (b"{}," * MOST_VALUES), b"[%s1]" % (b"1.5," * MOST_VALUES)], ids=["objects", "numbers"]
)
def test_a_body_of_very_many_values_is_refused_before_it_is_parsed(bomb: bytes) -> None:
    with pytest.raises(ValueError, match="more than 100,000 values"):
        decode(b'{"checks": %s}' % bomb)


@pytest.mark.parametrize(
    "text", ["{[," * 200_000, '\\"{' * 100_000, "\\" * 200_001], ids=["braces", "quotes", "backslashes"]
)
def test_brackets_and_commas_in_text_are_no_values(text: str) -> None:
    assert decode(json.dumps({"brief": text}).encode()) == {"brief": text}


def test_an_unclosed_string_is_found_in_one_pass() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        decode(b'{"brief": "' + b'\\"' * 1_000_000)


def test_a_secret_that_is_too_short_to_be_looked_for_destroys_no_task() -> None:
    url = "https://evaluator.example/s"
    payload = PAYLOAD | {"secret": "s", "task": "sums", "brief": "Show sums.", "evaluation_url": url}
    files = [{"name": "a.csv", "url": "data:text/csv,sales"}]
    usable = read(payload | {"attachments": files, "checks": ["js: sum"]}, secrets=["s"], allow_private=False)
    assert (usable.task, usable.brief, usable.checks, usable.warnings) == ("sums", "Show sums.", ["js: sum"], [])
    assert [file.content for file in usable.attachments] == [b"sales"]
