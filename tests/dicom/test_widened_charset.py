import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, decode_bytes

from pacsd.dicom.charset import character_set, decode_text
from pacsd.dicom.widened_charset import Text, widened

JAPANESE = b"ISO 2022 IR 6\\ISO 2022 IR 87"


@pytest.mark.parametrize(
    ("declared", "value", "declares"),
    [
        (b"", "Doe^John", b""),
        (b"", "Müller", b"ISO_IR 100"),
        (b"ISO_IR 6", "Müller", b"ISO_IR 100"),
        (b"", "Ελένη", b"ISO 2022 IR 100\\ISO 2022 IR 126"),
        (b"", "Müller^Ελένη", b"ISO 2022 IR 100\\ISO 2022 IR 126"),
        (b"", "Иванов", b"ISO 2022 IR 100\\ISO 2022 IR 144"),
        (b"ISO_IR 6", "山田", b"ISO 2022 IR 100\\ISO 2022 IR 87"),
        (b"ISO_IR 100 ", "Müller", b"ISO_IR 100 "),
        (b"ISO_IR 100", "Ελένη", b"ISO 2022 IR 100\\ISO 2022 IR 126"),
        (JAPANESE, "Ελένη", JAPANESE + b"\\ISO 2022 IR 100\\ISO 2022 IR 126"),
        (b"\\ISO 2022 IR 87", "山田", b"\\ISO 2022 IR 87"),
        (b"ISO_IR 192", "山田 Ελένη", b"ISO_IR 192"),
        (b"GB18030", "Ελένη", b"GB18030"),
    ],
)  # fmt: skip
def test_what_is_declared(declared: bytes, value: str, declares: bytes) -> None:
    text = Text(value, "PN")
    found = widened(declared, [text])
    assert found.declared == declares
    assert found.holds(text)
    raw = found.encode(text)
    assert raw is not None
    assert decode_text(raw, character_set(declares), "PN").text == value


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (b"", "Müller \U0001f600"),
        (b"ISO_IR 6", "\U0001f600"),
        (b"ISO_IR 100", "Müller \U0001f600"),
        (b"ISO_IR 13 ", "\U0001f600"),
        (b"GBK", "ﷺ"),
        (b"ISO_IR_100", "Ελένη"),
    ],
)
def test_what_cannot_be_added_to_stays(declared: bytes, value: str) -> None:
    text = Text(value, "LO")
    found = widened(declared, [text])
    assert (found.declared, found.holds(text)) == (declared, False)


def test_as_few_sets_as_will_do_write_a_text() -> None:
    """JIS X 0208 has Greek letters, too."""
    texts = [Text("山田", "LO"), Text("Ελένη", "LO")]
    found = widened(b"ISO_IR 100", texts)
    assert found.encode(texts[1]) == b"\x1b-F" + "Ελένη".encode("iso8859_7")


def test_several_are_added() -> None:
    texts = [Text("Ελένη", "LO"), Text("ascii", "LO"), Text("Иванов", "LO")]
    found = widened(b"ISO_IR 100", texts)
    assert found.declared == b"ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144"
    assert all(map(found.holds, texts))


def test_what_nothing_holds_keeps_nothing_else_from_being_held() -> None:
    texts = [Text("Müller", "LO"), Text("\U0001f600", "LO")]
    found = widened(b"", texts)
    assert found.declared == b"ISO_IR 100"
    assert [found.holds(text) for text in texts] == [True, False]


@given(
    st.sampled_from(["", "ISO_IR 6", JAPANESE.decode()]),
    st.text(st.sampled_from("aZ äöÜñ"), max_size=20),
    st.text(st.sampled_from("aZ ÄñЖελ山\U0001f600"), max_size=20),
)
def test_bytes_that_no_set_was_declared_for_mean_what_they_meant(
    declared: str, old: str, new: str
) -> None:
    """Devices that declare nothing mean ISO-IR 100."""
    after = widened(declared.encode(), [Text(new, "LO")])
    assert decode_text(old.encode("latin-1"), after.charset, "LO").text == old


@given(
    st.sampled_from(["", "ISO_IR 100", "ISO_IR 144", "ISO_IR 166", "ISO_IR 192"]),
    st.text(st.sampled_from("aZ äöÜ ЖИ ελ שלום ก"), max_size=20),
    st.text(st.sampled_from("aZ ÄñЖελ"), max_size=20),
)
def test_the_text_that_was_there_means_what_it_meant(declared: str, old: str, new: str) -> None:
    before = widened(declared.encode(), [])
    raw = before.encode(Text(old, "LO"))
    after = widened(declared.encode(), [Text(new, "LO")])
    if raw is not None:
        assert decode_text(raw, after.charset, "LO").text == old
        encodings = convert_encodings(after.declared.decode().split("\\"))
        assert decode_bytes(raw, encodings, set()) == old
