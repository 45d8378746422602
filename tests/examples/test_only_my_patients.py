from pathlib import Path

import structlog

from contrib.examples.only_my_patients.pacsd_only_my_patients import (
    OnlyMyPatients,
    OnlyMyPatientsSettings,
)
from pacsd.api.access import Door, Principal, Restriction, SightRequest
from pacsd.api.plugin import Host
from pacsd.testing.hook_call import call_hook

SETTINGS = OnlyMyPatientsSettings(
    physicians={"ann": ("MILLER^ANN*", "MUELLER^ANN*")}, see_everything=("WORKSTATION",)
)


async def test_everybody_sees_its_own(tmp_path: Path) -> None:
    plugin = OnlyMyPatients(Host("only_my_patients", tmp_path, structlog.get_logger()), SETTINGS)
    found = {
        name: await call_hook(
            plugin,
            "pacsd_restrict_query",
            request=SightRequest(Principal(name), Door.HTTP, "192.0.2.7"),
        )
        for name in ("ann", "WORKSTATION", "somebody")
    }
    assert found == {
        "ann": Restriction({"ReferringPhysicianName": ("MILLER^ANN*", "MUELLER^ANN*")}),
        "WORKSTATION": None,
        "somebody": Restriction({"ReferringPhysicianName": ()}),
    }
