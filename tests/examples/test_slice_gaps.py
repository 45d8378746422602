from pathlib import Path

import pytest

from contrib.examples.slice_gaps.pacsd_slice_gaps import SliceGaps, SliceGapsSettings
from pacsd.api.ai import AiFindings
from pacsd.testing.ai_contract import STUDIES, AiContract, worked_through
from pacsd.testing.fake_host import fake_host


class TestSliceGaps(AiContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> SliceGaps:
        return SliceGaps(fake_host(tmp_path), SliceGapsSettings())


async def test_a_gap_is_told_and_logged(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    findings, results = await worked_through(SliceGaps(host, SliceGapsSettings()), STUDIES["a gap"])
    assert findings == AiFindings("1 slices are missing")
    assert results.sop_instance_uids == ()
    assert [line.event for line in host.logger.lines] == ["slices are missing"]


@pytest.mark.parametrize("study", ["a hundred", "odd numbers", "nothing any more", "no text"])
async def test_what_has_no_gap_is_passed_over(tmp_path: Path, study: str) -> None:
    host = fake_host(tmp_path)
    found = await worked_through(SliceGaps(host, SliceGapsSettings()), STUDIES[study])
    assert found[0] is None
    assert host.logger.lines == []
