"""Bytes -> PDU records (PS3.8 section 9.3).

Each function takes the variable field of one whole PDU, the bytes behind its header. Lengths are
checked before anything is read by them, so memory grows with the bytes received and not with the
lengths declared. Whatever the bytes, nothing but `PDUError` is raised.
"""

import struct
from collections.abc import Container, Iterator
from functools import lru_cache

from pacsd.dicom import ae_title
from pacsd.ul.errors import AbortReason, PDUError
from pacsd.ul.items import ItemType, UserInformation
from pacsd.ul.pdu import (
    MAX_PROPOSED_SYNTAXES,
    MAX_TRANSFER_SYNTAXES,
    PDV,
    PDV_HEADER_LENGTH,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ContextAnswer,
    PDataTF,
    ProposedContext,
)
from pacsd.ul.user_information import decode_user_information

_ITEM_HEADER = struct.Struct(">BxH")
_PDV_HEADER = struct.Struct(">IBB")
_ASSOCIATE_FIXED_LENGTH = 68
_SHORT_PDU_LENGTH = 4
_CONTEXT_FIXED_LENGTH = 4
"""Presentation context id, reserved, result or reserved, reserved."""

MAX_PDVS = 4_096
"""Of one P-DATA-TF; a bound of ours, so that no PDU is many events at once."""

_MAX_ITEMS = MAX_TRANSFER_SYNTAXES + 2
"""Of one list of items: the syntaxes of a context and one too many, or 128 contexts and others."""

_MAX_REMEMBERED_BYTES = 1024
"""Of the syntaxes of one proposed context, so that what is remembered has a bound."""

# Compared with every item: a plain number is faster than a member of an enumeration.
_PROPOSED_CONTEXT = int(ItemType.PROPOSED_CONTEXT)
_CONTEXT_ANSWER = int(ItemType.CONTEXT_ANSWER)
_ABSTRACT_SYNTAX = int(ItemType.ABSTRACT_SYNTAX)
_TRANSFER_SYNTAX = int(ItemType.TRANSFER_SYNTAX)


def decode_associate_rq(field: memoryview) -> AssociateRQ:
    """A-ASSOCIATE-RQ (PS3.8 section 9.3.2)."""
    fixed = _AssociateFixed("A-ASSOCIATE-RQ", field)
    contexts: dict[int, ProposedContext] = {}
    syntaxes = 0
    for item_type, value in fixed.items:
        if item_type == _PROPOSED_CONTEXT:
            context_id = _context_id(fixed.name, value, contexts)
            abstract_syntax, transfer_syntaxes = _proposal(fixed.name, value)
            contexts[context_id] = ProposedContext(context_id, abstract_syntax, transfer_syntaxes)
            syntaxes += len(transfer_syntaxes)
            if syntaxes > MAX_PROPOSED_SYNTAXES:
                raise PDUError(
                    f"{fixed.name}: {syntaxes} transfer syntaxes up to presentation context "
                    f"{context_id}, {MAX_PROPOSED_SYNTAXES} are read (our own bound)"
                )
        else:
            fixed.take(item_type, value)
    return AssociateRQ(
        called_ae=fixed.called_ae,
        calling_ae=fixed.calling_ae,
        contexts=tuple(contexts.values()),
        user_information=fixed.user_information,
        application_context=fixed.application_context,
        protocol_version=fixed.protocol_version,
        bytes_11_to_74=bytes(field[4:_ASSOCIATE_FIXED_LENGTH]),
    )


def decode_associate_ac(field: memoryview) -> AssociateAC:
    """A-ASSOCIATE-AC (PS3.8 section 9.3.3)."""
    fixed = _AssociateFixed("A-ASSOCIATE-AC", field)
    contexts: dict[int, ContextAnswer] = {}
    for item_type, value in fixed.items:
        if item_type == _CONTEXT_ANSWER:
            context_id = _context_id(fixed.name, value, contexts)
            contexts[context_id] = _context_answer(fixed.name, value)
        else:
            fixed.take(item_type, value)
    return AssociateAC(
        called_ae=fixed.called_ae,
        calling_ae=fixed.calling_ae,
        contexts=tuple(contexts.values()),
        user_information=fixed.user_information,
        application_context=fixed.application_context,
        protocol_version=fixed.protocol_version,
    )


def decode_associate_rj(field: memoryview) -> AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""
    _check_short("A-ASSOCIATE-RJ", field)
    return AssociateRJ(result=field[1], source=field[2], reason=field[3])


def decode_release(field: memoryview) -> None:
    """A-RELEASE-RQ and -RP: four reserved bytes, untested (PS3.8 sections 9.3.6, 9.3.7)."""
    _check_short("A-RELEASE", field)


def decode_abort(field: memoryview) -> Abort:
    """A-ABORT (PS3.8 section 9.3.8)."""
    _check_short("A-ABORT", field)
    return Abort(source=field[2], reason=field[3])


def decode_p_data(field: memoryview) -> PDataTF:
    """P-DATA-TF (PS3.8 section 9.3.5); the data of each PDV is a view of `field`."""
    pdvs: list[PDV] = []
    offset, end = 0, len(field)
    while offset < end:
        if end - offset < PDV_HEADER_LENGTH:
            raise PDUError(f"P-DATA-TF: {end - offset} bytes left, no room for a PDV header")
        length, context_id, control = _PDV_HEADER.unpack_from(field, offset)
        following = offset + 4 + length
        if length < 2 or following > end:  # noqa: PLR2004 - the two header bytes the length counts
            raise PDUError(
                f"P-DATA-TF: PDV item length {length} at byte {offset} of {end} "
                "(PS3.8 section 9.3.5.1)"
            )
        data = field[offset + PDV_HEADER_LENGTH : following]
        pdvs.append(PDV(context_id, bool(control & 1), bool(control & 2), data))
        offset = following
        if len(pdvs) > MAX_PDVS:
            raise PDUError(f"P-DATA-TF: more than {MAX_PDVS} PDVs in one PDU (our own bound)")
    if not pdvs:
        raise PDUError("P-DATA-TF: no PDV item (PS3.8 section 9.3.5)")
    return PDataTF(tuple(pdvs))


class _AssociateFixed:
    """What A-ASSOCIATE-RQ and -AC have in common: the fixed fields and two single items."""

    def __init__(self, name: str, field: memoryview) -> None:
        if len(field) < _ASSOCIATE_FIXED_LENGTH:
            raise PDUError(
                f"{name}: {len(field)} bytes, the fixed fields need {_ASSOCIATE_FIXED_LENGTH}"
            )
        self.name = name
        self.protocol_version = int.from_bytes(field[0:2], "big")
        self.called_ae = ae_title.from_wire(field[4:20])
        self.calling_ae = ae_title.from_wire(field[20:36])
        self.application_context = ""
        self.user_information = UserInformation()
        self.items = _items(name, bytes(field), _ASSOCIATE_FIXED_LENGTH)
        self._seen: set[int] = set()

    def take(self, item_type: int, value: bytes) -> None:
        """Keep an item that occurs once; unrecognized items are ignored (PS3.8 section 9.3.1)."""
        if item_type in self._seen:
            raise PDUError(f"{self.name}: item {item_type:02X}H occurs twice")
        if item_type == ItemType.APPLICATION_CONTEXT:
            self._seen.add(item_type)
            self.application_context = _uid(f"{self.name}: application context", value)
        elif item_type == ItemType.USER_INFORMATION:
            self._seen.add(item_type)
            self.user_information = decode_user_information(self.name, memoryview(value))


def _items(where: str, field: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    end = len(field)
    count = 0
    while offset < end:
        count += 1
        if count > _MAX_ITEMS:
            raise PDUError(f"{where}: more than {_MAX_ITEMS} items (our own bound)")
        if end - offset < _ITEM_HEADER.size:
            raise PDUError(f"{where}: {end - offset} bytes left, no room for an item header")
        item_type, length = _ITEM_HEADER.unpack_from(field, offset)
        offset += 4
        following = offset + length
        if following > end:
            raise PDUError(
                f"{where}: item {item_type:02X}H declares {length} bytes, {end - offset} are left"
            )
        yield item_type, field[offset:following]
        offset = following


def _context_id(name: str, value: bytes, seen: Container[int]) -> int:
    """The id of a presentation context item: odd, and not seen before."""
    if len(value) < _CONTEXT_FIXED_LENGTH:
        raise PDUError(f"{name}: a presentation context item of {len(value)} bytes, 4 are due")
    context_id = value[0]
    if context_id % 2 == 0:
        raise PDUError(
            f"{name}: presentation context id {context_id} is even (PS3.8 section 9.3.2.2)"
        )
    if context_id in seen:
        raise PDUError(
            f"{name}: presentation context id {context_id} occurs twice (PS3.8 section 9.3.2.2)"
        )
    return context_id


def _proposal(name: str, value: bytes) -> tuple[str, tuple[str, ...]]:
    """The abstract syntax and the transfer syntaxes of a proposed presentation context."""
    syntaxes = value[_CONTEXT_FIXED_LENGTH:]
    try:
        if len(syntaxes) <= _MAX_REMEMBERED_BYTES:
            return _remembered_syntaxes(syntaxes)
        return _syntaxes(syntaxes)
    except PDUError as error:
        raise PDUError(f"{name}: presentation context {value[0]}: {error}") from None


def _syntaxes(value: bytes) -> tuple[str, tuple[str, ...]]:
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    for item_type, uid in _items("syntaxes", value, 0):
        if item_type == _TRANSFER_SYNTAX:
            if len(transfer_syntaxes) >= MAX_TRANSFER_SYNTAXES:
                raise PDUError(f"over {MAX_TRANSFER_SYNTAXES} transfer syntaxes (our own bound)")
            transfer_syntaxes.append(_uid("transfer syntax", uid))
        elif item_type == _ABSTRACT_SYNTAX:
            if abstract_syntax:
                raise PDUError("two abstract syntaxes (PS3.8 section 9.3.2.2)")
            abstract_syntax = _uid("abstract syntax", uid)
    if not abstract_syntax:
        raise PDUError("no abstract syntax (PS3.8 section 9.3.2.2)")
    return abstract_syntax, tuple(transfer_syntaxes)


# A device proposes the same each time it calls; its associations then also share the memory.
_remembered_syntaxes = lru_cache(maxsize=1024)(_syntaxes)


def _context_answer(name: str, value: bytes) -> ContextAnswer:
    context_id, result = value[0], value[2]
    where = f"{name}: presentation context {context_id}"
    # Only an acceptance has a transfer syntax that means something; some peers leave it out or
    # empty beside a rejection (PS3.8 section 9.3.3.2).
    items = _items(where, value, _CONTEXT_FIXED_LENGTH)
    syntaxes = [uid for item_type, uid in items if item_type == _TRANSFER_SYNTAX]
    if result != 0:
        return ContextAnswer(context_id, result, "")
    if len(syntaxes) != 1:
        raise PDUError(f"{where}: accepted with {len(syntaxes)} transfer syntaxes, one is due")
    return ContextAnswer(context_id, result, _uid(f"{where}: transfer syntax", syntaxes[0]))


def _uid(where: str, value: bytes) -> str:
    """A UID as a name: trailing padding goes, its form is judged by whoever looks it up."""
    text = value.rstrip(b"\0 ")
    if not text or not text.isascii():
        raise PDUError(f"{where}: {text[:64]!r} is not a UID (PS3.8 Annex F)")
    return text.decode("ascii")


def _check_short(name: str, field: memoryview) -> None:
    if len(field) != _SHORT_PDU_LENGTH:
        raise PDUError(
            f"{name}: PDU length {len(field)}, the standard says {_SHORT_PDU_LENGTH}",
            AbortReason.INVALID_PDU_PARAMETER,
        )
