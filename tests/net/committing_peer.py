"""Who takes wishes for storage commitment and hears results, and those who call to ask or tell."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field

import anyio

from pacsd.archive.commitments import CommitmentAsked, Taken
from pacsd.dicom.commitment import (
    COMMITMENT_INSTANCE,
    STORAGE_COMMITMENT,
    CommitmentRequest,
    CommitmentResult,
    NotCommitted,
    Reference,
    write_request,
    write_result,
)
from pacsd.dicom.header_stream import known_syntax
from pacsd.dimse.commands import NActionRQ, NEventReportRQ, Response
from pacsd.net.commitment_lines import CommitmentLines
from pacsd.net.committing import Committing
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, open_association, propose
from pacsd.ul.items import RoleSelection

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = known_syntax("1.2.840.10008.1.2.1")
KEPT, LOST = Reference(CT, "1.2.1"), Reference(CT, "1.2.2")
REQUEST = CommitmentRequest("1.9", (KEPT, LOST))
RESULT = CommitmentResult("1.9", (KEPT,), (NotCommitted(LOST, 0x0112),))
CONTEXTS = propose((STORAGE_COMMITMENT,), (EXPLICIT.uid,))
AS_SCP = (RoleSelection(STORAGE_COMMITMENT, scu_role=False, scp_role=True),)


@dataclass(slots=True)
class Desk:
    """Takes all wishes so, and hears results of these transactions; an error is raised.

    Where there is a gate nothing is taken before it is open.
    """

    taken: Taken = Taken.YES
    transactions: Collection[str] = ("1.9",)
    error: Exception | None = None
    gate: anyio.Event | None = None
    asked: list[CommitmentAsked] = field(default_factory=list)
    results: list[tuple[str, CommitmentResult]] = field(default_factory=list)
    lines: CommitmentLines = field(default_factory=CommitmentLines)
    changed: anyio.Event = field(default_factory=anyio.Event)

    async def take(self, asked: CommitmentAsked, /) -> Taken:
        if self.error is not None:
            raise self.error
        self.asked.append(asked)
        self.changed.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.taken

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        if self.error is not None:
            raise self.error
        self.results.append((peer_ae, result))
        return result.transaction_uid in self.transactions

    def committing(self, *known: str) -> Committing:
        return Committing(self, self, known.__contains__, self.lines)


async def calling(
    destination: Destination, roles: tuple[RoleSelection, ...] = ()
) -> RequestedAssociation:
    return await open_association(destination, CONTEXTS, roles=roles)


async def action(
    association: RequestedAssociation,
    data_set: bytes | None = None,
    *,
    sop_class: str = STORAGE_COMMITMENT,
    instance: str = COMMITMENT_INSTANCE,
    action_type: int = 1,
) -> Response:
    """N-ACTION with this Action Information, b"" for none."""
    raw = write_request(REQUEST, EXPLICIT) if data_set is None else data_set
    request = NActionRQ(
        message_id=association.session.next_message_id(),
        requested_sop_class_uid=sop_class,
        requested_sop_instance_uid=instance,
        action_type_id=action_type,
        has_data_set=bool(raw),
    )
    (context,) = association.session.contexts_as_scu()
    return await association.perform(context, request, pieces(raw) if raw else None)


async def event(
    association: RequestedAssociation,
    data_set: bytes | None = None,
    *,
    sop_class: str = STORAGE_COMMITMENT,
    instance: str = COMMITMENT_INSTANCE,
    event_type: int = 2,
) -> Response:
    """N-EVENT-REPORT with this Event Information, b"" for none."""
    raw = write_result(RESULT, EXPLICIT) if data_set is None else data_set
    request = NEventReportRQ(
        message_id=association.session.next_message_id(),
        affected_sop_class_uid=sop_class,
        affected_sop_instance_uid=instance,
        event_type_id=event_type,
        has_data_set=bool(raw),
    )
    negotiated = association.session.negotiated
    assert negotiated is not None
    (context,) = negotiated.contexts.values()
    return await association.perform(context, request, pieces(raw) if raw else None)


async def pieces(raw: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), size):
        yield raw[at : at + size]
