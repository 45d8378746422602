import re
from email.message import Message
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.headers import attachment, location, warning

ROOT = "http://pacs:8042/dicom-web"


def test_warning() -> None:
    text = "There are 7 additional results that can be requested"
    assert warning(ROOT, text) == f'299 {ROOT}: "{text}"'


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
