"""DIMSE messages as records: the command sets of PS3.7 sections 9.3 and 10.3.

A field without default is mandatory on the wire. Optional text is '' and an optional number None
when absent. UIDs are as the peer sent them, not judged.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypedDict, Unpack

from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH
from pacsd.dicom.text import printable
from pacsd.dicom.uid import MAX_UID_LENGTH
from pacsd.dimse.commands_base import (
    AffectedClassRequest,
    AffectedInstanceRequest,
    Command,
    DataSetUse,
    Priority,
    Request,
    RequestedInstanceRequest,
    Response,
    SubOperationsResponse,
)

__all__ = [
    "MAX_ERROR_COMMENT_LENGTH",
    "AnyCommand",
    "CCancelRQ",
    "CEchoRQ",
    "CEchoRSP",
    "CFindRQ",
    "CFindRSP",
    "CGetRQ",
    "CGetRSP",
    "CMoveRQ",
    "CMoveRSP",
    "CStoreRQ",
    "CStoreRSP",
    "Command",
    "DataSetUse",
    "NActionRQ",
    "NActionRSP",
    "NCreateRQ",
    "NCreateRSP",
    "NDeleteRQ",
    "NDeleteRSP",
    "NEventReportRQ",
    "NEventReportRSP",
    "NGetRQ",
    "NGetRSP",
    "NSetRQ",
    "NSetRSP",
    "Priority",
    "Request",
    "Response",
    "SubOperationsResponse",
    "fit_error_comment",
    "response_to",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRSP(Response):
    """C-STORE-RSP (PS3.7 section 9.3.1.2)."""

    message_name: ClassVar[str] = "C-STORE-RSP"
    clause: ClassVar[str] = "PS3.7 section 9.3.1.2"
    command_field: ClassVar[int] = 0x8001
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRQ(AffectedInstanceRequest):
    """C-STORE-RQ (PS3.7 section 9.3.1.1)."""

    message_name: ClassVar[str] = "C-STORE-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.1.1"
    command_field: ClassVar[int] = 0x0001
    data_set_use: ClassVar[DataSetUse] = DataSetUse.ALWAYS
    response_type: ClassVar[type[Response]] = CStoreRSP
    has_data_set: bool = True
    priority: Priority = Priority.MEDIUM
    move_originator_ae_title: str = ""
    move_originator_message_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRSP(Response):
    """C-FIND-RSP (PS3.7 section 9.3.2.2)."""

    message_name: ClassVar[str] = "C-FIND-RSP"
    clause: ClassVar[str] = "PS3.7 section 9.3.2.2"
    command_field: ClassVar[int] = 0x8020


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRQ(AffectedClassRequest):
    """C-FIND-RQ (PS3.7 section 9.3.2.1)."""

    message_name: ClassVar[str] = "C-FIND-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.2.1"
    command_field: ClassVar[int] = 0x0020
    data_set_use: ClassVar[DataSetUse] = DataSetUse.ALWAYS
    response_type: ClassVar[type[Response]] = CFindRSP
    has_data_set: bool = True
    priority: Priority = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRSP(SubOperationsResponse):
    """C-GET-RSP (PS3.7 section 9.3.3.2)."""

    message_name: ClassVar[str] = "C-GET-RSP"
    clause: ClassVar[str] = "PS3.7 section 9.3.3.2"
    command_field: ClassVar[int] = 0x8010


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRQ(AffectedClassRequest):
    """C-GET-RQ (PS3.7 section 9.3.3.1)."""

    message_name: ClassVar[str] = "C-GET-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.3.1"
    command_field: ClassVar[int] = 0x0010
    data_set_use: ClassVar[DataSetUse] = DataSetUse.ALWAYS
    response_type: ClassVar[type[Response]] = CGetRSP
    has_data_set: bool = True
    priority: Priority = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRSP(SubOperationsResponse):
    """C-MOVE-RSP (PS3.7 section 9.3.4.2)."""

    message_name: ClassVar[str] = "C-MOVE-RSP"
    clause: ClassVar[str] = "PS3.7 section 9.3.4.2"
    command_field: ClassVar[int] = 0x8021


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRQ(AffectedClassRequest):
    """C-MOVE-RQ (PS3.7 section 9.3.4.1)."""

    message_name: ClassVar[str] = "C-MOVE-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.4.1"
    command_field: ClassVar[int] = 0x0021
    data_set_use: ClassVar[DataSetUse] = DataSetUse.ALWAYS
    response_type: ClassVar[type[Response]] = CMoveRSP
    has_data_set: bool = True
    move_destination: str
    priority: Priority = Priority.MEDIUM


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRSP(Response):
    """C-ECHO-RSP (PS3.7 section 9.3.5.2)."""

    message_name: ClassVar[str] = "C-ECHO-RSP"
    clause: ClassVar[str] = "PS3.7 section 9.3.5.2"
    command_field: ClassVar[int] = 0x8030
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRQ(AffectedClassRequest):
    """C-ECHO-RQ (PS3.7 section 9.3.5.1)."""

    message_name: ClassVar[str] = "C-ECHO-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.5.1"
    command_field: ClassVar[int] = 0x0030
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER
    response_type: ClassVar[type[Response]] = CEchoRSP


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRSP(Response):
    """N-EVENT-REPORT-RSP (PS3.7 section 10.3.1.2)."""

    message_name: ClassVar[str] = "N-EVENT-REPORT-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.1.2"
    command_field: ClassVar[int] = 0x8100


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRQ(AffectedInstanceRequest):
    """N-EVENT-REPORT-RQ (PS3.7 section 10.3.1.1)."""

    message_name: ClassVar[str] = "N-EVENT-REPORT-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.1.1"
    command_field: ClassVar[int] = 0x0100
    response_type: ClassVar[type[Response]] = NEventReportRSP
    event_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRSP(Response):
    """N-GET-RSP (PS3.7 section 10.3.2.2)."""

    message_name: ClassVar[str] = "N-GET-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.2.2"
    command_field: ClassVar[int] = 0x8110


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRQ(RequestedInstanceRequest):
    """N-GET-RQ (PS3.7 section 10.3.2.1)."""

    message_name: ClassVar[str] = "N-GET-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.2.1"
    command_field: ClassVar[int] = 0x0110
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER
    response_type: ClassVar[type[Response]] = NGetRSP
    attribute_identifier_list: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRSP(Response):
    """N-SET-RSP (PS3.7 section 10.3.3.2)."""

    message_name: ClassVar[str] = "N-SET-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.3.2"
    command_field: ClassVar[int] = 0x8120


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRQ(RequestedInstanceRequest):
    """N-SET-RQ (PS3.7 section 10.3.3.1)."""

    message_name: ClassVar[str] = "N-SET-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.3.1"
    command_field: ClassVar[int] = 0x0120
    data_set_use: ClassVar[DataSetUse] = DataSetUse.ALWAYS
    response_type: ClassVar[type[Response]] = NSetRSP
    has_data_set: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRSP(Response):
    """N-ACTION-RSP (PS3.7 section 10.3.4.2)."""

    message_name: ClassVar[str] = "N-ACTION-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.4.2"
    command_field: ClassVar[int] = 0x8130


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRQ(RequestedInstanceRequest):
    """N-ACTION-RQ (PS3.7 section 10.3.4.1)."""

    message_name: ClassVar[str] = "N-ACTION-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.4.1"
    command_field: ClassVar[int] = 0x0130
    response_type: ClassVar[type[Response]] = NActionRSP
    action_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRSP(Response):
    """N-CREATE-RSP (PS3.7 section 10.3.5.2)."""

    message_name: ClassVar[str] = "N-CREATE-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.5.2"
    command_field: ClassVar[int] = 0x8140


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRQ(AffectedInstanceRequest):
    """N-CREATE-RQ (PS3.7 section 10.3.5.1)."""

    message_name: ClassVar[str] = "N-CREATE-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.5.1"
    command_field: ClassVar[int] = 0x0140
    response_type: ClassVar[type[Response]] = NCreateRSP
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRSP(Response):
    """N-DELETE-RSP (PS3.7 section 10.3.6.2)."""

    message_name: ClassVar[str] = "N-DELETE-RSP"
    clause: ClassVar[str] = "PS3.7 section 10.3.6.2"
    command_field: ClassVar[int] = 0x8150
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRQ(RequestedInstanceRequest):
    """N-DELETE-RQ (PS3.7 section 10.3.6.1)."""

    message_name: ClassVar[str] = "N-DELETE-RQ"
    clause: ClassVar[str] = "PS3.7 section 10.3.6.1"
    command_field: ClassVar[int] = 0x0150
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER
    response_type: ClassVar[type[Response]] = NDeleteRSP


@dataclass(frozen=True, slots=True, kw_only=True)
class CCancelRQ(Command):
    """C-CANCEL-RQ (PS3.7 section 9.3.2.3): also for C-GET and C-MOVE; never answered itself."""

    message_name: ClassVar[str] = "C-CANCEL-RQ"
    clause: ClassVar[str] = "PS3.7 section 9.3.2.3"
    command_field: ClassVar[int] = 0x0FFF
    data_set_use: ClassVar[DataSetUse] = DataSetUse.NEVER
    message_id_being_responded_to: int


AnyCommand: TypeAlias = Request | Response | CCancelRQ


class ResponseElements(TypedDict, total=False):
    """What a response may say beside its status; the counts only for C-GET and C-MOVE."""

    has_data_set: bool
    affected_sop_instance_uid: str
    offending_elements: tuple[int, ...]
    error_comment: str
    error_id: int
    attribute_identifier_list: tuple[int, ...]
    number_of_remaining_suboperations: int
    number_of_completed_suboperations: int
    number_of_failed_suboperations: int
    number_of_warning_suboperations: int


def response_to(request: Request, status: int, **elements: Unpack[ResponseElements]) -> Response:
    """The response to `request`: its Message ID, SOP Class, SOP Instance and type ID copied.

    A UID too long to be one is not repeated; any text will do as `error_comment`.
    """
    fields: dict[str, Any] = {
        "affected_sop_class_uid": _repeatable(request.sop_class_uid),
        "affected_sop_instance_uid": _repeatable(request.sop_instance_uid),
    }
    if isinstance(request, NEventReportRQ):
        fields["event_type_id"] = request.event_type_id
    elif isinstance(request, NActionRQ):
        fields["action_type_id"] = request.action_type_id
    fields.update(elements)
    if "error_comment" in elements:
        fields["error_comment"] = fit_error_comment(elements["error_comment"])
    return request.response_type(
        message_id_being_responded_to=request.message_id, status=status, **fields
    )


def fit_error_comment(text: str) -> str:
    """The text as an Error Comment (0000,0902): one line of ASCII, at most 64 characters.

    VR LO uses the backslash to separate values (PS3.5 section 6.2), so none is left.
    """
    return printable(text, MAX_ERROR_COMMENT_LENGTH).replace("\\", "/").strip(" ")


def _repeatable(uid: str) -> str:
    return uid if len(uid) <= MAX_UID_LENGTH else ""
