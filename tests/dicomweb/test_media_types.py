import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.media_types import MAX_HEADER_LENGTH, MediaType, listed, media_type_of

RELATED = MediaType("multipart", "related", (("type", "application/dicom"), ("boundary", "b")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("application/dicom", MediaType("application", "dicom")),
        (" Application/DICOM+json ", MediaType("application", "dicom+json")),
        ("*/*", MediaType("*", "*")),
        ('multipart/related; type="application/dicom"; boundary=b', RELATED),
        ("multipart/related;type=application/dicom;boundary=b", RELATED),
        ("multipart/related ; TYPE = application/dicom ;; boundary = b;", RELATED),
        ("a/b;x=*", MediaType("a", "b", (("x", "*"),))),
        ("a/b;x=", MediaType("a", "b", (("x", ""),))),
        (r'a/b;x="a\"b;c,d\\"', MediaType("a", "b", (("x", 'a"b;c,d\\'),))),
        ("text/html;charset=utf-8;q=0.5", MediaType("text", "html", (
            ("charset", "utf-8"), ("q", "0.5"),
        ))),
    ],
)  # fmt: skip
def test_media_types(text: str, expected: MediaType) -> None:
    assert media_type_of(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "application", "/", "a/", "/b", "a/b/c", "a/b c", "a/b;x", 'a/b;x="', 'a/b;x="\\"',
     "a/b;x=1 2", "a/b,c/d", "a/b;=1", "ä/b", "a/b\0", "a/" + "b" * MAX_HEADER_LENGTH],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert media_type_of(text) is None


def test_parameters_by_name() -> None:
    assert RELATED.parameter("type") == "application/dicom"
    assert RELATED.parameter("start") == ""
    assert RELATED.essence == "multipart/related"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("a/b, c/d", ["a/b", "c/d"]),
        ('a/b;x="1,2",c/d', ['a/b;x="1,2"', "c/d"]),
        (r'a/b;x="\",",c/d', [r'a/b;x="\","', "c/d"]),
        ('a/b;x="1,c/d', ['a/b;x="1,c/d']),
    ],
)
def test_lists(header: str, expected: list[str]) -> None:
    assert list(listed(header)) == expected


TOKENS = st.text("abcdefgh-+.*1", min_size=1)
VALUES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))


@given(TOKENS, TOKENS, st.lists(st.tuples(TOKENS, VALUES), max_size=4))
def test_round_trip_of_quoted_values(kind: str, of: str, pairs: list[tuple[str, str]]) -> None:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for _, value in pairs)
    written = (f';{name}="{value}"' for (name, _), value in zip(pairs, quoted, strict=True))
    text = f"{kind}/{of}" + "".join(written)
    assert media_type_of(text) == MediaType(kind, of, tuple(pairs))
    assert list(listed(f"{text},{text}")) == [text, text]


@given(st.text(st.sampled_from('ab/;=" \\,*')))
def test_any_text_is_read(text: str) -> None:
    media_type_of(text)
    list(listed(text))
