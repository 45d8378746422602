import pytest

from pacsd.api.hooks import hookimpl
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.api.reception import Reception
from tests.api.hookspecs.hooks_of import hooks_of

INSTANCE = ReceivedInstance(
    Reception(1, "CT1", "PACSD", "192.0.2.7", 5, "dimse"),
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid="1.2.3.4",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    study_instance_uid="1.2",
    series_instance_uid="1.2.3",
    patient_id="P1",
    issuer_of_patient_id="",
    attributes={"Modality": "CT"},
)


@pytest.mark.parametrize("answer", [None, NotAccepted(0xA900, "no screenshots")])
async def test_hook_pacsd_instance_received(answer: NotAccepted | None) -> None:
    class Gate:
        @hookimpl
        async def pacsd_instance_received(self, instance: ReceivedInstance) -> NotAccepted | None:
            assert instance is INSTANCE
            return answer

    assert await hooks_of(Gate()).instance_received(instance=INSTANCE) == answer


async def test_a_gate_that_fails_has_it_sent_again() -> None:
    class Gate:
        @hookimpl
        def pacsd_instance_received(self) -> NotAccepted:
            return NotAccepted(0x0000, "a status that is none")

    answer = await hooks_of(Gate()).instance_received(instance=INSTANCE)
    assert answer == NotAccepted(0xA700, "Could not be decided now: try again")
