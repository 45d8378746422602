from pacsd.archive.commitments import HeardByFirst
from pacsd.dicom.commitment import CommitmentResult


class Listener:
    def __init__(self, *transactions: str) -> None:
        self.transactions = transactions
        self.heard_of: list[tuple[str, str]] = []

    async def heard(self, peer_ae: str, result: CommitmentResult, /) -> bool:
        self.heard_of.append((peer_ae, result.transaction_uid))
        return result.transaction_uid in self.transactions


async def test_a_result_goes_to_the_first_that_asked_for_it() -> None:
    first, second, third = Listener("1.1"), Listener("1.2"), Listener("1.2")
    assert await HeardByFirst(first, second, third).heard("PEER", CommitmentResult("1.2"))
    assert (first.heard_of, second.heard_of, third.heard_of) == (
        [("PEER", "1.2")],
        [("PEER", "1.2")],
        [],
    )


async def test_nobody_may_have_asked_for_it() -> None:
    assert not await HeardByFirst(Listener("1.1")).heard("PEER", CommitmentResult("1.2"))
    assert not await HeardByFirst().heard("PEER", CommitmentResult("1.2"))
