"""PDU records -> bytes (PS3.8 section 9.3, PS3.7 Annex D.3.3). All numbers are big endian."""

import struct
from collections.abc import Iterable
from functools import lru_cache

from pacsd.dicom import ae_title
from pacsd.dicom.errors import AETitleError
from pacsd.dicom.text import printable
from pacsd.ul.errors import LocalProtocolError
from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ItemType,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)
from pacsd.ul.pdu import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    Buffer,
    ContextAnswer,
    PDataTF,
    PDUType,
    ProposedContext,
)

_PDU_HEADER = struct.Struct(">BxI")
_ASSOCIATE_FIXED = struct.Struct(">BxIHxx64s")
_ITEM_HEADER = struct.Struct(">BxH")
_PDV_HEADER = struct.Struct(">IBB")
_PDATA_ONE_PDV = struct.Struct(">BxIIBB")
_LENGTH = struct.Struct(">H")
_FOUR_BYTES = struct.Struct(">BxIBBBB")
_CHEAP_TO_COPY = 4_096
"""Up to so many bytes one buffer costs less than two: a command set, as a rule."""

_MAX_ITEM_LENGTH = 0xFFFF

# Written with every item and PDU: a plain number is faster than a member of an enumeration.
_PROPOSED_CONTEXT = int(ItemType.PROPOSED_CONTEXT)
_CONTEXT_ANSWER = int(ItemType.CONTEXT_ANSWER)
_ABSTRACT_SYNTAX = int(ItemType.ABSTRACT_SYNTAX)
_TRANSFER_SYNTAX = int(ItemType.TRANSFER_SYNTAX)
_P_DATA_TF = int(PDUType.P_DATA_TF)

RELEASE_RQ = _PDU_HEADER.pack(PDUType.RELEASE_RQ, 4) + bytes(4)
RELEASE_RP = _PDU_HEADER.pack(PDUType.RELEASE_RP, 4) + bytes(4)


def encode_associate_rq(pdu: AssociateRQ) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 section 9.3.2).

    Raises:
        LocalProtocolError: an AE title that cannot be sent, a name that is not ASCII, or an item
            too long for its length field.
    """
    contexts = b"".join(map(_proposed_context, pdu.contexts))
    return _associate(PDUType.ASSOCIATE_RQ, pdu, contexts)


def encode_associate_ac(pdu: AssociateAC) -> bytes:
    """A-ASSOCIATE-AC (PS3.8 section 9.3.3). Errors as for the request."""
    contexts = b"".join(map(_context_answer, pdu.contexts))
    return _associate(PDUType.ASSOCIATE_AC, pdu, contexts)


def encode_associate_rj(pdu: AssociateRJ) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""
    return _FOUR_BYTES.pack(PDUType.ASSOCIATE_RJ, 4, 0, pdu.result, pdu.source, pdu.reason)


def encode_abort(pdu: Abort) -> bytes:
    """A-ABORT (PS3.8 section 9.3.8)."""
    return _FOUR_BYTES.pack(PDUType.ABORT, 4, 0, 0, pdu.source, pdu.reason)


def encode_p_data(pdu: PDataTF) -> bytes:
    """P-DATA-TF (PS3.8 section 9.3.5), every PDV copied once."""
    parts: list[Buffer] = [b""]
    total = 0
    for context_id, is_command, is_last, data in pdu.pdvs:
        control = is_command | (is_last << 1)
        parts += (_PDV_HEADER.pack(len(data) + 2, context_id, control), data)
        total += len(data) + _PDV_HEADER.size
    parts[0] = _PDU_HEADER.pack(_P_DATA_TF, total)
    return b"".join(parts)


def cut(pdv: PDV, room: int) -> list[Buffer]:
    """The buffers of as many P-DATA-TF PDUs as its data needs, `room` bytes of it in each.

    Every PDU has one PDV; an empty data set still needs its one, empty, last fragment. Long data is
    referred to, not copied.
    """
    context_id, is_command, is_last, data = pdv
    length = len(data)
    if length <= room:
        return _one_pdv(context_id, is_command, is_last, data)
    view = memoryview(data)
    *starts, last = range(0, length, room)
    head = _PDATA_ONE_PDV.pack(_P_DATA_TF, room + 6, room + 2, context_id, is_command)
    buffers: list[Buffer] = []
    for start in starts:
        buffers += (head, view[start : start + room])
    buffers += _one_pdv(context_id, is_command, is_last, view[last:])
    return buffers


def _one_pdv(
    context_id: int,
    is_command: bool,
    is_last: bool,
    data: Buffer,
) -> list[Buffer]:
    length = len(data)
    control = is_command | (is_last << 1)
    head = _PDATA_ONE_PDV.pack(_P_DATA_TF, length + 6, length + 2, context_id, control)
    return [b"".join((head, data))] if length <= _CHEAP_TO_COPY else [head, data]


def _associate(pdu_type: PDUType, pdu: AssociateRQ | AssociateAC, contexts: bytes) -> bytes:
    items = (
        _text_item(ItemType.APPLICATION_CONTEXT, pdu.application_context)
        + contexts
        + _item(ItemType.USER_INFORMATION, _user_information(pdu.user_information))
    )
    titles = _ae_title_field(pdu_type, pdu.called_ae) + _ae_title_field(pdu_type, pdu.calling_ae)
    if pdu_type is PDUType.ASSOCIATE_AC and pdu.bytes_11_to_74:
        titles = pdu.bytes_11_to_74
    fixed = _ASSOCIATE_FIXED.pack(
        pdu_type,
        _ASSOCIATE_FIXED.size - _PDU_HEADER.size + len(items),
        pdu.protocol_version,
        titles,
    )
    return fixed + items


def _ae_title_field(pdu_type: PDUType, title: str) -> bytes:
    if pdu_type is PDUType.ASSOCIATE_RQ:
        try:
            return ae_title.to_wire(title)
        except AETitleError as error:
            raise LocalProtocolError(f"A-ASSOCIATE-RQ: {error}") from None
    # The answer repeats the request's title, whatever it is (PS3.8 section 9.3.3, table 9-17).
    return title.encode("latin-1", "replace")[:16].ljust(16)


def _item(item_type: int, value: bytes) -> bytes:
    if len(value) > _MAX_ITEM_LENGTH:
        raise LocalProtocolError(
            f"{ItemType(item_type).name}: {len(value)} bytes do not fit an item of at most "
            f"{_MAX_ITEM_LENGTH} (PS3.8 section 9.3)"
        )
    return _ITEM_HEADER.pack(item_type, len(value)) + value


# Remembered because the same few syntaxes fill most items; what is encoded is ours or agreed to.
@lru_cache(maxsize=1024)
def _text_item(item_type: int, value: str) -> bytes:
    return _item(item_type, _ascii(value))


def _ascii(value: str) -> bytes:
    try:
        return value.encode("ascii")
    except UnicodeEncodeError:
        raise LocalProtocolError(f"'{printable(value)}' is not ASCII (PS3.8 Annex F)") from None


def _counted(value: bytes) -> bytes:
    if len(value) > _MAX_ITEM_LENGTH:
        raise LocalProtocolError(f"a field of {len(value)} bytes exceeds {_MAX_ITEM_LENGTH}")
    return _LENGTH.pack(len(value)) + value


def _proposed_context(context: ProposedContext) -> bytes:
    syntaxes = b"".join([_text_item(_TRANSFER_SYNTAX, uid) for uid in context.transfer_syntaxes])
    abstract = _text_item(_ABSTRACT_SYNTAX, context.abstract_syntax)
    head = bytes((context.context_id, 0, 0, 0))
    return _item(_PROPOSED_CONTEXT, head + abstract + syntaxes)


def _context_answer(answer: ContextAnswer) -> bytes:
    syntax = _text_item(_TRANSFER_SYNTAX, answer.transfer_syntax)
    return _item(_CONTEXT_ANSWER, bytes((answer.context_id, 0, answer.result, 0)) + syntax)


def _user_information(info: UserInformation) -> bytes:
    return b"".join(_sub_items(info))


def _sub_items(info: UserInformation) -> Iterable[bytes]:
    """The sub-items in the order of their types, as PS3.7 Annex D.3.3 lists them."""
    if info.max_length is not None:
        yield _item(ItemType.MAXIMUM_LENGTH, info.max_length.to_bytes(4, "big"))
    if info.implementation_class_uid:
        yield _text_item(ItemType.IMPLEMENTATION_CLASS_UID, info.implementation_class_uid)
    if info.operations_window is not None:
        window = info.operations_window
        value = _LENGTH.pack(window.max_invoked) + _LENGTH.pack(window.max_performed)
        yield _item(ItemType.OPERATIONS_WINDOW, value)
    yield from map(_role_selection, info.role_selections)
    if info.implementation_version_name:
        yield _text_item(ItemType.IMPLEMENTATION_VERSION_NAME, info.implementation_version_name)
    yield from map(_extended_negotiation, info.extended_negotiations)
    yield from map(_common_extended_negotiation, info.common_extended_negotiations)
    if info.user_identity is not None:
        yield _user_identity(info.user_identity)
    if info.user_identity_response is not None:
        yield _item(ItemType.USER_IDENTITY_AC, _counted(info.user_identity_response))


def _role_selection(role: RoleSelection) -> bytes:
    uid = _counted(_ascii(role.sop_class_uid))
    return _item(ItemType.ROLE_SELECTION, uid + bytes((role.scu_role, role.scp_role)))


def _extended_negotiation(extended: ExtendedNegotiation) -> bytes:
    uid = _counted(_ascii(extended.sop_class_uid))
    return _item(ItemType.EXTENDED_NEGOTIATION, uid + extended.application_information)


def _common_extended_negotiation(common: CommonExtendedNegotiation) -> bytes:
    related = b"".join(_counted(_ascii(uid)) for uid in common.related_general_sop_class_uids)
    value = (
        _counted(_ascii(common.sop_class_uid))
        + _counted(_ascii(common.service_class_uid))
        + _counted(related)
    )
    item = bytearray(_item(ItemType.COMMON_EXTENDED_NEGOTIATION, value))
    # This sub-item's second byte is its version, not reserved (PS3.7 table D.3-12).
    item[1] = common.version
    return bytes(item)


def _user_identity(identity: UserIdentityRQ) -> bytes:
    head = bytes((identity.identity_type, identity.is_response_requested))
    fields = _counted(identity.primary_field) + _counted(identity.secondary_field)
    return _item(ItemType.USER_IDENTITY_RQ, head + fields)
