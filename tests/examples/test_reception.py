from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from contrib.examples.reception.pacsd_reception import Reception, ReceptionSettings
from pacsd.api.plugin import Host
from pacsd.api.receiving import Coerce, Hold, Quarantine
from pacsd.testing.gate_contract import InstanceGateContract
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import received_instance

SETTINGS = ReceptionSettings(institutions={"CT1": "NORTH"}, modalities=("CT", "MR"))


@pytest.fixture
def plugin(tmp_path: Path) -> Reception:
    return Reception(Host("reception", tmp_path, structlog.get_logger()), SETTINGS)


class TestContract(InstanceGateContract):
    """It answers whatever comes."""


@pytest.mark.parametrize(
    ("attributes", "calling_ae", "expected"),
    [
        ({"Modality": "CT", "AccessionNumber": "A1"}, "CT1", Coerce),
        ({"Modality": "CT", "AccessionNumber": "A1"}, "CT2", type(None)),
        ({"Modality": "CT"}, "CT1", Hold),
        ({"Modality": "XX", "AccessionNumber": "A1"}, "CT1", Quarantine),
    ],
)
async def test_what_comes_in_how(
    plugin: Reception, attributes: dict[str, str], calling_ae: str, expected: type
) -> None:
    instance = received_instance(attributes=attributes)
    reception = replace(instance.reception, calling_ae=calling_ae)
    answer = await call_hook(
        plugin, "pacsd_instance_received", instance=replace(instance, reception=reception)
    )
    assert type(answer) is expected
