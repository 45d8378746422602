from pacsd.archive.commitments import first_to_hear
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
    assert await first_to_hear([first, second, third], "PEER", CommitmentResult("1.2"))
    assert (first.heard_of, second.heard_of, third.heard_of) == (
        [("PEER", "1.2")],
        [("PEER", "1.2")],
        [],
    )


async def test_nobody_may_have_asked_for_it() -> None:
    assert not await first_to_hear([Listener("1.1")], "PEER", CommitmentResult("1.2"))
    assert not await first_to_hear([], "PEER", CommitmentResult("1.2"))
