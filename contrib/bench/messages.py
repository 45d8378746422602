"""The PDUs the client sends, encoded once and beforehand, and what it looks at in the answers."""

import struct
from collections.abc import Iterator

from pacsd.dimse.command_codec import encode_command
from pacsd.dimse.commands import AnyCommand, CEchoRQ, CStoreRQ
from pacsd.ul import encode
from pacsd.ul.decode import decode_associate_ac
from pacsd.ul.items import RoleSelection, UserInformation
from pacsd.ul.pdu import HEADER_LENGTH, PDV, PDV_HEADER_LENGTH, Abort, AssociateRQ, PDataTF
from pacsd.ul.pdu import ProposedContext as Context

CALLED_AE = "PACSD"
CALLING_AE = "BENCH"
VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT_VR_LE = "1.2.840.10008.1.2"
EXPLICIT_VR_LE = "1.2.840.10008.1.2.1"
UID_ROOT = "2.25.125007522599693966915727316676444465874"
STUDY_UID = f"{UID_ROOT}.1"
SERIES_UID = f"{UID_ROOT}.2"
"""Of all objects that `store_message` makes."""

PLACEHOLDER_UID = f"{UID_ROOT}.{9_000_000_000_000}"

OWN_MAX_LENGTH = 131_072
_LONGEST_FRAGMENT = 131_072
CT_ROWS = 512
"""An image of 0.5 MB."""

SMALL_ROWS = 28
"""An object of 2 KB."""

_SUCCESS = struct.pack("<HHIH", 0x0000, 0x0900, 2, 0x0000)


def _associate_rq(
    *contexts: Context, roles: tuple[RoleSelection, ...] = (), calling_ae: str = CALLING_AE
) -> bytes:
    us = UserInformation(OWN_MAX_LENGTH, UID_ROOT, "PACSD_BENCH", role_selections=roles)
    return encode.encode_associate_rq(AssociateRQ(CALLED_AE, calling_ae, contexts, us))


def associate_rq_echo(calling_ae: str) -> bytes:
    """The A-ASSOCIATE-RQ of whoever wants to send C-ECHOs."""
    context = Context(1, VERIFICATION, (IMPLICIT_VR_LE,))
    return _associate_rq(context, calling_ae=calling_ae)


def _echo_rq() -> bytes:
    command = encode_command(CEchoRQ(message_id=1, affected_sop_class_uid=VERIFICATION))
    return encode.encode_p_data(PDataTF((PDV(1, is_command=True, is_last=True, data=command),)))


ASSOCIATE_RQ_ECHO = associate_rq_echo(CALLING_AE)
ASSOCIATE_RQ_STORE = _associate_rq(Context(1, CT_IMAGE_STORAGE, (EXPLICIT_VR_LE,)))
ASSOCIATE_RQ_FIND = _associate_rq(Context(1, STUDY_ROOT_FIND, (EXPLICIT_VR_LE,)))
ASSOCIATE_RQ_MOVE = _associate_rq(Context(1, STUDY_ROOT_MOVE, (EXPLICIT_VR_LE,)))
ASSOCIATE_RQ_GET = _associate_rq(
    Context(1, STUDY_ROOT_GET, (EXPLICIT_VR_LE,)),
    Context(3, CT_IMAGE_STORAGE, (EXPLICIT_VR_LE,)),
    roles=(RoleSelection(CT_IMAGE_STORAGE, scu_role=False, scp_role=True),),
)
ECHO_RQ = _echo_rq()
RELEASE_RQ = encode.RELEASE_RQ
ABORT = encode.encode_abort(Abort())


def is_success(p_data: bytes) -> bool:
    """Whether a P-DATA-TF holds a response with the Status 0000H (PS3.7 Annex C)."""
    return _SUCCESS in p_data


def max_length(associate_ac: bytes) -> int:
    """The longest P-DATA-TF variable field the acceptor takes; its 0 means any."""
    answer = decode_associate_ac(memoryview(associate_ac)[HEADER_LENGTH:])
    announced = answer.user_information.max_length or _LONGEST_FRAGMENT
    return min(announced, _LONGEST_FRAGMENT)


def store_message(max_length_bytes: int, rows: int = CT_ROWS) -> bytes:
    """A C-STORE-RQ of a square CT image with its data set, as PDUs; its UID is a placeholder."""
    return store_request(PLACEHOLDER_UID, b"".join(_ct_image(rows)), max_length_bytes)


def store_request(sop_instance_uid: str, data_set: bytes, max_length_bytes: int) -> bytes:
    """A C-STORE-RQ of a CT image with its data set, as PDUs."""
    request = CStoreRQ(
        message_id=1,
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid=sop_instance_uid,
    )
    return pdus(request, data_set, max_length_bytes)


def pdus(command: AnyCommand, data_set: bytes, max_length_bytes: int, context_id: int = 1) -> bytes:
    """A message, as PDUs; `data_set` may be empty."""
    pdvs = [PDV(context_id, is_command=True, is_last=True, data=encode_command(command))]
    pdvs += _fragments(context_id, data_set, max_length_bytes - PDV_HEADER_LENGTH)
    return b"".join(encode.encode_p_data(PDataTF((pdv,))) for pdv in pdvs)


def with_uid(message: bytes, serial: int) -> bytes:
    """The same message for another SOP Instance; `serial` is below 10 ** 12."""
    return message.replace(PLACEHOLDER_UID.encode(), uid(serial).encode())


def uid(serial: int) -> str:
    """The SOP Instance UID of that number."""
    return f"{UID_ROOT}.{8_000_000_000_000 + serial}"


def pixels(rows: int) -> bytes:
    """The Pixel Data of a square image."""
    return (bytes(range(256)) * (rows * rows // 128 + 1))[: rows * rows * 2]


def _fragments(context_id: int, data_set: bytes, fragment_bytes: int) -> Iterator[PDV]:
    for start in range(0, len(data_set), fragment_bytes):
        end = start + fragment_bytes
        is_last = end >= len(data_set)
        yield PDV(context_id, is_command=False, is_last=is_last, data=data_set[start:end])


def _ct_image(rows: int) -> Iterator[bytes]:
    """The elements of a small but complete image, Explicit VR Little Endian."""
    yield text_element(0x0008, 0x0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
    yield text_element(0x0008, 0x0016, b"UI", CT_IMAGE_STORAGE)
    yield text_element(0x0008, 0x0018, b"UI", PLACEHOLDER_UID)
    yield text_element(0x0008, 0x0020, b"DA", "20260101")
    yield text_element(0x0008, 0x0030, b"TM", "120000")
    yield text_element(0x0008, 0x0050, b"SH", "BENCH1")
    yield text_element(0x0008, 0x0060, b"CS", "CT")
    yield text_element(0x0010, 0x0010, b"PN", "BENCH^OBJECT")
    yield text_element(0x0010, 0x0020, b"LO", "BENCH1")
    yield text_element(0x0020, 0x000D, b"UI", STUDY_UID)
    yield text_element(0x0020, 0x000E, b"UI", SERIES_UID)
    yield text_element(0x0020, 0x0013, b"IS", "1")
    yield from image_elements(rows)


def image_elements(rows: int) -> Iterator[bytes]:
    """The elements of a square image that describe its pixels, and these."""
    yield from image_description(rows)
    words = pixels(rows)
    yield pixel_data_header(len(words)) + words


def image_description(rows: int, frames: int = 0) -> Iterator[bytes]:
    """The elements that describe the pixels; Number of Frames where there are any."""
    for element, value in (
        (0x0002, 1),
        (0x0010, rows),
        (0x0011, rows),
        (0x0100, 16),
        (0x0101, 12),
        (0x0102, 11),
        (0x0103, 0),
    ):
        yield struct.pack("<HH2sHH", 0x0028, element, b"US", 2, value)
        if element == 0x0002:  # noqa: PLR2004 - Photometric Interpretation follows Samples per Pixel
            yield text_element(0x0028, 0x0004, b"CS", "MONOCHROME2")
            if frames:
                yield text_element(0x0028, 0x0008, b"IS", f"{frames}")


def pixel_data_header(length: int) -> bytes:
    """The header of Pixel Data of so many bytes."""
    return struct.pack("<HH2sxxI", 0x7FE0, 0x0010, b"OW", length)


def text_element(group: int, element: int, vr: bytes, text: str) -> bytes:
    """An element of ASCII text, Explicit VR Little Endian."""
    padding = b"\0" if vr == b"UI" else b" "
    value = text.encode("ascii")
    value += padding * (len(value) % 2)
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value
