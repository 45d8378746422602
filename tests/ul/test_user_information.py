import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.ul.errors import PDUError
from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)
from pacsd.ul.user_information import MAX_SUB_ITEMS, decode_user_information


def sub_item(kind: int, value: bytes, version: int = 0) -> bytes:
    return struct.pack(">BBH", kind, version, len(value)) + value


def counted(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def read(*sub_items: bytes) -> UserInformation:
    return decode_user_information("A-ASSOCIATE-RQ", memoryview(b"".join(sub_items)))


def test_nothing_is_everything_absent() -> None:
    assert read() == UserInformation()


def test_each_sub_item() -> None:
    """The values of the examples in PS3.7 Annex D.3.3, byte by byte."""
    info = read(
        sub_item(0x51, bytes.fromhex("00020000")),
        sub_item(0x52, b"1.2.3"),
        sub_item(0x53, bytes.fromhex("0003 0000")),
        sub_item(0x54, counted(b"1.2.4") + b"\x00\x01"),
        sub_item(0x55, b"VERSION_1"),
        sub_item(0x56, counted(b"1.2.5") + b"\x01\x00\x02"),
        sub_item(
            0x57,
            counted(b"1.2.6") + counted(b"1.2.7") + counted(counted(b"1.2.8") + counted(b"1.2.9")),
            version=1,
        ),
        sub_item(0x58, b"\x02\x01" + counted(b"user") + counted(b"passcode")),
        sub_item(0x59, counted(b"ticket")),
    )
    assert info == UserInformation(
        max_length=131_072,
        implementation_class_uid="1.2.3",
        implementation_version_name="VERSION_1",
        operations_window=OperationsWindow(3, 0),
        role_selections=(RoleSelection("1.2.4", scu_role=False, scp_role=True),),
        extended_negotiations=(ExtendedNegotiation("1.2.5", b"\x01\x00\x02"),),
        common_extended_negotiations=(
            CommonExtendedNegotiation("1.2.6", "1.2.7", ("1.2.8", "1.2.9"), version=1),
        ),
        user_identity=UserIdentityRQ(2, True, b"user", b"passcode"),
        user_identity_response=b"ticket",
    )


def test_what_devices_do_is_taken() -> None:
    """Unknown sub-items, NUL and space padding, a version name outside ASCII, neither role."""
    info = read(
        sub_item(0x60, b"unknown"),
        sub_item(0x52, b"1.2.3\0"),
        sub_item(0x55, b" M\xfcnchen\n "),
        sub_item(0x54, counted(b"1.2.4\0") + b"\x00\x00"),
    )
    assert info.implementation_class_uid == "1.2.3"
    assert info.implementation_version_name == r"M\xfcnchen\n"
    assert info.role_selections == (RoleSelection("1.2.4", scu_role=False, scp_role=False),)


REFUSED = {
    "header cut": (b"\x51\x00\x00", "user information ends within a sub-item header"),
    "past the item": (b"\x51\x00\x00\x05abcd", "sub-item 51H declares 5 bytes, 4 are left"),
    "short maximum length": (sub_item(0x51, b"abc"), "sub-item 51H: 4 bytes declared, 3 are left"),
    "short window": (sub_item(0x53, b"abc"), "sub-item 53H: 2 bytes declared, 1 are left"),
    "role without roles": (sub_item(0x54, counted(b"1.2")), "sub-item 54H: 2 bytes declared, 0"),
    "uid past its sub-item": (sub_item(0x56, b"\x7f\xff1.2"), "sub-item 56H: 32767 bytes declared"),
    "related past the list": (
        sub_item(0x57, counted(b"1") + counted(b"2") + counted(b"\xff\xff")),
        "sub-item 57H: 65535 bytes declared, 0 are left",
    ),
    "identity past its sub-item": (
        sub_item(0x58, b"\x01\x00" + counted(b"user") + b"\x80\x00"),
        "sub-item 58H: 32768 bytes declared, 0 are left",
    ),
    "zero-length identity": (sub_item(0x58, b""), "sub-item 58H: 2 bytes declared, 0 are left"),
    "not ASCII": (
        sub_item(0x52, b"1.\xff"),
        r"sub-item 52H: b'1\.\\xff' is not in the ASCII repertoire",
    ),
    "twice": (sub_item(0x51, bytes(4)) * 2, r"sub-item 51H \(MAXIMUM_LENGTH\) occurs twice"),
}


@pytest.mark.parametrize(("sub_items", "text"), REFUSED.values(), ids=REFUSED)
def test_d05_lengths_that_contradict_their_sub_items(sub_items: bytes, text: str) -> None:
    with pytest.raises(PDUError, match=f"^A-ASSOCIATE-RQ: {text}"):
        read(sub_items)


def test_d06_sub_items_have_a_bound() -> None:
    role = sub_item(0x54, counted(b"1") + b"\1\1")
    assert len(read(role * MAX_SUB_ITEMS).role_selections) == MAX_SUB_ITEMS
    with pytest.raises(PDUError, match=r"more than 1024 sub-items \(our own bound\)"):
        read(role * (MAX_SUB_ITEMS + 1))


def test_d06_related_uids_have_a_bound() -> None:
    def related(count: int) -> bytes:
        return sub_item(0x57, counted(b"1") + counted(b"2") + counted(counted(b"3") * count))

    [common] = read(related(MAX_SUB_ITEMS)).common_extended_negotiations
    assert len(common.related_general_sop_class_uids) == MAX_SUB_ITEMS
    with pytest.raises(PDUError, match=r"57H: more than 1024 UIDs \(our own bound\)"):
        read(related(MAX_SUB_ITEMS + 1))


def test_secrets_are_not_in_the_repr() -> None:
    info = read(
        sub_item(0x58, b"\x02\x01" + counted(b"user") + counted(b"passcode")),
        sub_item(0x59, counted(b"ticket")),
    )
    assert not {"user", "passcode", "ticket"} & set(repr(info).replace("'", " ").split())
    assert "passcode" not in repr(info)
    assert "ticket" not in repr(info)


@given(st.binary(max_size=200), st.integers(0x51, 0x59))
def test_nothing_but_pdu_errors_escape(noise: bytes, kind: int) -> None:
    texts = [""]
    for sub_items in (noise, sub_item(kind, noise)):
        try:
            read(sub_items)
        except PDUError as error:
            texts.append(str(error))
    assert "".join(texts).isprintable()
