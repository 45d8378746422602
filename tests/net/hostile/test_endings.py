"""Row D50: a peer that goes away, in every way and phase, leaves nothing behind."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.net.recorder import Outcome
from pacsd.net.settings import DimseSettings
from tests.net.harness import (
    ECHO_CONTEXT,
    RELEASE_RQ,
    STORE_CONTEXT,
    Caller,
    GatedStore,
    Setup,
    abort_pdu,
    associate_rq,
    command,
    data_set,
    echo_rq,
    hostile_row,
    p_data,
    serving,
    store_rq,
    until,
)

STORE = command(store_rq(), STORE_CONTEXT)
PHASES = {
    "connected": (),
    "half an A-ASSOCIATE-RQ": (associate_rq()[:50],),
    "associated": (associate_rq(),),
    "half a PDU": (associate_rq(), STORE[:20]),
    "half a command set": (
        associate_rq(),
        p_data(b"\0" * 8, ECHO_CONTEXT, is_command=True, is_last=False),
    ),
    "before the data set": (associate_rq(), STORE),
    "half a data set": (associate_rq(), STORE, data_set(is_last=False)),
    "half a PDU of a data set": (associate_rq(), STORE, data_set()[:-1]),
    "much of a data set": (associate_rq(), STORE, *[data_set(bytes(16_000), is_last=False)] * 80),
    "released": (associate_rq(), RELEASE_RQ),
    "rejected": (associate_rq(called_ae="NOBODY"),),
    "many requests at once": (associate_rq(), *[command(echo_rq())] * 500),
}


INSIDE_A_PDU = ("half an A-ASSOCIATE-RQ", "half a PDU", "half a PDU of a data set")


async def reset(caller: Caller) -> None:
    caller.reset()


async def close(caller: Caller) -> None:
    caller.writer.close()


async def abort(caller: Caller) -> None:
    await caller.send(abort_pdu(0, 0))
    await caller.rest()


async def close_half(caller: Caller) -> None:
    caller.writer.write_eof()
    await caller.rest()


# An A-ABORT in the middle of another PDU is a part of that.
WAYS = [
    pytest.param(phase, leave, id=f"{phase}-{leave.__name__}")
    for phase in PHASES
    for leave in (reset, close, abort, close_half)
    if leave is not abort or phase not in INSIDE_A_PDU
]


@pytest.mark.parametrize(("phase", "leave"), WAYS)
async def test_d50_nothing_is_left(phase: str, leave: Callable[[Caller], Awaitable[None]]) -> None:
    async with serving() as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(*PHASES[phase])
            if PHASES[phase] and phase != "half an A-ASSOCIATE-RQ":
                assert (await caller.pdu())[0] in (2, 3)
            await leave(caller)
        await until(lambda: len(served.places) == 1)
        await until(lambda: len(served.listener._associated) == 1)
        await until(lambda: not served.listener._unassociated)
        assert not served.ingest.health().stored_objects


async def test_d50_who_leaves_before_the_answer_gets_his_object_stored_or_not_but_whole() -> None:
    store = GatedStore()
    async with serving(Setup(store=store)) as served, hostile_row(served):
        store.gate = anyio.Event()
        async with served.associated() as caller:
            await caller.send(STORE, data_set())
            await store.entered.wait()
            caller.reset()
        await until(lambda: len(served.places) == 1)
        assert served.last_record().outcome is Outcome.LOST
        store.gate.set()
        await until(lambda: not served.ingest.health().open_objects)
        assert len(store.objects) == 1


async def test_d50_who_leaves_while_a_hook_decides_gives_his_place_back() -> None:
    entered, go_on = anyio.Event(), anyio.Event()

    async def hook(request: AssociationRequest) -> Refusal | None:
        if request.calling_ae == "MODALITY":
            entered.set()
            await go_on.wait()
        return None

    async with serving(Setup(hook=hook)) as served, hostile_row(served):
        async with served.caller() as caller:
            await caller.send(associate_rq())
            await entered.wait()
            assert len(served.places) == 2
            caller.reset()
        await until(lambda: len(served.places) == 1)
        go_on.set()
        await anyio.wait_all_tasks_blocked()
        assert served.listener.open_associations() == 1


async def test_d50_an_operator_aborts_what_is_in_the_middle_of_much() -> None:
    async with serving(Setup(DimseSettings(artim_timeout_s=0.1))) as served, hostile_row(served):
        async with served.associated() as caller:
            await caller.send(*[command(echo_rq())] * 500)
            number = next(reversed(served.listener._associated)).chronicle.number
            await caller.pdu()
            assert served.listener.abort(number, "an operator wants it")
            assert (await caller.rest()).endswith(abort_pdu(0, 0))
        await until(lambda: len(served.places) == 1)
        assert served.last_record().reason == "an operator wants it"
