"""The contract suite of plugins with models.

A plugin's tests subclass it, provide a fixture `plugin` whose Host is a fake one, and pytest does
the rest:

    class TestMyModel(AiContract):
        @pytest.fixture
        def plugin(self, tmp_path):
            return MyModel(fake_host(tmp_path), MySettings(...))

Whatever lies in a study, a model answers within the deadlines and as the hooks say; what it says
that it wrote is there; and at another attempt it writes the same objects, and no more. Of a plugin
that answers `pacsd_infer` with RunModel give a runner, too, as a fixture `runner`: a FakeRunner.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import pytest

from pacsd.api.ai import AiFindings, AiInput, AiResults, RunModel
from pacsd.api.ai_runner import AiRunner, work_of
from pacsd.api.event_subject import EventSubject
from pacsd.api.plugin import Plugin
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import event_subject
from pacsd.testing.objects import DEFAULTS, dicom_file

Attributes = Mapping[str, str | int]

STUDY = str(DEFAULTS["StudyInstanceUID"])
SERIES = str(DEFAULTS["SeriesInstanceUID"])
_NO_TEXT = {
    "PatientName": "",
    "PatientID": "",
    "Modality": "",
    "InstanceNumber": "",
    "StudyDate": "",
}

STUDIES: Mapping[str, Sequence[Attributes]] = {
    "nothing any more": (),
    "one instance": ({},),
    "no text": (_NO_TEXT,),
    "not ASCII": ({"PatientName": "M\xfcller^J\xf6rg=\u5c71\u7530^\u592a\u90ce"},),
    "the same number twice": ({"InstanceNumber": "1"}, {"InstanceNumber": "1"}),
    "odd numbers": ({"InstanceNumber": "-1"}, {"InstanceNumber": "2147483647"}),
    "another modality": ({"Modality": "SR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"},),
    "unknown SOP class": ({"SOPClassUID": "1.2.3.4"},),
    "a gap": tuple({"InstanceNumber": str(number)} for number in (1, 2, 4)),
    "a hundred": tuple({"InstanceNumber": str(number)} for number in range(1, 101)),
}
"""Studies of one series, by what is odd about them."""


async def worked_through(
    plugin: Plugin[Any], instances: Sequence[Attributes], runner: AiRunner | None = None
) -> tuple[AiFindings | None, AiResults]:
    """What a plugin finds in a study, and what it has written of that.

    The instances are added to its Host, and its hooks called as the daemon would. Models that it
    wants to be run are run by `runner`; without one nothing is found.
    """
    for number, attributes in enumerate(instances, 1):
        file = dicom_file({"SOPInstanceUID": f"{SERIES}.{number}", **attributes}, pixel_bytes=512)
        await plugin.host.instances.add(BytesIO(file))
    told = {key: str(value) for key, value in (instances[0] if instances else {}).items()}
    subject = event_subject(told)
    if hasattr(plugin, "pacsd_prefetch"):
        await call_hook(plugin, "pacsd_prefetch", subject=subject)
    return await found_and_written(plugin, subject, runner)


async def found_and_written(
    plugin: Plugin[Any], subject: EventSubject, runner: AiRunner | None = None
) -> tuple[AiFindings | None, AiResults]:
    """One attempt at a study of one series."""
    date, modality = str(DEFAULTS["StudyDate"]), subject.attributes.get("ModalitiesInStudy", "")
    given = AiInput(STUDY, SERIES, modality, "", date, is_prior=False)
    findings = await call_hook(plugin, "pacsd_infer", subject=subject, inputs=(given,))
    if isinstance(findings, RunModel) and runner is not None:
        findings = await runner.run(work_of(findings, subject, (given,), attempt=1))
    if not isinstance(findings, AiFindings):
        return None, AiResults()
    if not hasattr(plugin, "pacsd_persist"):
        return findings, AiResults()
    results = await call_hook(plugin, "pacsd_persist", subject=subject, findings=findings)
    return findings, results if isinstance(results, AiResults) else AiResults()


class AiContract:
    """What every plugin with a model does; the fixture `plugin` gives one, its Host a fake."""

    @pytest.fixture
    def runner(self) -> AiRunner | None:
        """What runs the models that it wants to be run."""
        return None

    @pytest.mark.parametrize("instances", STUDIES.values(), ids=STUDIES)
    async def test_works_through_any_study(
        self, plugin: Plugin[Any], instances: Sequence[Attributes], runner: AiRunner | None
    ) -> None:
        """In time; and what it says it wrote is in that study."""
        _, results = await worked_through(plugin, instances, runner)
        here = {each.sop_instance_uid for each in await plugin.host.instances.of_study(STUDY)}
        assert {*results.sop_instance_uids} <= here

    @pytest.mark.parametrize("study", ["one instance", "a gap"])
    async def test_another_attempt_writes_nothing_new(
        self, plugin: Plugin[Any], study: str, runner: AiRunner | None
    ) -> None:
        """The same objects, with the same UIDs."""
        first = await worked_through(plugin, STUDIES[study], runner)
        before = await plugin.host.instances.of_study(STUDY)
        subject = event_subject({key: str(value) for key, value in STUDIES[study][0].items()})
        second = await found_and_written(plugin, subject, runner)
        assert second[1] == first[1]
        assert await plugin.host.instances.of_study(STUDY) == before
