"""The instances of the series that a model is given, one by one, for who runs it."""

from collections.abc import AsyncGenerator, Iterable

from pacsd.api.ai import AiInput
from pacsd.api.instances import InstanceFacts, Instances


async def instances_of(
    instances: Instances, inputs: Iterable[AiInput]
) -> AsyncGenerator[InstanceFacts, None]:
    """All instances of these series, series by series, by their UIDs.

    `instances` are those of the plugin's own Host: `open` and `header` give what lies in each.

    Raises:
        HostError: they cannot be told now.
    """
    for series in inputs:
        uids, after = (series.study_instance_uid, series.series_instance_uid), ""
        while page := await instances.of_study(*uids, after):
            for facts in page:
                yield facts
            after = page[-1].sop_instance_uid
