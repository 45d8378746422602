import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pacsd.dicomweb.headers import attachment, location, warning, warning_texts

ROOT = "http://pacs:8042/dicom-web"


def test_warning() -> None:
    text = "There are 7 additional results that can be requested"
    assert warning(ROOT, text) == f'299 {ROOT}: "{text}"'


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        (
            ['299 http://pacs/rs: "one", 299 - "two" "Thu, 01 Jan 2026 00:00:00 GMT"'],
            ["one", "two"],
        ),
        (['299 a "one"', '299 a "two"', '299 b "one"'], ["one", "two"]),
        ([r'299 a "a \"b\" c"'], ['a "b" c']),
        (['299 a "\u202e\x1b[2J"'], [r"\u202e\x1b[2J"]),
        (["299 a " + '"' + "x" * 300 + '"'], ["x" * 253 + "..."]),
        (
            [
                '199 a "miscellaneous"',
                "299 a unquoted",
                '299 a "open',
                '299 "no agent"',
                '299 a ""',
            ],
            [],
        ),
    ],
)
def test_what_warnings_say(values: list[str], expected: list[str]) -> None:
    assert warning_texts(values) == expected


@given(st.lists(st.text()))
def test_w21_any_warning_of_others_is_safe_to_show(values: list[str]) -> None:
    for said in warning_texts([f'299 a "{each}"' for each in values]):
        assert said.isprintable()
        assert said.isascii()
        assert len(said) <= 256


@given(st.text(st.characters(codec="ascii", exclude_characters='"\\'), min_size=1, max_size=200))
def test_round_trip_of_a_warning(text: str) -> None:
    assume(text.isprintable())
    assert warning_texts([warning(ROOT, text)]) == [text]


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("1.2.3.dcm", 'attachment; filename="1.2.3.dcm"'),
        ("a b.zip", "attachment; filename=\"a_b.zip\"; filename*=UTF-8''a%20b.zip"),
        ("山.zip", "attachment; filename=\"_.zip\"; filename*=UTF-8''%E5%B1%B1.zip"),
        ("../x", "attachment; filename=\"_x\"; filename*=UTF-8''..%2Fx"),
        ("", 'attachment; filename="_"; filename*=UTF-8\'\''),
    ],
)  # fmt: skip
def test_attachment(filename: str, expected: str) -> None:
    assert attachment(filename) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{ROOT}/studies/1.2?limit=1&x=%20", f"{ROOT}/studies/1.2?limit=1&x=%20"),
        ('/a b"<>\\^`{|}', "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("/ä", "/%C3%A4"),
    ],
)  # fmt: skip
def test_location(url: str, expected: str) -> None:
    assert location(url) == expected


SPLITTER = 'a"\r\nX-Evil: y\r\n\r\n<script>'


@pytest.mark.parametrize("value", [warning(ROOT, SPLITTER), warning(SPLITTER, ""),
                                   attachment(SPLITTER), location(SPLITTER)])  # fmt: skip
def test_w21_no_header_is_split(value: str) -> None:
    assert re.fullmatch(r"[ -~]+", value)
    assert value.count('"') in {0, 2}


@given(st.text())
def test_w21_any_text_stays_one_visible_line(text: str) -> None:
    for value in (warning(text, text), attachment(text), location(f"/{text}")):
        assert re.fullmatch(r"[ -~]+", value)
        assert value.count('"') in {0, 2}
        assert "\\" not in value
        assert len(value) < 20 * len(text) + 600


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_round_trip_of_a_filename(filename: str) -> None:
    message = Message()
    message["Content-Disposition"] = attachment(filename)
    encoded = re.search(r"filename\*=UTF-8''(.*)", attachment(filename))
    assert encoded is None or unquote(encoded[1]) == filename
    assert encoded is not None or message.get_filename() == filename
