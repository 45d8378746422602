"""DIMSE status codes (PS3.7 Annex C, PS3.4): names, categories and words for a person."""

from enum import IntEnum, StrEnum

from pacsd.dicom import _status_data

# Error Comment (0000,0902) is of VR LO: PS3.7 section C.1, PS3.5 table 6.2-1.
MAX_ERROR_COMMENT_LENGTH = 64


class Status(IntEnum):
    """Status codes we send or act upon; a peer may send any other 16-bit number."""

    SUCCESS = 0x0000
    # PS3.7 Annex C: codes of every DIMSE service.
    NO_SUCH_ATTRIBUTE = 0x0105
    INVALID_ATTRIBUTE_VALUE = 0x0106
    ATTRIBUTE_LIST_ERROR = 0x0107
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    NO_SUCH_ARGUMENT = 0x0114
    INVALID_ARGUMENT_VALUE = 0x0115
    ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116
    INVALID_SOP_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    # PS3.3 section C.14.1.1: a Failure Reason of storage commitment.
    DUPLICATE_TRANSACTION_UID = 0x0131
    DUPLICATE_INVOCATION = 0x0210
    UNRECOGNIZED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    # PS3.4 sections B.2.3, C.4 and GG.4: storage, query and retrieve.
    OUT_OF_RESOURCES = 0xA700
    UNABLE_TO_CALCULATE_MATCHES = 0xA701
    UNABLE_TO_PERFORM_SUB_OPERATIONS = 0xA702
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATA_SET_MISMATCH = 0xA900
    COERCION = 0xB000
    SUB_OPERATIONS_FAILED = 0xB000
    MATCH_LIMIT_REACHED = 0xB001
    ELEMENTS_DISCARDED = 0xB006
    DATA_SET_MISMATCH_WARNING = 0xB007
    CANNOT_UNDERSTAND = 0xC000
    UNABLE_TO_PROCESS = 0xC001
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_WARNING = 0xFF01


class StatusCategory(StrEnum):
    """The status classes of PS3.7 Annex C."""

    SUCCESS = "success"
    PENDING = "pending"
    CANCEL = "cancel"
    WARNING = "warning"
    FAILURE = "failure"


_FIXED_CATEGORIES = {
    0x0000: StatusCategory.SUCCESS,
    0x0001: StatusCategory.WARNING,
    0x0107: StatusCategory.WARNING,
    0x0116: StatusCategory.WARNING,
    0xFE00: StatusCategory.CANCEL,
    0xFF00: StatusCategory.PENDING,
    0xFF01: StatusCategory.PENDING,
}

_WARNINGS = range(0xB000, 0xC000)

# A service's own code comes first; "query-retrieve" alone does not say which of its operations.
_TABLES = {"query-retrieve": ("find", "move", "get")}

# What PS3.4 lets these ranges mean in the services that use them, and PS3.3 section C.14.1.1.
_RANGES = (
    (0x0131, 0x0131, "Duplicate Transaction UID"),
    (0xA700, 0xA7FF, "Refused: Out of Resources"),
    (0xA900, 0xA9FF, "Data Set or Identifier Does Not Match SOP Class"),
    (0xC000, 0xCFFF, "Cannot Understand or Unable to Process"),
    (0xFF00, 0xFF01, "Pending"),
)


def category(code: int) -> StatusCategory:
    """The status class of a code (PS3.7 Annex C); a code outside every class is a failure."""
    fixed = _FIXED_CATEGORIES.get(code)
    if fixed is not None:
        return fixed
    return StatusCategory.WARNING if code in _WARNINGS else StatusCategory.FAILURE


def describe(code: int, service: str | None = None) -> str:
    """The status in words, for a person: `A700 Refused: Out of Resources (failure)`.

    `service` is a `registry.Service`, or "find", "get" or "move" for one operation of
    Query/Retrieve; without it only codes that mean the same everywhere get precise words.
    """
    tables = () if service is None else _TABLES.get(service, (str(service),))
    rows = [row for table in tables for row in _status_data.STATUSES.get(table, ())]
    for first, last, words in (*rows, *_status_data.STATUSES["general"], *_RANGES):
        if first <= code <= last:
            return f"{code:04X} {words} ({category(code)})"
    return f"{code:04X} ({category(code)})"
