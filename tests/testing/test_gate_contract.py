"""The suites let good gates pass, and notice those that break the contract."""

import pytest

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.errors import HookError
from pacsd.api.hooks import hookimpl
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.testing.gate_contract import (
    ASSOCIATION_REQUESTS,
    RECEIVED_INSTANCES,
    AssociationGateContract,
    InstanceGateContract,
)


class GoodGate:
    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        return None if request.calling_ae else Refusal(1, 1, 3, "nobody")

    @hookimpl
    def pacsd_instance_received(self, instance: ReceivedInstance) -> NotAccepted | None:
        return None if instance.patient_id else NotAccepted(0xC000, "no Patient ID")


class BadGate:
    """Believes that everything it was ever sent has ASCII in it, and a modality."""

    asked = 0

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        request.calling_ae.encode("ascii")
        self.asked += 1
        return Refusal(1, 1, 3, "once is enough") if self.asked > 1 else None

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> NotAccepted | None:
        return None if instance.attributes["Modality"] else NotAccepted(0xC000, "no modality")


class TestGoodGate(AssociationGateContract, InstanceGateContract):
    @pytest.fixture
    def plugin(self) -> GoodGate:
        return GoodGate()


async def test_notices_a_gate_of_associations_that_raises() -> None:
    suite, odd = AssociationGateContract(), ASSOCIATION_REQUESTS["not ASCII"]
    with pytest.raises(HookError, match="raised UnicodeEncodeError"):
        await suite.test_answers_any_association_request(BadGate(), odd)


async def test_notices_a_gate_that_a_request_uses_up() -> None:
    with pytest.raises(AssertionError):
        await AssociationGateContract().test_answers_an_association_request_again(BadGate())


async def test_notices_a_gate_of_instances_that_raises() -> None:
    suite, odd = InstanceGateContract(), RECEIVED_INSTANCES["no text"]
    with pytest.raises(HookError, match="raised KeyError"):
        await suite.test_answers_any_instance(BadGate(), odd)


def test_associations_have_up_to_128_contexts() -> None:
    counts = [len(each.abstract_syntaxes) for each in ASSOCIATION_REQUESTS.values()]
    assert (min(counts), max(counts)) == (0, 128)
