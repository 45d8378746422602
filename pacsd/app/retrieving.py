"""Retrievals from a peer, to their end: C-MOVE and C-GET as SCU (PS3.4 section C.4.2, C.4.3)."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import anyio

from pacsd.app.file_receiving import FileReceiver, Received
from pacsd.app.searching import Search
from pacsd.app.sop_classes_of import SOPClasses, sop_classes_of
from pacsd.app.wanted import Wanted
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import Manner
from pacsd.dicom.query_keys import QueryKeyError
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.status import StatusCategory, category
from pacsd.dimse.commands import SubOperationsResponse
from pacsd.net.associated import associated
from pacsd.net.errors import AssociationError, NotConnected, OperationFailed
from pacsd.net.get_contexts import propose_get_of, usual_sop_classes
from pacsd.net.query_retrieve_scu import Progress, QueryModel, get, move, progress_of
from pacsd.net.responses import Work
from pacsd.net.scu import Destination, Timeouts, propose
from pacsd.net.tally import FAILED_SOP_INSTANCE_UID_LIST

Told = Callable[[Progress], None]
"""Is told every response of the peer, the final one included."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a retrieval ended, as the peer says it; a number that it does not tell is None."""

    final: Progress
    failed_uids: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether nothing failed; what had warnings is where it should be."""
        kind = category(self.final.status)
        if kind is StatusCategory.WARNING:  # B000: one or more failures or warnings
            return self.final.failed_count == 0
        return kind is StatusCategory.SUCCESS and not self.final.failed_count

    @classmethod
    def of(cls, final: Progress, syntax: TransferSyntax) -> Self:
        """What the final response says."""
        try:
            uids = read_data_set(final.failed, syntax).texts(FAILED_SOP_INSTANCE_UID_LIST)
        except ScanError:
            uids = ()
        return cls(final, tuple(filter(None, uids)))


@dataclass(frozen=True, slots=True)
class Call:
    """Whom we ask, and how long we wait for its answers."""

    destination: Destination
    timeouts: Timeouts


async def move_to(call: Call, wanted: Wanted, ae_title: str, told: Told) -> Ended:
    """Have the peer send what is wanted to an AE title that it knows (C-MOVE).

    Raises:
        AssociationError: there is no association (any more), or none for C-MOVE.
        QueryKeyError: the keys do not fit into the Identifier.
    """
    sop_class_uid = wanted.model.move
    contexts, extended = propose((sop_class_uid,)), wanted.extended(sop_class_uid)
    opening = associated(call.destination, contexts, call.timeouts, extended=extended)
    async with opening as association:
        syntax = known_syntax(association.context_for(sop_class_uid).transfer_syntax)
        identifier = wanted.identifier(syntax)
        responses = move(association, wanted.model, identifier, ae_title)
        return await _followed(responses, syntax, told)


async def get_into(
    folder: Path,
    call: Call,
    wanted: Wanted,
    told: Told,
    failed: Callable[[str, str], None],
    received: Received,
) -> Ended:
    """Have the peer send us what is wanted (C-GET), into a folder; see `file_receiving`.

    `failed` is told what cannot be written, and why; `received` counts the files. Nothing that is
    half written stays, however this ends.

    Raises:
        AssociationError: there is no association (any more), or none for C-GET.
        QueryKeyError: the keys do not fit into the Identifier.
    """
    whom = call.destination
    ended: Ended | AssociationError | QueryKeyError
    async with anyio.create_task_group() as tasks:

        def spawn(work: Work, name: str) -> None:
            tasks.start_soon(work, name=name)

        names = whom.called_ae, whom.calling_ae
        receiver = FileReceiver(folder, *names, spawn, failed, received)
        try:
            ended = await _get(call, wanted, receiver, told)
        except (AssociationError, QueryKeyError) as error:
            ended = error
        finally:
            receiver.discard()
    if isinstance(ended, Exception):
        raise ended
    return ended


async def find_classes(call: Call, wanted: Wanted) -> SOPClasses:
    """Which SOP classes are among what is wanted, as far as the peer tells.

    Raises:
        NotConnected: the peer is not there.
    """
    if wanted.model is QueryModel.COMPOSITE_INSTANCE_ROOT:
        return SOPClasses(is_complete=False)  # it has no C-FIND
    search = Search(wanted.model, wanted.level, (), Manner(is_relational=wanted.is_relational))
    opening = associated(call.destination, search.contexts, call.timeouts, extended=search.extended)
    try:
        async with opening as association:
            return await sop_classes_of(association, wanted)
    except NotConnected:
        raise
    except AssociationError:
        # Not every peer takes both: what is wrong, if anything is, the C-GET will tell.
        return SOPClasses(is_complete=False)


async def _get(call: Call, wanted: Wanted, receiver: FileReceiver, told: Told) -> Ended:
    classes = await find_classes(call, wanted)
    uids = (*classes.uids, *(() if classes.is_complete else usual_sop_classes()))
    sop_class_uid = wanted.model.get
    async with associated(
        call.destination,
        propose_get_of(wanted.model, uids),
        call.timeouts,
        store=receiver.port,
        extended=wanted.extended(sop_class_uid),
    ) as association:
        syntax = known_syntax(association.context_for(sop_class_uid).transfer_syntax)
        responses = get(association, wanted.model, wanted.identifier(syntax))
        return await _followed(responses, syntax, told)


async def _followed(
    responses: AsyncGenerator[Progress, None], syntax: TransferSyntax, told: Told
) -> Ended:
    final = Progress(0, None, None, None, None)
    try:
        async with aclosing(responses) as coming:
            async for final in coming:
                told(final)
    except OperationFailed as error:
        final = progress_of(cast("SubOperationsResponse", error.response), error.data_set)
        told(final)
    return Ended.of(final, syntax)
