import struct
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_description, dictionary_VR, keyword_for_tag
from pynetdicom.dimse_messages import _COMMAND_SET_KEYWORDS

from pacsd.dicom.errors import AETitleError
from pacsd.dimse.commands import Priority, Request
from pacsd.dimse.commands_dictionary import (
    ELEMENTS,
    CommandElement,
    decode_us,
    element_encoder,
    value_decoder,
)
from tests.dimse.command_strategies import MESSAGE_CLASSES, ae_titles, comments, tags, uids, us


@pytest.mark.parametrize(("field", "element"), ELEMENTS.items())
def test_every_element_agrees_with_the_command_dictionary(
    field: str, element: CommandElement
) -> None:
    assert dictionary_VR(element.number) == element.vr
    assert dictionary_description(element.number) == element.name
    keyword = keyword_for_tag(element.number)
    shortened = {
        "CommandGroupLength": "group_length",
        "CommandDataSetType": "has_data_set",
        "MoveOriginatorApplicationEntityTitle": "move_originator_ae_title",
        "OffendingElement": "offending_elements",
    }
    assert field == shortened.get(keyword, field)
    if keyword not in shortened:
        assert field.replace("_", "") == keyword.lower()


@pytest.mark.parametrize("cls", MESSAGE_CLASSES, ids=lambda cls: cls.message_name)
def test_every_message_has_the_fields_of_its_table(cls: type[Request]) -> None:
    ours = {keyword_for_tag(ELEMENTS[field.name].number) for field in fields(cls)}
    theirs = set(_COMMAND_SET_KEYWORDS[cls.message_name]) - {"CommandGroupLength", "CommandField"}
    assert theirs <= ours
    if issubclass(cls, Request):
        assert ours == theirs


def test_an_element_is_named_with_its_tag() -> None:
    assert str(ELEMENTS["message_id"]) == "Message ID (0000,0110)"


VALUES = {
    "message_id": us,
    "priority": st.sampled_from(Priority),
    "has_data_set": st.booleans(),
    "affected_sop_class_uid": uids,
    "move_destination": ae_titles,
    "error_comment": comments,
    "offending_elements": st.lists(tags, max_size=9).map(tuple),
}


@given(st.data())
def test_a_value_comes_back_from_its_element(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(VALUES[field])
    encoded = element_encoder(field)(value)
    group, number, length = struct.unpack_from("<HHL", encoded)
    assert (group, number, length) == (0, ELEMENTS[field].number, len(encoded) - 8)
    assert length % 2 == 0
    assert value_decoder(field)(encoded[8:]) == value


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        ("affected_sop_class_uid", b"1.2.3 ", "1.2.3"),
        ("affected_sop_class_uid", b"1.2.3\0\0\0", "1.2.3"),
        ("affected_sop_class_uid", b"1.2.3", "1.2.3"),
        ("affected_sop_class_uid", b"\xff/..", "\xff/.."),
        ("move_destination", b"  DEST\0\0", "DEST"),
        ("error_comment", b" no \0", "no"),
        ("has_data_set", b"\0\0", True),
        ("has_data_set", b"\x02\x01", True),
        ("offending_elements", b"", ()),
    ],
)
def test_what_devices_send_is_read(field: str, raw: bytes, value: object) -> None:
    assert value_decoder(field)(raw) == value


@pytest.mark.parametrize("raw", [b"", b"\1", b"\1\0\0", b"\1\0\0\0"])
def test_a_number_of_the_wrong_length_is_not_read(raw: bytes) -> None:
    with pytest.raises(struct.error):
        decode_us(raw)
    with pytest.raises(struct.error):
        value_decoder("has_data_set")(raw)


@pytest.mark.parametrize("raw", [b"\3\0", b"", b"\0"])
def test_an_undefined_priority_is_not_read(raw: bytes) -> None:
    with pytest.raises(KeyError):
        value_decoder("priority")(raw)


@pytest.mark.parametrize("raw", [b"\1", b"\1\0\2", b"\1\0\2\0\3\0"])
def test_half_a_tag_is_not_read(raw: bytes) -> None:
    with pytest.raises(struct.error):
        value_decoder("offending_elements")(raw)


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("message_id", 0x10000, struct.error),
        ("message_id", -1, struct.error),
        ("offending_elements", (1 << 32,), struct.error),
        ("affected_sop_class_uid", "1" * 65, ValueError),
        ("affected_sop_class_uid", "一", ValueError),
        ("move_destination", "seventeen letters", AETitleError),
        ("error_comment", "x" * 65, ValueError),
        ("error_comment", "a\\b", ValueError),
        ("error_comment", "a\nb", ValueError),
        ("error_comment", "ä", ValueError),
    ],
)
def test_a_value_outside_its_vr_is_not_written(
    field: str, value: object, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        element_encoder(field)(value)
