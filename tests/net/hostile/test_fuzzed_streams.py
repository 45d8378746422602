"""Mutated associations over real sockets: whatever comes, no defect of ours, nothing left."""

import os

import pytest

from pacsd.net.settings import DimseSettings
from tests.fuzz.campaign import inputs
from tests.fuzz.test_dimse_session import CORPUS
from tests.net.harness import (
    STORE_CONTEXT,
    Served,
    Setup,
    associate_rq,
    command,
    data_set,
    echo_rq,
    hostile_row,
    p_data,
    serving,
    store_rq,
)

STREAMS = [
    *CORPUS,
    associate_rq()
    + command(store_rq(), STORE_CONTEXT)
    + data_set(b"half", is_last=False)
    + data_set(b"rest")
    + command(echo_rq(2)),
    associate_rq() + p_data(b"\0" * 12, 1, is_command=True, is_last=False) * 5,
]


async def feed(served: Served, iterations: int, seed: int) -> None:
    for stream in inputs(STREAMS, iterations, seed):
        async with served.caller() as caller:
            caller.writer.write(stream)
            caller.writer.write_eof()
            await caller.rest()
    assert not served.count("pacsd_association_defects_total")


async def test_a_slice() -> None:
    async with serving(Setup(DimseSettings(artim_timeout_s=0.1))) as served, hostile_row(served):
        await feed(served, iterations=300, seed=3)
        assert served.count("pacsd_connections_total") > 300


@pytest.mark.fuzz
@pytest.mark.timeout(0)
async def test_a_campaign() -> None:
    iterations = int(os.environ.get("PACSD_FUZZ_ITERATIONS", "200000"))
    async with serving(Setup(DimseSettings(artim_timeout_s=0.1))) as served, hostile_row(served):
        await feed(served, iterations, seed=4)
