from io import BytesIO
from pathlib import Path

import pytest

from pacsd.api.host import HostError
from pacsd.app.plugins.services import HostServices
from pacsd.testing.host_contract import check_instances
from pacsd.testing.objects import dicom_file
from tests.app.serving_host import serving


async def test_instances_are_read_and_added(tmp_path: Path) -> None:
    async with serving(tmp_path) as services:
        await check_instances(services.instances_of("acme"))


async def test_they_can_be_asked_while_the_archive_is_open(tmp_path: Path) -> None:
    instances = HostServices(lambda: 0).instances_of("acme")
    for asked in (instances.header("1.2"), instances.add(BytesIO(dicom_file()))):
        with pytest.raises(HostError, match="the archive is not open"):
            await asked
    async with serving(tmp_path) as services:
        instances = services.instances_of("acme")
    with pytest.raises(HostError, match="the archive is not open"):
        await instances.open("1.2")
