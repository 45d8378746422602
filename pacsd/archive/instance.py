"""Records of ingest: what comes in and what came of it."""

from dataclasses import dataclass

from pacsd.api.errors import StoreError
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.dicom.status import MAX_ERROR_COMMENT_LENGTH, Status


@dataclass(frozen=True, slots=True)
class InstanceRequest:
    """A SOP Instance that is about to arrive, named by the command, its syntax by the context.

    The UIDs are checked by whoever speaks the protocol; none is empty.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    reception: Reception


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """How it ended: a status of PS3.4 section B.2.3 and the text for Error Comment (0000,0902).

    `location` is None unless the object is durable; `sha256` is over the data set as received.
    """

    status: int
    comment: str
    location: Location | None
    sha256: bytes
    data_set_bytes: int


@dataclass(frozen=True, slots=True)
class IngestHealth:
    """How ingest is doing; `refusal` is None when objects are taken in, else why not.

    `warning` is None when nobody has to look at the store, else why somebody should.
    """

    refusal: str | None
    warning: str | None
    open_objects: int
    waiting_objects: int
    stored_objects: int
    stored_bytes: int
    refused_objects: int


def stored(location: Location, sha256: bytes, data_set_bytes: int) -> IngestOutcome:
    """The outcome of an object that is durable."""
    return IngestOutcome(Status.SUCCESS, "", location, sha256, data_set_bytes)


def refused(error: StoreError, data_set_bytes: int) -> IngestOutcome:
    """The outcome of an object that was not kept: A700, the peer may send it again."""
    comment = f"Not stored: {error.fault}"[:MAX_ERROR_COMMENT_LENGTH]
    return IngestOutcome(Status.OUT_OF_RESOURCES, comment, None, b"", data_set_bytes)
