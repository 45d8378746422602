"""Bytes -> the user information of an A-ASSOCIATE-RQ or -AC (PS3.7 Annex D.3.3)."""

import struct
from collections.abc import Callable, Iterator

from pacsd.dicom.text import printable
from pacsd.ul.errors import PDUError
from pacsd.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ItemType,
    OperationsWindow,
    RoleSelection,
    UserIdentityRQ,
    UserInformation,
)

_SUB_ITEM_HEADER = struct.Struct(">BBH")

MAX_SUB_ITEMS = 1_024
"""Of one user information item, and of UIDs in one sub-item; a bound of ours: three kinds may
occur once for each of 128 abstract syntaxes."""

_REPEATABLE = {
    ItemType.ROLE_SELECTION,
    ItemType.EXTENDED_NEGOTIATION,
    ItemType.COMMON_EXTENDED_NEGOTIATION,
}


class _Reader:
    """One sub-item read from front to back; running past its end is an error with its name."""

    def __init__(self, where: str, version: int, value: memoryview) -> None:
        self.where = where
        self.version = version
        self._value = value
        self._offset = 0

    def bytes(self, count: int) -> memoryview:
        end = self._offset + count
        if end > len(self._value):
            left = len(self._value) - self._offset
            raise PDUError(f"{self.where}: {count} bytes declared, {left} are left")
        part = self._value[self._offset : end]
        self._offset = end
        return part

    def number(self) -> int:
        return int.from_bytes(self.bytes(2), "big")

    def counted(self) -> memoryview:
        return self.bytes(self.number())

    def rest(self) -> memoryview:
        return self.bytes(len(self._value) - self._offset)

    def text(self, value: memoryview) -> str:
        raw = bytes(value).strip(b"\0 ")
        if not raw.isascii():
            raise PDUError(f"{self.where}: {raw[:64]!r} is not in the ASCII repertoire")
        return raw.decode("ascii")


def decode_user_information(name: str, field: memoryview) -> UserInformation:
    """All known sub-items; unknown ones are ignored (PS3.7 section D.3.3).

    Raises:
        PDUError: a sub-item that runs past the item or repeats, or a field past its sub-item.
    """
    found = _Found()
    offset, end, count = 0, len(field), 0
    while offset < end:
        count += 1
        if count > MAX_SUB_ITEMS:
            raise PDUError(f"{name}: more than {MAX_SUB_ITEMS} sub-items (our own bound)")
        if end - offset < _SUB_ITEM_HEADER.size:
            raise PDUError(f"{name}: user information ends within a sub-item header")
        kind, version, length = _SUB_ITEM_HEADER.unpack_from(field, offset)
        offset += _SUB_ITEM_HEADER.size
        if length > end - offset:
            raise PDUError(
                f"{name}: sub-item {kind:02X}H declares {length} bytes, {end - offset} are left"
            )
        where = f"{name}: sub-item {kind:02X}H"
        found.take(kind, _Reader(where, version, field[offset : offset + length]))
        offset += length
    return found.record()


class _Found:
    """The sub-items read so far."""

    def __init__(self) -> None:
        self._single: set[int] = set()
        self._max_length: int | None = None
        self._implementation_class_uid = ""
        self._implementation_version_name = ""
        self._operations_window: OperationsWindow | None = None
        self._role_selections: list[RoleSelection] = []
        self._extended: list[ExtendedNegotiation] = []
        self._common_extended: list[CommonExtendedNegotiation] = []
        self._user_identity: UserIdentityRQ | None = None
        self._user_identity_response: bytes | None = None

    def take(self, kind: int, reader: _Reader) -> None:
        keep = _KEEPERS.get(kind)
        if keep is None:
            return
        if kind in self._single:
            raise PDUError(f"{reader.where} ({ItemType(kind).name}) occurs twice")
        if kind not in _REPEATABLE:
            self._single.add(kind)
        keep(self, reader)

    def record(self) -> UserInformation:
        return UserInformation(
            max_length=self._max_length,
            implementation_class_uid=self._implementation_class_uid,
            implementation_version_name=self._implementation_version_name,
            operations_window=self._operations_window,
            role_selections=tuple(self._role_selections),
            extended_negotiations=tuple(self._extended),
            common_extended_negotiations=tuple(self._common_extended),
            user_identity=self._user_identity,
            user_identity_response=self._user_identity_response,
        )

    def max_length(self, reader: _Reader) -> None:
        self._max_length = int.from_bytes(reader.bytes(4), "big")

    def implementation_class_uid(self, reader: _Reader) -> None:
        self._implementation_class_uid = reader.text(reader.rest())

    def implementation_version_name(self, reader: _Reader) -> None:
        # Only ever shown to people; peers put Latin-1 here, no reason to refuse their images.
        raw = bytes(reader.rest()).strip(b"\0 ")
        self._implementation_version_name = printable(raw.decode("latin-1"))

    def operations_window(self, reader: _Reader) -> None:
        self._operations_window = OperationsWindow(reader.number(), reader.number())

    def role_selection(self, reader: _Reader) -> None:
        uid = reader.text(reader.counted())
        scu, scp = reader.bytes(2)
        self._role_selections.append(RoleSelection(uid, bool(scu), bool(scp)))

    def extended_negotiation(self, reader: _Reader) -> None:
        uid = reader.text(reader.counted())
        self._extended.append(ExtendedNegotiation(uid, bytes(reader.rest())))

    def common_extended_negotiation(self, reader: _Reader) -> None:
        sop_class_uid = reader.text(reader.counted())
        service_class_uid = reader.text(reader.counted())
        related = tuple(_uids(reader.where, reader.counted()))
        self._common_extended.append(
            CommonExtendedNegotiation(sop_class_uid, service_class_uid, related, reader.version)
        )

    def user_identity(self, reader: _Reader) -> None:
        identity_type, requested = reader.bytes(2)
        primary, secondary = bytes(reader.counted()), bytes(reader.counted())
        self._user_identity = UserIdentityRQ(identity_type, bool(requested), primary, secondary)

    def user_identity_response(self, reader: _Reader) -> None:
        self._user_identity_response = bytes(reader.counted())


def _uids(where: str, rest: memoryview) -> Iterator[str]:
    for _ in range(MAX_SUB_ITEMS):
        if not rest:
            return
        reader = _Reader(where, 0, rest)
        yield reader.text(reader.counted())
        rest = reader.rest()
    if rest:
        raise PDUError(f"{where}: more than {MAX_SUB_ITEMS} UIDs (our own bound)")


_KEEPERS: dict[int, Callable[[_Found, _Reader], None]] = {
    ItemType.MAXIMUM_LENGTH: _Found.max_length,
    ItemType.IMPLEMENTATION_CLASS_UID: _Found.implementation_class_uid,
    ItemType.OPERATIONS_WINDOW: _Found.operations_window,
    ItemType.ROLE_SELECTION: _Found.role_selection,
    ItemType.IMPLEMENTATION_VERSION_NAME: _Found.implementation_version_name,
    ItemType.EXTENDED_NEGOTIATION: _Found.extended_negotiation,
    ItemType.COMMON_EXTENDED_NEGOTIATION: _Found.common_extended_negotiation,
    ItemType.USER_IDENTITY_RQ: _Found.user_identity,
    ItemType.USER_IDENTITY_AC: _Found.user_identity_response,
}
