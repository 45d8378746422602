"""C-FIND, C-MOVE and C-GET as SCU (PS3.4 section C.4).

Identifiers are data sets in the Transfer Syntax of the presentation context that was accepted for
the operation: that of `association.context_for(model.find)`, `.move` or `.get`. Leaving an iterator
before its end, with `contextlib.aclosing` at once, cancels the operation.
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, cast

from pacsd.dicom.identifier import PATIENT_ROOT, PATIENT_STUDY_ONLY, STUDY_ROOT
from pacsd.dicom.level import Level
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.status import StatusCategory, category
from pacsd.dicom.text import printable
from pacsd.dimse.commands import (
    CFindRQ,
    CGetRQ,
    CMoveRQ,
    Priority,
    Request,
    Response,
    SubOperationsResponse,
)
from pacsd.dimse.session import Session
from pacsd.net.errors import OperationFailed
from pacsd.net.store_contexts import MAX_CONTEXTS, StoredAs, propose
from pacsd.ul.negotiation import PresentationContext
from pacsd.ul.pdu import ProposedContext

_ROOT = "1.2.840.10008.5.1.4.1.2"


class QueryModel(Enum):
    """An information model of Query/Retrieve (PS3.4 section C.6; the last one of section Y.4)."""

    PATIENT_ROOT = "1"
    STUDY_ROOT = "2"
    PATIENT_STUDY_ONLY = "3"
    COMPOSITE_INSTANCE_ROOT = "4"

    @property
    def find(self) -> str:
        """Its SOP class with C-FIND; COMPOSITE_INSTANCE_ROOT has none."""
        return f"{_ROOT}.{self.value}.1"

    @property
    def move(self) -> str:
        """Its SOP class with C-MOVE."""
        return f"{_ROOT}.{self.value}.2"

    @property
    def get(self) -> str:
        """Its SOP class with C-GET."""
        return f"{_ROOT}.{self.value}.3"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Its levels, the outermost first."""
        return _LEVELS[self]


_LEVELS = {
    QueryModel.PATIENT_ROOT: PATIENT_ROOT.levels,
    QueryModel.STUDY_ROOT: STUDY_ROOT.levels,
    QueryModel.PATIENT_STUDY_ONLY: PATIENT_STUDY_ONLY.levels,
    QueryModel.COMPOSITE_INSTANCE_ROOT: (Level.INSTANCE,),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a retrieval is: a C-MOVE-RSP or C-GET-RSP (PS3.7 sections 9.1.3 and 9.1.4).

    A number that the peer does not tell is None. `failed` is the data set of the final response,
    with the Failed SOP Instance UID List (0008,0058), or b"".
    """

    status: int
    remaining_count: int | None
    completed_count: int | None
    failed_count: int | None
    warning_count: int | None
    comment: str = ""
    failed: bytes = b""

    @property
    def is_final(self) -> bool:
        """Whether the retrieval is over."""
        return category(self.status) is not StatusCategory.PENDING


class Asking(Protocol):
    """An association that operations with several responses can be invoked over."""

    @property
    def session(self) -> Session:
        """Its session: the next Message ID."""

    def context_for(self, abstract_syntax: str) -> PresentationContext:
        """See `RequestedAssociation.context_for`."""

    def responses(
        self, context: PresentationContext, request: Request, identifier: bytes
    ) -> AsyncGenerator[tuple[Response, bytes], None]:
        """See `Invoker.responses`."""


async def find(
    association: Asking,
    model: QueryModel,
    identifier: bytes,
    *,
    priority: Priority = Priority.MEDIUM,
) -> AsyncGenerator[bytes, None]:
    """C-FIND: the Identifier of each match.

    Raises:
        NotAccepted: the peer accepted no context for it.
        OperationFailed: the peer could not tell all matches; those before came.
        AssociationError: the association ended before the final response came.
    """
    context = association.context_for(model.find)
    request = CFindRQ(
        message_id=association.session.next_message_id(),
        affected_sop_class_uid=model.find,
        priority=priority,
    )
    async with aclosing(association.responses(context, request, identifier)) as responses:
        async for response, match in responses:
            if category(response.status) is not StatusCategory.PENDING:
                _raise_unless(response, match, {StatusCategory.SUCCESS}, "find")
            elif response.has_data_set:
                yield match


def move(
    association: Asking,
    model: QueryModel,
    identifier: bytes,
    destination: str,
    *,
    priority: Priority = Priority.MEDIUM,
) -> AsyncGenerator[Progress, None]:
    """C-MOVE to the AE title `destination`: each response, the final one last.

    Raises:
        NotAccepted: the peer accepted no context for it.
        OperationFailed: the peer says that it failed.
        AssociationError: the association ended before the final response came.
    """
    request = CMoveRQ(
        message_id=association.session.next_message_id(),
        affected_sop_class_uid=model.move,
        move_destination=destination,
        priority=priority,
    )
    return _retrieval(association, model.move, request, identifier, "move")


def get(
    association: Asking,
    model: QueryModel,
    identifier: bytes,
    *,
    priority: Priority = Priority.MEDIUM,
) -> AsyncGenerator[Progress, None]:
    """C-GET: each response, the final one last; the objects go where `open_association` was told.

    Raises:
        NotAccepted: the peer accepted no context for it.
        OperationFailed: the peer says that it failed.
        AssociationError: the association ended before the final response came.
    """
    request = CGetRQ(
        message_id=association.session.next_message_id(),
        affected_sop_class_uid=model.get,
        priority=priority,
    )
    return _retrieval(association, model.get, request, identifier, "get")


def propose_get(model: QueryModel, stored: Collection[StoredAs]) -> tuple[ProposedContext, ...]:
    """The presentation contexts for a C-GET of such objects.

    Raises:
        ValueError: they need more contexts than an association has.
    """
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    contexts = propose(stored)
    if len(contexts) >= MAX_CONTEXTS:
        text = f"{len(contexts)} presentation contexts and one for C-GET, {MAX_CONTEXTS} are there"
        raise ValueError(f"{text} (PS3.8 section 9.3.2.2)")
    return (*contexts, ProposedContext(2 * len(contexts) + 1, model.get, syntaxes))


async def _retrieval(
    association: Asking, sop_class_uid: str, request: Request, identifier: bytes, operation: str
) -> AsyncGenerator[Progress, None]:
    context = association.context_for(sop_class_uid)
    fine = {*StatusCategory} - {StatusCategory.FAILURE}
    async with aclosing(association.responses(context, request, identifier)) as responses:
        async for response, data_set in responses:
            _raise_unless(response, data_set, fine, operation)
            # A session lets no other class of response pass.
            yield progress_of(cast("SubOperationsResponse", response), data_set)


def progress_of(response: SubOperationsResponse, data_set: bytes) -> Progress:
    """What a response says of a retrieval, that of an `OperationFailed` included."""
    return Progress(
        status=response.status,
        remaining_count=response.number_of_remaining_suboperations,
        completed_count=response.number_of_completed_suboperations,
        failed_count=response.number_of_failed_suboperations,
        warning_count=response.number_of_warning_suboperations,
        comment=printable(response.error_comment),
        failed=data_set,
    )


def _raise_unless(
    response: Response, data_set: bytes, fine: Collection[StatusCategory], operation: str
) -> None:
    if category(response.status) not in fine:
        raise OperationFailed(response, data_set, operation)
