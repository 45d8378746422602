import pytest

from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.receiving import Coerce, Hold, NotAccepted, Quarantine, ReceivedInstance
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


Answer = NotAccepted | Coerce | Hold | Quarantine
ANSWERS = (
    NotAccepted(0xA900, "no screenshots"),
    Coerce({"StudyDescription": "CT HEAD"}),
    Hold("not ordered"),
    Quarantine("no such scanner"),
)


class Gate:
    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked: list[ReceivedInstance] = []

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> Answer | None:
        self.asked.append(instance)
        return self.answer


@pytest.mark.parametrize("answer", [None, *ANSWERS])
async def test_hook_pacsd_instance_received(answer: Answer | None) -> None:
    gate = Gate(answer)
    found = await hooks_of(gate).instance_received(INSTANCE)
    assert [each for _, each in found] == ([] if answer is None else [answer])
    assert gate.asked == [INSTANCE]


@pytest.mark.parametrize(
    "junk",
    [
        Coerce({"PatientID": "P2"}),
        Coerce({"SOPInstanceUID": "1.2"}),
        Coerce({"StudyDesription": "misspelt"}),
        Coerce({"StudyDate": "yesterday"}),
        Coerce({"StudyDescription": "CT"}, reason=""),
    ],
)
async def test_what_may_not_be_coerced_is_junk(junk: Coerce) -> None:
    with pytest.raises(HookError, match=r"returned (Coerce|a reason)"):
        await hooks_of(Gate(junk)).instance_received(INSTANCE)
