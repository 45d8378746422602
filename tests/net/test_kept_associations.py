"""Associations kept for the next delivery, to a peer of a few lines."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from pacsd.dimse.commands import CStoreRQ
from pacsd.net import kept_associations
from pacsd.net.delivery import Delivery, Terms
from pacsd.net.kept_associations import KeptAssociations
from pacsd.net.pump import Pause
from pacsd.net.scu import Destination, Timeouts
from pacsd.net.sending import Outbound, Outcome
from tests.dicom.written import element
from tests.net.storing_peer import CT, MR, NATIVE, StoringPeer, instance, storing

DATA = element(0x00080018, "UI", b"1.2\0")
KEEPS = Terms(Timeouts(), associations=1, keeps=True)
TWO = replace(KEEPS, associations=2)


async def page(instances: Sequence[Outbound]) -> AsyncIterator[Sequence[Outbound]]:
    yield instances


async def until(is_so: Callable[[], bool]) -> None:
    with anyio.fail_after(30):
        while not is_so():
            await anyio.lowlevel.checkpoint()


class Sender:
    """Sends to one destination, delivery after delivery."""

    def __init__(
        self,
        destination: Destination,
        kept: KeptAssociations,
        places: anyio.CapacityLimiter | None = None,
    ) -> None:
        self.destination = destination
        self.kept = kept
        self.places = places
        self.outcomes: list[Outcome] = []

    async def send(self, *instances: Outbound, terms: Terms = KEEPS) -> None:
        def report(_: Outbound, outcome: Outcome) -> None:
            self.outcomes.append(outcome)

        delivery = Delivery(self.destination, terms, report, self.places, self.kept)
        await delivery.run(page(instances))

    @property
    def stored(self) -> int:
        return sum(each.is_stored for each in self.outcomes)


def numbered(count: int, sop_class_uid: str = CT) -> list[Outbound]:
    return [instance(f"1.2.{n}", DATA, sop_class_uid=sop_class_uid) for n in range(count)]


async def test_what_comes_next_goes_over_the_same_one() -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        for _ in range(3):
            await sender.send(*numbered(5))
        assert (sender.stored, len(peer.requests), peer.released) == (15, 1, 0)
        await kept.close()
        assert peer.released == 1
        await sender.send(*numbered(1))
        assert (sender.stored, len(peer.requests)) == (16, 2)
        await kept.close()


async def test_who_does_not_keep_takes_what_is_kept_and_releases_it() -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1))
        await sender.send(*numbered(1), terms=replace(KEEPS, keeps=False))
        assert (sender.stored, len(peer.requests), peer.released) == (2, 1, 1)


async def test_one_that_was_not_proposed_for_it_makes_room() -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1))
        await sender.send(*numbered(1, MR))
        assert (sender.stored, len(peer.requests), peer.released) == (2, 2, 1)
        await kept.close()
        assert peer.released == 2


async def test_as_many_are_kept_as_were_used_at_once() -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        for _ in range(4):
            await sender.send(*numbered(20), terms=TWO)
        assert (sender.stored, len(peer.requests)) == (80, 2)
        await kept.close()
        assert peer.released == 2


async def test_one_that_nobody_uses_is_released_after_a_while() -> None:
    peer, kept = StoringPeer(), KeptAssociations(idle_s=0.01)
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1))
        await until(lambda: peer.released == 1)
        await sender.send(*numbered(1))
        assert (sender.stored, len(peer.requests)) == (2, 2)
        await kept.close()


async def test_one_that_the_peer_has_ended_is_not_used_again() -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1))
        peer.connections[0].abort_association()
        # Whether that is known here by now or not, nothing is lost by it.
        await sender.send(*numbered(1))
        assert (sender.stored, len(peer.requests)) == (2, 2)
        await kept.close()


async def test_after_a_failure_a_new_one_is_opened() -> None:
    """Also where another kept one is left, and had many operations outstanding."""

    def answer(_: CStoreRQ) -> tuple[int, str] | None:
        return None if len(peer.requests) == 2 and aborts else (0, "")

    peer, kept, aborts = StoringPeer(answer=answer, window=16), KeptAssociations(), False
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(40), terms=TWO)
        assert (sender.stored, len(peer.requests)) == (40, 2)
        aborts = True
        await sender.send(*numbered(40))
        assert (sender.stored, len(sender.outcomes), len(peer.requests)) == (80, 80, 3)
        await kept.close()


async def test_one_that_refused_something_is_not_kept() -> None:
    peer, kept = StoringPeer({CT: NATIVE}), KeptAssociations()
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1, MR))
        assert (sender.stored, peer.released) == (0, 1)
        peer.supported = {CT: NATIVE, MR: NATIVE}
        await sender.send(*numbered(1, MR))
        assert (sender.stored, len(peer.requests)) == (1, 2)
        await kept.close()


async def test_one_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_associations, "LONGEST_S", 0.0)
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        await Sender(destination, kept).send(*numbered(1))
        assert peer.released == 1


async def test_keeping_can_be_switched_off() -> None:
    peer = StoringPeer()
    async with storing(peer) as destination:
        await Sender(destination, KeptAssociations(0)).send(*numbered(1))
        assert peer.released == 1


async def test_where_there_is_room_for_both_the_other_stays() -> None:
    peer, kept, places = StoringPeer(max_open=2), KeptAssociations(), anyio.CapacityLimiter(2)
    async with storing(peer) as destination, places:
        for sop_class_uid in (CT, MR, CT, MR):
            await Sender(destination, kept, places).send(*numbered(1, sop_class_uid))
        assert (len(peer.requests), len(peer.stored), peer.released) == (2, 4, 0)
        await kept.close()


async def test_a_peer_that_takes_one_at_a_time_is_never_asked_for_two() -> None:
    peer, kept, places = StoringPeer(max_open=1), KeptAssociations(), anyio.CapacityLimiter(1)
    async with storing(peer) as destination, places:
        for sop_class_uid in (CT, MR, CT, CT):
            await Sender(destination, kept, places).send(*numbered(1, sop_class_uid))
        assert (len(peer.requests), len(peer.stored), peer.released) == (3, 4, 2)
        await kept.close()


async def test_a_peer_that_does_not_answer_a_release_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_associations, "RELEASE_GRACE_S", 0.01)
    peer, kept = StoringPeer(), KeptAssociations(idle_s=0.01)
    async with storing(peer) as destination:
        sender = Sender(destination, kept)
        await sender.send(*numbered(1))
        peer.connections[0].pause_reading(Pause.BACKLOG)
        ours = kept._kept[0].association
        await until(lambda: not ours.is_connected)
        assert kept._kept == []
        assert peer.released == 0


@pytest.mark.parametrize(("called_ae", "released"), [("PEER", 1), ("OTHER", 0)])
async def test_room_is_made_at_the_same_peer_whoever_calls(called_ae: str, released: int) -> None:
    peer, kept = StoringPeer(), KeptAssociations()
    async with storing(peer) as destination:
        await Sender(destination, kept).send(*numbered(1))
        await kept.make_room(replace(destination, called_ae=called_ae, calling_ae="US2"))
        assert peer.released == released
        await kept.make_room(destination)
        await kept.make_room(destination)
        assert peer.released == 1
