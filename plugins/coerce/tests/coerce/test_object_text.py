import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.object_text import SPECIFIC_CHARACTER_SET, UNICODE, ObjectText, rewrite

from pacsd.dicom.charset import character_set, encode_text
from pacsd.dicom.vr import VR
from tests.coerced_trees import again, items, raw, tag, tree

NAME = tag("PatientName")
INSTITUTION = tag("InstitutionName")
SETS = {
    "": "Yamada^Tarou",
    "ISO_IR 100": "Buc^Jérôme",
    "ISO_IR 144": "Д^И",
    "ISO 2022 IR 6\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎",
    "ISO 2022 IR 6\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "GB18030": "Wang^XiaoDong=王^小东",
    "ISO_IR 192": "Wang^XiaoDong=王^小东",
}


def named(charset: str, name: str) -> ObjectText:
    encoded = encode_text(name, character_set(charset.encode()), VR.PN)
    assert encoded is not None
    inner = tree(PersonName=encoded)
    return ObjectText(
        tree(SpecificCharacterSet=charset, PatientName=encoded, ReferencedStudySequence=[inner])
    )


@pytest.mark.parametrize(("charset", "name"), SETS.items())
@pytest.mark.parametrize("value", ["plain", "Zürich", "病院", "Ελλάδα"])
def test_other_text_means_what_it_did_whatever_is_written_beside_it(
    charset: str, name: str, value: str
) -> None:
    text = named(charset, name)
    text.put(INSTITUTION, value)
    read = ObjectText(again(text.data_set))
    assert (read.text(NAME), read.text(INSTITUTION)) == (name, value)
    [inner] = items(read.data_set, "ReferencedStudySequence")
    inner.setdefault(SPECIFIC_CHARACTER_SET, read.data_set[SPECIFIC_CHARACTER_SET])
    assert ObjectText(inner).text(tag("PersonName")) == name


@pytest.mark.parametrize(("charset", "name"), SETS.items())
def test_text_is_rewritten_in_unicode_and_back(charset: str, name: str) -> None:
    text = named(charset, name)
    rewrite(text.data_set, UNICODE)
    assert raw(text.data_set, "PatientName") == name.encode()
    assert raw(items(text.data_set, "ReferencedStudySequence")[0], "PersonName") == name.encode()
    rewrite(text.data_set, charset.encode())
    assert text.text(NAME) == name


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\^="), max_size=9))
def test_whatever_is_put_is_read(value: str) -> None:
    text = named("ISO_IR 100", "Buc^Jérôme")
    text.put(INSTITUTION, value)
    assert text.text(INSTITUTION) == value
    assert text.text(NAME) == "Buc^Jérôme"


def test_what_the_other_sets_do_not_hold_is_refused_and_nothing_is_changed() -> None:
    text = named("ISO_IR 192", "王")
    with pytest.raises(NotCoerced, match="PatientName: has characters that are not in ISO_IR 100"):
        rewrite(text.data_set, b"ISO_IR 100")
    assert text.text(NAME) == "王"


def test_bytes_that_are_no_text_are_not_guessed() -> None:
    data_set = tree(SpecificCharacterSet="ISO_IR 192", PatientName=b"M\xfcller")
    with pytest.raises(NotCoerced, match="is no text in the character sets of the object"):
        rewrite(data_set, b"ISO_IR 100")


def test_what_is_the_same_already_is_left_alone_and_the_old_is_remembered() -> None:
    text = named("ISO_IR 100", "Buc^Jérôme")
    text.put(NAME, "Buc^Jérôme")
    assert not text.old
    before = text.data_set[NAME]
    text.put(NAME, "A")
    text.put(NAME, "B")
    text.remove(INSTITUTION)
    assert text.old == {NAME: before, INSTITUTION: None}
