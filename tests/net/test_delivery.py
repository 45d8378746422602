"""Many instances over several associations, to a peer of a few lines."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import anyio
import pytest

from pacsd.dicom.registry import IMPLICIT_VR_LITTLE_ENDIAN, Service, sop_classes
from pacsd.dimse.commands import CStoreRQ
from pacsd.net import errors
from pacsd.net.delivery import MAX_FRUITLESS_ASSOCIATIONS, MAX_REMEMBERED, Delivery, Terms
from pacsd.net.endpoint import Endpoint
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.sending import Outbound, Outcome
from pacsd.net.transcoding import Ways
from tests.dicom.written import element
from tests.net.storing_peer import CT, MR, NATIVE, StoringPeer, instance, storing
from tests.net.transcoder import RLE, FakeTranscoding, WorkingTranscoding

JPEG = "1.2.840.10008.1.2.4.50"
DATA = element(0x00080018, "UI", b"1.2\0")


class Run:
    """What came of a delivery: the outcomes by SOP Instance UID."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def report(self, sent: Outbound, outcome: Outcome) -> None:
        assert sent.sop_instance_uid not in self.outcomes
        self.outcomes[sent.sop_instance_uid] = outcome

    async def deliver(
        self,
        peer: StoringPeer,
        *groups: Sequence[Outbound],
        associations: int = 1,
        operations_window: int = 16,
    ) -> None:
        terms = Terms(Timeouts(), associations, operations_window)
        async with storing(peer) as destination:
            await Delivery(destination, terms, self.report).run(in_groups(*groups))

    def stored(self) -> set[str]:
        return {uid for uid, outcome in self.outcomes.items() if outcome.is_stored}


async def in_groups(*groups: Sequence[Outbound]) -> AsyncIterator[Sequence[Outbound]]:
    for group in groups:
        yield group


def numbered(count: int, sop_class_uid: str = CT) -> list[Outbound]:
    return [instance(f"1.2.{n}", DATA, sop_class_uid=sop_class_uid) for n in range(count)]


async def test_who_waits_for_a_place_does_not_hold_up_the_end() -> None:
    peer, run, places = StoringPeer(), Run(), anyio.CapacityLimiter(1)
    terms = Terms(Timeouts(), associations=2)
    async with places, storing(peer) as destination:  # the first one's place
        with anyio.fail_after(30):
            await Delivery(destination, terms, run.report, places).run(in_groups(numbered(5)))
        assert places.borrowed_tokens == 1
    assert len(run.stored()) == 5
    assert len(peer.requests) == 1


async def test_what_is_stopped_before_it_has_begun_begins_nothing() -> None:
    peer, run = StoringPeer(), Run()
    async with storing(peer) as destination:
        delivery = Delivery(destination, TERMS, run.report, anyio.CapacityLimiter(1))
        delivery.stop()
        with anyio.fail_after(30):
            await delivery.run(in_groups(numbered(3)))
    assert run.outcomes == {}
    assert peer.requests == []


async def test_what_is_stopped_waits_for_no_place() -> None:
    held, run, places = StoringPeer(holds=2), Run(), anyio.CapacityLimiter(1)
    terms = Terms(Timeouts(), associations=2, operations_window=1)
    async with places, storing(held) as destination, anyio.create_task_group() as tasks:
        delivery = Delivery(destination, terms, run.report, places)
        tasks.start_soon(delivery.run, in_groups(numbered(5)))
        while not held.stored:
            await anyio.lowlevel.checkpoint()
        delivery.stop()
        held.holds = 1
        held.connections[0].abort_association()
    assert len(held.requests) == 1
    assert not run.stored()


async def test_everything_over_one_association() -> None:
    peer, run = StoringPeer(), Run()
    mixed = [*numbered(20), instance("1.3", DATA, sop_class_uid=MR)]
    await run.deliver(peer, mixed)
    assert run.stored() == {each.sop_instance_uid for each in mixed}
    assert peer.uids() == [each.sop_instance_uid for each in mixed]
    assert (len(peer.requests), peer.released) == (1, 1)


async def test_several_associations_share_the_work() -> None:
    peer, run = StoringPeer(), Run()
    await run.deliver(peer, numbered(50), associations=4)
    assert len(run.stored()) == len(set(peer.uids())) == 50
    assert len(peer.requests) == peer.released == 4


async def test_the_negotiated_window_is_used() -> None:
    peer, run = StoringPeer(window=8, holds=5), Run()
    await run.deliver(peer, numbered(20), operations_window=5)
    assert len(run.stored()) == 20
    assert peer.most_open == 5


async def test_a_peer_without_a_window_has_one_operation_open() -> None:
    peer, run = StoringPeer(), Run()
    await run.deliver(peer, numbered(20))
    assert peer.most_open == 1


async def test_what_was_not_proposed_gets_a_new_association() -> None:
    peer, run = StoringPeer(), Run()
    await run.deliver(peer, numbered(3), [instance("1.3", DATA, sop_class_uid=MR)], numbered(0))
    assert len(run.stored()) == 4
    assert len(peer.requests) == peer.released == 2
    assert {each.abstract_syntax for each in peer.requests[1].contexts} == {CT, MR}


async def test_more_classes_than_contexts_take_several_associations() -> None:
    classes = [known.uid for known in sop_classes(Service.STORAGE)]
    assert len(classes) > 128
    peer, run = StoringPeer(supported=dict.fromkeys(classes, NATIVE)), Run()
    many = [instance(f"1.{n}", DATA, sop_class_uid=uid) for n, uid in enumerate(classes)]
    await run.deliver(peer, many)
    assert len(run.stored()) == len(classes)
    assert len(peer.requests) <= 4
    assert max(len(request.contexts) for request in peer.requests) == 128


async def test_what_the_peer_does_not_take_does_not_hold_up_the_others() -> None:
    peer, run = StoringPeer(supported={CT: frozenset({IMPLICIT_VR_LITTLE_ENDIAN})}), Run()
    some = [
        instance("1.1", DATA, transfer_syntax_uid=JPEG),
        instance("1.2", DATA[:-1]),
        instance("1.3", DATA, sop_class_uid=MR),
        instance("1.4", DATA),
    ]
    await run.deliver(peer, some)
    assert run.stored() == {"1.4"}
    assert "which cannot be re-encoded" in run.outcomes["1.1"].comment
    assert "cut short" in run.outcomes["1.2"].comment
    assert "does not accept MR Image Storage" in run.outcomes["1.3"].comment
    assert len(peer.requests) == 1


async def test_the_peers_failures_are_told_and_the_others_go_on() -> None:
    def answer(request: CStoreRQ) -> tuple[int, str]:
        return (0xA700, "disk full") if request.sop_instance_uid == "1.2.1" else (0xB000, "")

    peer, run = StoringPeer(answer=answer), Run()
    await run.deliver(peer, numbered(3))
    assert run.stored() == {"1.2.0", "1.2.2"}
    assert (run.outcomes["1.2.1"].status, run.outcomes["1.2.1"].comment) == (0xA700, "disk full")


@pytest.mark.parametrize("window", [1, 8])
async def test_a_file_that_breaks_off_takes_nobody_with_it(window: int) -> None:
    broken = instance("1.9", DATA, DATA, error=OSError("disk"))
    peer, run = StoringPeer(window=window), Run()
    await run.deliver(peer, [*numbered(5), broken, *numbered(9)[5:]])
    assert run.stored() == {f"1.2.{n}" for n in range(9)}
    assert run.outcomes["1.9"] == Outcome(None, "disk")


@pytest.mark.parametrize("window", [1, 4])
async def test_an_instance_at_which_the_peer_aborts_is_tried_twice(window: int) -> None:
    tried: list[str] = []

    def answer(request: CStoreRQ) -> tuple[int, str] | None:
        tried.append(request.sop_instance_uid)
        return None if request.sop_instance_uid == "1.2.3" else (0, "")

    peer, run = StoringPeer(answer=answer, window=window), Run()
    await run.deliver(peer, numbered(6), operations_window=1 if window == 1 else 16)
    if window == 1:
        assert run.stored() == {f"1.2.{n}" for n in range(6) if n != 3}
    assert run.outcomes["1.2.3"].comment == "the peer aborted the association [AB(0,0)]"
    assert tried.count("1.2.3") == 2


async def test_a_peer_that_only_aborts_is_given_up() -> None:
    peer, run = StoringPeer(answer=lambda _: None), Run()
    with pytest.raises(errors.Aborted):
        await run.deliver(peer, numbered(100), operations_window=1)
    assert len(peer.requests) == MAX_FRUITLESS_ASSOCIATIONS
    # Each is tried twice; the last ones were not, and are not reported.
    assert 0 <= MAX_FRUITLESS_ASSOCIATIONS // 2 - len(run.outcomes) <= 1
    assert run.stored() == set()


async def test_nobody_there() -> None:
    run = Run()
    delivery = Delivery(Destination(Endpoint("127.0.0.1", 1), "A", "B"), TERMS, run.report)
    with pytest.raises(errors.NotConnected):
        await delivery.run(in_groups(numbered(3)))
    assert run.outcomes == {}


TERMS = Terms(Timeouts())


async def test_associations_that_the_peer_does_not_give_are_done_without() -> None:
    peer, run = StoringPeer(max_associations=2), Run()
    await run.deliver(peer, numbered(50), associations=4)
    assert len(run.stored()) == 50
    assert len(peer.requests) == 4


async def test_nothing_to_send_opens_nothing() -> None:
    peer, run = StoringPeer(), Run()
    await run.deliver(peer)
    assert peer.requests == []


async def test_what_is_remembered_of_needs_is_bounded() -> None:
    peer, run = StoringPeer(supported={}), Run()
    private = [instance(f"1.{n}", sop_class_uid=f"1.2.{n}") for n in range(MAX_REMEMBERED + 10)]
    await run.deliver(peer, private)
    assert len(run.outcomes) == len(private)


async def test_instances_are_taken_no_faster_than_they_are_sent() -> None:
    groups = 0
    peer, run = StoringPeer(), Run()

    async def counted() -> AsyncGenerator[Sequence[Outbound], None]:
        nonlocal groups
        for number in range(5):
            assert len(run.outcomes) >= 2 * (number - 1)
            groups += 1
            yield [instance(f"1.{number}.{n}", DATA) for n in range(2)]

    async with storing(peer) as destination:
        await Delivery(destination, TERMS, run.report).run(counted())
    assert groups == 5


async def test_what_a_codec_makes_is_proposed_and_sent() -> None:
    peer, run = StoringPeer(), Run()
    codecs = FakeTranscoding(Ways({RLE: (IMPLICIT_VR_LITTLE_ENDIAN,)}))
    terms = Terms(Timeouts(), transcoding=codecs)
    group = [instance(f"1.2.{n}", DATA, transfer_syntax_uid=RLE) for n in range(3)]
    async with storing(peer) as destination:
        await Delivery(destination, terms, run.report).run(in_groups(group))
    assert run.stored() == {"1.2.0", "1.2.1", "1.2.2"}
    [request] = peer.requests
    assert [each.transfer_syntaxes for each in request.contexts] == [
        (RLE,),
        (IMPLICIT_VR_LITTLE_ENDIAN,),
    ]
    assert {each.transfer_syntax_uid for each in peer.stored} == {IMPLICIT_VR_LITTLE_ENDIAN}


async def test_what_is_stopped_does_not_wait_for_a_codec() -> None:
    peer, run = StoringPeer(), Run()
    codecs = WorkingTranscoding(Ways({RLE: (IMPLICIT_VR_LITTLE_ENDIAN,)}))
    terms = Terms(Timeouts(), transcoding=codecs)
    group = [instance(f"1.2.{n}", DATA, transfer_syntax_uid=RLE) for n in range(3)]
    async with storing(peer) as destination, anyio.create_task_group() as tasks:
        delivery = Delivery(destination, terms, run.report)
        tasks.start_soon(delivery.run, in_groups(group))
        await codecs.begun.wait()
        with anyio.fail_after(30):
            delivery.stop()
            while codecs.inside:
                await anyio.lowlevel.checkpoint()
    assert (run.outcomes, peer.released) == ({}, 1)
