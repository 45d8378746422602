"""An association for as long as a block of code, and an orderly end of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import anyio

from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association
from pacsd.net.sub_operations import ReportPort, StorePort
from pacsd.ul.items import RoleSelection
from pacsd.ul.pdu import ProposedContext


@asynccontextmanager
async def associated(
    destination: Destination,
    contexts: tuple[ProposedContext, ...],
    timeouts: Timeouts,
    *,
    store: StorePort | None = None,
    extended: Mapping[str, bytes] = MappingProxyType({}),
    roles: Sequence[RoleSelection] = (),
    reports: ReportPort | None = None,
) -> AsyncIterator[RequestedAssociation]:
    """Open an association, as `open_association` does; release it in the end.

    So it is after cancellation: the peer is told of operations that were left (C-CANCEL) and has a
    few seconds to end them before the association is aborted.

    Raises:
        AssociationError: there is no association; the text says why.
    """
    association = await open_association(
        destination,
        contexts,
        timeouts=timeouts,
        store=store,
        extended=extended,
        roles=roles,
        reports=reports,
    )
    try:
        yield association
    finally:
        with anyio.CancelScope(shield=True):
            await association.release()
