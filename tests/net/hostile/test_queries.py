"""Hostile ways to ask: row D42."""

import socket
from collections.abc import AsyncGenerator, Sequence

import pytest

from pacsd.archive.finding import Match
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.query import Query
from pacsd.dimse.commands import CFindRQ
from pacsd.net import pump
from pacsd.net.recorder import Outcome
from pacsd.net.settings import DimseSettings
from pacsd.ul.pdu import ProposedContext
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT
from tests.net.harness import (
    FakeFinder,
    Setup,
    associate_rq,
    command,
    data_set,
    hostile_row,
    serving,
    until,
)

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CONTEXT = 5
ASKED = encoded(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=""), EXPLICIT)


class Endless(FakeFinder):
    """Finds more and more, and counts what was taken of it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.is_closed = False

    async def find(
        self, query: Query, zone_minutes: int | None = None, *, sight: Sight = EVERYTHING
    ) -> AsyncGenerator[Sequence[Match], None]:
        assert query.conditions == ()
        assert zone_minutes is None
        assert not sight.is_restricted
        try:
            while True:
                self.taken += 1
                yield [{0x0020000D: "1.2.3"}] * 200
        finally:
            self.is_closed = True


async def test_d42_a_peer_that_reads_no_answers_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump, "WRITE_HIGH_WATER_BYTES", 65_536)
    endless = Endless()
    setup = Setup(DimseSettings(network_timeout_s=0.3), finder=endless)
    rq = associate_rq(contexts=(ProposedContext(CONTEXT, STUDY_ROOT_FIND, (EXPLICIT.uid,)),))
    async with serving(setup) as served, hostile_row(served):
        async with served.associated(rq) as caller:
            connection = next(reversed(served.listener._associated))
            transport = connection._transport
            assert transport is not None
            for own, option in ((transport, socket.SO_SNDBUF), (caller.writer, socket.SO_RCVBUF)):
                own.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 16_384)
            caller.reader._transport.pause_reading()  # type: ignore[attr-defined]
            find = CFindRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT_FIND)
            await caller.send(command(find, CONTEXT), data_set(ASKED, CONTEXT))
            await until(lambda: connection.is_write_paused)
            taken = endless.taken
            assert transport.get_write_buffer_size() < 65_536 + 32 * 300
            await until(lambda: any(served.recorder.ended_associations()))
            assert endless.taken <= taken + 1
        await until(lambda: endless.is_closed)
        assert served.last_record().outcome is Outcome.ABORTED_BY_US
