"""What a session tells its user, beside the association's own events."""

from dataclasses import dataclass
from typing import TypeAlias

from pacsd.dimse.commands import Request, Response
from pacsd.dimse.errors import CommandError
from pacsd.ul.events import Event as AssociationEvent
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import Buffer


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """The command set of a request is complete; its data set follows if `request.has_data_set`."""

    context: PresentationContext
    request: Request


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """The command set of a response is complete; its data set follows if it says so."""

    context: PresentationContext
    response: Response


@dataclass(frozen=True, slots=True)
class DataSetFragment:
    """A part of the data set of the message announced last, in order.

    `data` is a view of the receive buffer: valid until the next call into the session.
    """

    message_id: int
    is_response: bool
    data: Buffer
    is_last: bool


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """C-CANCEL of an open operation (PS3.7 section 9.3.2.3); for others it means nothing."""

    message_id: int


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request that could not be read has been answered with the status in `error`."""

    context: PresentationContext
    error: CommandError


@dataclass(frozen=True, slots=True)
class PDVsTaken:
    """So many PDVs were taken that say nothing to the user: nothing is to be done about them.

    They are fragments of a command set still incomplete, or of what is dropped. Told from time to
    time, so that no call of `next_event` takes long and others have their turn.
    """

    count: int


Event: TypeAlias = (
    RequestReceived
    | ResponseReceived
    | DataSetFragment
    | CancelReceived
    | RequestRefused
    | PDVsTaken
    | AssociationEvent
)
