import gc

import pytest

from pacsd.dicom.commitment import STORAGE_COMMITMENT
from pacsd.net import commitment_lines
from pacsd.net.commitment_lines import AskingLine, CommitmentLines
from pacsd.net.scu import Destination
from pacsd.ul.negotiation import PresentationContext
from tests.net.committing_peer import Desk, calling
from tests.net.harness import Setup, serving

CONTEXT = PresentationContext(1, STORAGE_COMMITMENT, "1.2.840.10008.1.2.1")


async def test_a_line_is_found_until_its_association_ends() -> None:
    lines = CommitmentLines()
    async with serving(Setup(committing=Desk().committing())) as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        asking = AskingLine(association, CONTEXT)
        lines.note("CT1", "1.9", asking)
        assert lines.find("CT1", "1.9") == asking
        assert lines.find("CT1", "1.8") is None
        assert lines.find("CT2", "1.9") is None
        lines.forget("CT1", "1.8")
        lines.forget("CT1", "1.9")
        assert lines.find("CT1", "1.9") is None
        lines.note("CT1", "1.9", asking)
        await association.release()
        assert lines.find("CT1", "1.9") is None


async def test_what_is_gone_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitment_lines, "MAX_LINES", 1)
    lines = CommitmentLines()
    async with serving(Setup(committing=Desk().committing())) as served:
        association = await calling(Destination(served.endpoint, "PACSD", "CT1"))
        for transaction in "1.8", "1.9":
            lines.note("CT1", transaction, AskingLine(association, CONTEXT))
        assert lines.find("CT1", "1.8") is None
        assert lines.find("CT1", "1.9") is not None
        await association.release()
        del association
        gc.collect()
        assert lines.find("CT1", "1.9") is None
