"""A plugin with a model: counts the slices that are missing in a series, and raises an alarm."""

import json

from pacsd.api.ai import AiFindings, AiInput
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

INSTANCE_NUMBER = "00200013"


class SliceGapsSettings(Settings):
    """Which series are looked at."""

    modalities: tuple[str, ...] = ("CT",)
    """Modalities (0008,0060) of series that are numbered slice by slice."""

    most_slices: int = 20_000
    """A series with a number beyond that is not numbered by slices."""


class SliceGaps(Plugin[SliceGapsSettings]):
    """Once a study is quiet no slice is on its way any more: what is not here is missing."""

    settings_class = SliceGapsSettings

    @hookimpl
    async def pacsd_infer(self, inputs: tuple[AiInput, ...]) -> AiFindings | None:
        """The summary stands in the list of jobs; nothing is written: no pacsd_persist."""
        missing = 0
        for each in inputs:
            if each.modality in self.settings.modalities and not each.is_prior:
                numbers = await self._numbers(each)
                missing += len({*range(min(numbers, default=0), max(numbers, default=0))} - numbers)
        if not missing:
            return None
        self.host.logger.warning("slices are missing", study=inputs[0].study_instance_uid)
        return AiFindings(f"{missing} slices are missing")

    async def _numbers(self, series: AiInput) -> set[int]:
        """The Instance Numbers of a series, page by page."""
        found, after = set[int](), ""
        while page := await self.host.instances.of_study(
            series.study_instance_uid, series.series_instance_uid, after
        ):
            for facts in page:
                header = json.loads(await self.host.instances.header(facts.sop_instance_uid))
                found.update(header.get(INSTANCE_NUMBER, {}).get("Value", ()))
            after = page[-1].sop_instance_uid
        return {number for number in found if 0 < number <= self.settings.most_slices}
