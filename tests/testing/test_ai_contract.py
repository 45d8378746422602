"""The suite lets a good model pass, and notices those that break the contract."""

from io import BytesIO
from itertools import count
from pathlib import Path

import pytest

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch
from pacsd.api.errors import HookError
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.testing.ai_contract import STUDIES, STUDY, AiContract, worked_through
from pacsd.testing.fake_host import fake_host
from pacsd.testing.objects import dicom_file


class GoodModel(Plugin[Settings]):
    """Writes one object for a study that has more than one instance."""

    uid = "1.2.3.9"

    @hookimpl
    async def pacsd_prefetch(self, subject: EventSubject) -> Prefetch | None:
        return Prefetch() if subject.attributes else None

    @hookimpl
    async def pacsd_infer(self, inputs: tuple[AiInput, ...]) -> AiFindings | None:
        [given] = inputs
        found = await self.host.instances.of_study(given.study_instance_uid)
        return AiFindings(f"{len(found)} instances") if len(found) > 1 else None

    @hookimpl
    async def pacsd_persist(self, findings: AiFindings) -> AiResults:
        file = dicom_file({"SOPInstanceUID": self.uid, "StudyDescription": findings.summary[-9:]})
        return AiResults((await self.host.instances.add(BytesIO(file)),))


class Forgetful(GoodModel):
    """Gives what it writes another UID each time, and believes that all has a modality."""

    numbers = count()

    @hookimpl
    async def pacsd_infer(self, inputs: tuple[AiInput, ...]) -> AiFindings | None:
        self.uid = f"1.2.3.9.{next(self.numbers)}"
        return AiFindings({"CT": "computed tomography"}[inputs[0].modality])


class Liar(GoodModel):
    """Says that it wrote what it did not write."""

    @hookimpl
    async def pacsd_persist(self, findings: AiFindings) -> AiResults:
        return AiResults((f"1.2.404.{len(findings.summary)}",))


class TestGoodModel(AiContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> GoodModel:
        return GoodModel(fake_host(tmp_path), Settings())


async def test_what_is_found_and_written_is_told(tmp_path: Path) -> None:
    plugin = GoodModel(fake_host(tmp_path), Settings())
    findings, results = await worked_through(plugin, STUDIES["a gap"])
    assert findings == AiFindings("3 instances")
    assert results == AiResults(("1.2.3.9",))
    assert len(await plugin.host.instances.of_study(STUDY)) == 4


async def test_notices_other_uids_at_another_attempt_and_what_is_raised(tmp_path: Path) -> None:
    suite = AiContract()
    with pytest.raises(AssertionError):
        await suite.test_another_attempt_writes_nothing_new(
            Forgetful(fake_host(tmp_path), Settings()), "a gap", None
        )
    with pytest.raises(HookError, match="KeyError"):
        await suite.test_works_through_any_study(
            Forgetful(fake_host(tmp_path), Settings()), STUDIES["no text"], None
        )


async def test_notices_what_was_not_written(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await AiContract().test_works_through_any_study(
            Liar(fake_host(tmp_path), Settings()), STUDIES["a gap"], None
        )
