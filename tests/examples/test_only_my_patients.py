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
    physicians={"ann": ("MILLER^ANN*", "MUELLER^ANN*")},
    see_everything=("head",),
    workstations=("WORKSTATION",),
)
NOTHING = Restriction({"ReferringPhysicianName": ()})


async def seen(tmp_path: Path, *, is_authenticated: bool) -> dict[str, object]:
    plugin = OnlyMyPatients(Host("only_my_patients", tmp_path, structlog.get_logger()), SETTINGS)
    return {
        name: await call_hook(
            plugin,
            "pacsd_restrict_query",
            request=SightRequest(
                Principal(name, is_authenticated=is_authenticated), Door.DIMSE, "192.0.2.7"
            ),
        )
        for name in ("ann", "head", "WORKSTATION", "somebody", "")
    }


async def test_everybody_sees_its_own(tmp_path: Path) -> None:
    assert await seen(tmp_path, is_authenticated=True) == {
        "ann": Restriction({"ReferringPhysicianName": ("MILLER^ANN*", "MUELLER^ANN*")}),
        "head": None,
        "WORKSTATION": NOTHING,
        "somebody": NOTHING,
        "": NOTHING,
    }


async def test_an_ae_title_is_nobody_who_has_logged_in(tmp_path: Path) -> None:
    assert await seen(tmp_path, is_authenticated=False) == {
        "ann": NOTHING,
        "head": NOTHING,
        "WORKSTATION": None,
        "somebody": NOTHING,
        "": NOTHING,
    }
