"""Associations we request: whom to call, what to propose, how long to wait."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Self

import anyio

from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    Service,
    sop_class,
)
from pacsd.dimse.session import Patience
from pacsd.net import errors
from pacsd.net.endpoint import Endpoint
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.settings import DimseSettings
from pacsd.net.sub_operations import Ports, ReportPort, StorePort
from pacsd.ul.association import Limits
from pacsd.ul.items import (
    ExtendedNegotiation,
    OperationsWindow,
    RoleSelection,
    UserInformation,
)
from pacsd.ul.pdu import AssociateRQ, ProposedContext

_OUR_LIMITS = Limits()
_UNCOMPRESSED = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom we call, under which name of ours."""

    endpoint: Endpoint
    called_ae: str
    calling_ae: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long we wait, in seconds: for the connection, a message or answer, a write to be taken.

    `idle_s` bounds an association without any operation.
    """

    connect_s: float = 10.0
    message_s: float = 60.0
    network_s: float = 30.0
    idle_s: float = 300.0

    @classmethod
    def of(cls, settings: DimseSettings) -> Self:
        """Those of [dimse]."""
        return cls(
            connect_s=settings.connect_timeout_s,
            message_s=settings.dimse_timeout_s,
            network_s=settings.network_timeout_s,
            idle_s=settings.idle_timeout_s,
        )


def propose(
    abstract_syntaxes: Sequence[str], transfer_syntaxes: Sequence[str] = _UNCOMPRESSED
) -> tuple[ProposedContext, ...]:
    """One presentation context for each abstract syntax, at most 128 of them."""
    return tuple(
        ProposedContext(2 * index + 1, uid, tuple(transfer_syntaxes))
        for index, uid in enumerate(abstract_syntaxes)
    )


async def open_association(
    destination: Destination,
    contexts: tuple[ProposedContext, ...] = propose((VERIFICATION,)),
    *,
    timeouts: Timeouts = Timeouts(),
    limits: Limits = _OUR_LIMITS,
    operations_window: int = 1,
    store: StorePort | None = None,
    extended: Mapping[str, bytes] = MappingProxyType({}),
    roles: Sequence[RoleSelection] = (),
    reports: ReportPort | None = None,
) -> RequestedAssociation:
    """Connect to a peer and negotiate an association.

    With `store` we propose to be SCP of the storage classes among the contexts, and take what the
    peer then sends; `roles` are such proposals as they are (PS3.7 section D.3.3.4). With `reports`
    we take what the peer tells us by N-EVENT-REPORT. `extended` is the SOP class extended
    negotiation to propose, by SOP class (PS3.7 section D.3.3.5); what came of it is in
    `session.negotiated`.

    Raises:
        AssociationError: there is no association; the text says why.
    """
    window = OperationsWindow(operations_window, 1) if operations_window > 1 else None
    request = AssociateRQ(
        called_ae=destination.called_ae,
        calling_ae=destination.calling_ae,
        contexts=contexts,
        user_information=UserInformation(
            max_length=limits.max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            operations_window=window,
            role_selections=(*roles, *(() if store is None else _scp_roles(contexts))),
            extended_negotiations=tuple(map(ExtendedNegotiation, extended, extended.values())),
        ),
    )
    ports = Ports(store, reports)
    association = await _connect(destination.endpoint, request, limits, timeouts, ports)
    try:
        await association.negotiated()
    except BaseException:
        association.close()
        raise
    return association


def _scp_roles(contexts: Sequence[ProposedContext]) -> tuple[RoleSelection, ...]:
    """SCP of every storage class, private ones included (PS3.7 section D.3.3.4)."""
    proposed = dict.fromkeys(context.abstract_syntax for context in contexts)
    known = {uid: sop_class(uid) for uid in proposed}
    return tuple(
        RoleSelection(uid, scu_role=False, scp_role=True)
        for uid, registered in known.items()
        if registered is None or registered.service is Service.STORAGE
    )


async def _connect(
    endpoint: Endpoint,
    request: AssociateRQ,
    limits: Limits,
    timeouts: Timeouts,
    ports: Ports,
) -> RequestedAssociation:
    loop = asyncio.get_running_loop()
    patience = Patience(message_s=timeouts.message_s, idle_s=timeouts.idle_s)
    make = partial(RequestedAssociation, request, limits, patience, timeouts.network_s, ports)
    try:
        with anyio.fail_after(timeouts.connect_s):
            _, association = await loop.create_connection(make, endpoint.host, endpoint.port)
    except TimeoutError as error:
        text = f"{endpoint}: no connection within {timeouts.connect_s:g} s"
        raise errors.NotConnected(text) from error
    except OSError as error:
        raise errors.NotConnected(f"{endpoint}: {error.strerror or error}") from error
    return association
