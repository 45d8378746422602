"""The contract suites of routing: rules that say where something shall go, and targets.

A plugin's tests subclass one, provide a fixture `plugin` or `target`, and pytest does the rest:

    class TestMyRules(RouteContract):
        @pytest.fixture
        def plugin(self, tmp_path):
            return MyRules(fake_host(tmp_path), MySettings(...))

Whatever is archived, rules answer within the deadline and as the hook says, and the same each time:
an event may come twice. Targets say of everything they are given what became of it.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import (
    MAX_INSTANCES,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    RouteTarget,
)
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import EXPLICIT_VR_LITTLE_ENDIAN, event_subject
from pacsd.testing.objects import CT_IMAGE_STORAGE

_LONGEST_UID = "1." + "2" * 62
_NO_TEXT = {"PatientName": "", "PatientID": "", "Modality": "", "StudyDate": ""}

SUBJECTS = {
    "a quiet study": event_subject(),
    "a quiet series": event_subject(kind=EventKind.SERIES_QUIET),
    "an instance": event_subject(kind=EventKind.INSTANCE_STORED),
    "no text": event_subject(_NO_TEXT),
    "from nobody": event_subject(calling_ae="", called_ae="", peer_address="", origin="import"),
    "by a plugin": event_subject(calling_ae="", called_ae="", origin="plugin:other"),
    "several modalities": event_subject({"Modality": "CT\\MR\\SR"}),
    "longest UIDs": event_subject({"StudyInstanceUID": _LONGEST_UID}),
    "unknown SOP class": event_subject({"SOPClassUID": "1.2.3.4"}, EventKind.INSTANCE_STORED),
    "not ASCII": event_subject({"PatientName": "M\xfcller^J\xf6rg=\u5c71\u7530^\u592a\u90ce"}),
    "escapes": event_subject({"StudyDescription": "A\x1b[2J\r\n\0"}),
    "a long value": event_subject({"StudyDescription": "x" * 65_536}),
    "odd values": event_subject({"Modality": "ct ", "StudyDate": "20269999"}),
}
"""What may have to be routed, by what is odd about it."""


class RouteContract:
    """What all routing rules do; the fixture `plugin` gives them."""

    @pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
    async def test_answers_any_subject(self, plugin: object, subject: EventSubject) -> None:
        """In time, with routes or None; the same when it is asked again."""
        first, second = [await call_hook(plugin, "pacsd_route", subject=subject) for _ in range(2)]
        assert first == second


def delivery(instances: int, **fields: str) -> Delivery:
    """A delivery of so many instances of one series."""
    facts = tuple(
        InstanceFacts(
            f"1.2.3.1.{number}", CT_IMAGE_STORAGE, "1.2.3.1", "1.2.3", EXPLICIT_VR_LITTLE_ENDIAN, 9
        )
        for number in range(instances)
    )
    named = {"target": "target", "rule": "all CT", "reason": "a rule"}
    of_study = {**named, "study_instance_uid": "1.2.3", **fields}
    return Delivery(attempt=1, instances=facts, is_urgent=False, **of_study)


class RouteTargetContract:
    """What every target does; the fixture `target` gives one whose other side does not have these.

    It need not deliver them: it has to say what became of them.
    """

    @pytest.mark.parametrize("instances", [1, 3, MAX_INSTANCES])
    async def test_says_what_became_of_each(self, target: RouteTarget, instances: int) -> None:
        """All exceptions are of what was to be sent, each once."""
        given = delivery(instances)
        result = await _sent(target, given)
        assert isinstance(result, DeliveryResult)
        assert isinstance(result.outcome, DeliveryOutcome)
        named = [each.sop_instance_uid for each in result.exceptions]
        assert len(named) == len({*named})
        assert {*named} <= {each.sop_instance_uid for each in given.instances}

    async def test_what_fails_says_why(self, target: RouteTarget) -> None:
        """Whoever runs pacsd reads it."""
        result = await _sent(target, delivery(2))
        said = [(result.outcome, result.explanation)]
        said += [(each.outcome, each.explanation) for each in result.exceptions]
        assert all(why for outcome, why in said if outcome is not DeliveryOutcome.DELIVERED)

    async def test_says_how_it_is(self, target: RouteTarget) -> None:
        """None, or a reason."""
        reason = await target.check()
        assert reason is None or reason


async def _sent(target: RouteTarget, given: Delivery) -> DeliveryResult:
    """What became of a delivery, as the daemon sees it."""
    try:
        return await target.send(given)
    except Exception as error:  # noqa: BLE001 - whatever is raised means that of all of them
        return DeliveryResult(DeliveryOutcome.AGAIN, f"{type(error).__name__}: {error}")
