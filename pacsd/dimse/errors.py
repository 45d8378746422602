"""What this room refuses.

    DimseError
    ├── LocalCommandError    we built a command set that PS3.7 does not allow
    ├── MessageOrderError    a peer's fragments do not form messages; ends the association
    └── CommandError         a peer's command set breaks PS3.7; says whether it can be answered

Each message names the field, the value and the rule, safe to print on one log line.
"""


class DimseError(Exception):
    """A DIMSE message breaks a rule of PS3.7."""


class LocalCommandError(DimseError):
    """A command of ours has no encoding: a value is absent, too long or out of range."""


class MessageOrderError(DimseError):
    """A peer's fragments come in an order, a number or a length that no message has."""


class CommandError(DimseError):
    """A peer's command set cannot be carried out; holds what a response to it needs.

    Attributes:
        status: the DIMSE status to answer with (PS3.7 Annex C), or None when no response is
            possible: then the association ends with A-ABORT (source 0, reason 0).
        comment: the refusal without message name and clause, for Error Comment (0000,0902).
        command_field: Command Field as received, also when it names no DIMSE operation.
        message_id: Message ID of the request; never None when `status` is not.
        affected_sop_class_uid: Affected or Requested SOP Class UID as received, '' if unreadable.
        affected_sop_instance_uid: likewise the SOP Instance UID.
        has_data_set: whether a data set follows, to be read and dropped before the answer.
    """

    def __init__(
        self,
        message_name: str,
        comment: str,
        clause: str,
        *,
        status: int | None = None,
        command_field: int | None = None,
        message_id: int | None = None,
        affected_sop_class_uid: str = "",
        affected_sop_instance_uid: str = "",
        has_data_set: bool | None = None,
    ) -> None:
        super().__init__(f"{message_name}: {comment} ({clause})")
        self.comment = comment
        self.status = status
        self.command_field = command_field
        self.message_id = message_id
        self.affected_sop_class_uid = affected_sop_class_uid
        self.affected_sop_instance_uid = affected_sop_instance_uid
        self.has_data_set = has_data_set
