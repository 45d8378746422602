from io import BytesIO

import pytest

from pacsd.api.host import HostError
from pacsd.testing.host_contract import check_instances
from pacsd.testing.memory_instances import MemoryInstances
from pacsd.testing.objects import dicom_file


async def test_they_do_what_the_daemons_do() -> None:
    await check_instances(MemoryInstances())


async def test_one_is_refused_when_a_test_says_so() -> None:
    instances = MemoryInstances()
    instances.refusal = "refused with status A700: full"
    with pytest.raises(HostError, match="A700: full"):
        await instances.add(BytesIO(dicom_file()))
    assert await instances.add(BytesIO(dicom_file())) == "1.2.3.4"
