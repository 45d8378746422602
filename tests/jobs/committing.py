"""Who judges and who is reported to, for the tests of storage commitment."""

import random
from collections.abc import Sequence

from pacsd.archive.commitments import CommitmentAsked, CommitmentReport, Reported, ReportFate
from pacsd.dicom.commitment import CommitmentRequest, Reference

CT = "1.2.840.10008.5.1.4.1.1.2"
TAKEN = Reported(ReportFate.TAKEN)


def references(count: int, uid: str = "1.2.{}") -> tuple[Reference, ...]:
    return tuple(Reference(CT, uid.format(number)) for number in range(count))


def worst(count: int) -> tuple[Reference, ...]:
    """Such as have nothing in common."""
    chance = random.Random(1)

    def uid() -> str:
        return "".join(chance.choices("0123456789.", k=64))

    return tuple(Reference(uid(), uid()) for _ in range(count))


def asked(
    transaction_uid: str = "1.9", named: Sequence[Reference] = references(3), peer: str = "CT1"
) -> CommitmentAsked:
    return CommitmentAsked(peer, "PACSD", CommitmentRequest(transaction_uid, tuple(named)))


class Judge:
    """Finds these UIDs bad; tells what it was asked, and may raise first."""

    def __init__(self, bad: dict[str, int] | None = None) -> None:
        self.bad = bad or {}
        self.asked: list[tuple[Reference, ...]] = []
        self.raises: list[Exception] = []

    async def judge(self, named: Sequence[Reference], peer_ae: str) -> list[int]:
        assert peer_ae
        if self.raises:
            raise self.raises.pop()
        self.asked.append(tuple(named))
        return [self.bad.get(each.sop_instance_uid, 0) for each in named]


class Peer:
    """Takes reports so, one after the other, and then all."""

    def __init__(self, *fates: Reported) -> None:
        self.fates = list(fates)
        self.reports: list[CommitmentReport] = []

    async def report(self, report: CommitmentReport, /) -> Reported:
        self.reports.append(report)
        return self.fates.pop(0) if self.fates else TAKEN
