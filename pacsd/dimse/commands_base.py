"""What DIMSE messages have in common: request, response and the fields they share (PS3.7)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar


class Priority(IntEnum):
    """Priority (0000,0700) of a DIMSE-C operation."""

    LOW = 2
    MEDIUM = 0
    HIGH = 1


class DataSetUse(Enum):
    """Whether a message carries a data set (the last rows of each table in PS3.7 9.3, 10.3)."""

    NEVER = "never"
    OPTIONAL = "optional"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command set; `has_data_set` is Command Data Set Type (0000,0800) other than 0101H."""

    message_name: ClassVar[str]
    clause: ClassVar[str]
    command_field: ClassVar[int]
    data_set_use: ClassVar[DataSetUse] = DataSetUse.OPTIONAL
    has_data_set: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Command):
    """A response, with the status and every status element of PS3.7 Annex C."""

    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""
    offending_elements: tuple[int, ...] = ()
    error_comment: str = ""
    error_id: int | None = None
    event_type_id: int | None = None
    attribute_identifier_list: tuple[int, ...] = ()
    action_type_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubOperationsResponse(Response):
    """A response that counts C-STORE sub-operations (PS3.7 sections 9.1.3.1.6 to 9.1.3.1.9)."""

    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Command, ABC):
    """A request that is answered by a response with its Message ID."""

    response_type: ClassVar[type[Response]]
    message_id: int

    @property
    @abstractmethod
    def sop_class_uid(self) -> str:
        """Affected or Requested SOP Class UID, whichever this request carries."""

    @property
    @abstractmethod
    def sop_instance_uid(self) -> str:
        """Affected or Requested SOP Instance UID; '' for a request about no single instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedClassRequest(Request):
    """A request to a service as a whole, named by its SOP Class."""

    affected_sop_class_uid: str

    @property
    def sop_class_uid(self) -> str:
        """Affected SOP Class UID (0000,0002)."""
        return self.affected_sop_class_uid

    @property
    def sop_instance_uid(self) -> str:
        """Always '': the request names no instance."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedInstanceRequest(AffectedClassRequest):
    """A request that brings an instance or news of one."""

    affected_sop_instance_uid: str

    @property
    def sop_instance_uid(self) -> str:
        """Affected SOP Instance UID (0000,1000)."""
        return self.affected_sop_instance_uid


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedInstanceRequest(Request):
    """A request about an instance the performer holds."""

    requested_sop_class_uid: str
    requested_sop_instance_uid: str

    @property
    def sop_class_uid(self) -> str:
        """Requested SOP Class UID (0000,0003)."""
        return self.requested_sop_class_uid

    @property
    def sop_instance_uid(self) -> str:
        """Requested SOP Instance UID (0000,1001)."""
        return self.requested_sop_instance_uid
