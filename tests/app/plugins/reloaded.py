"""Plugins that a daemon of the tests starts, changes and stops while it runs: one package."""

import os
from pathlib import Path

from pacsd.api.access import Login, Principal
from pacsd.api.config_change import ConfigChange
from pacsd.api.health import Health
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.receiving import NotAccepted, ReceivedInstance
from pacsd.api.settings import Settings
from pacsd.dicom.status import Status
from tests.house.floors import ROOT


class GateSettings(Settings):
    patient_id: str
    """Whose instances are refused."""

    startup_error: str = ""


class Gate(Plugin[GateSettings]):
    """Refuses the instances of one patient; tells of its life."""

    settings_class = GateSettings

    async def startup(self) -> None:
        if self.settings.startup_error:
            raise OSError(self.settings.startup_error)
        self.host.logger.info("up", plugin=self.host.name, pid=os.getpid())

    async def shutdown(self) -> None:
        self.host.logger.info("down", plugin=self.host.name, pid=os.getpid())

    @hookimpl
    async def pacsd_instance_received(self, instance: ReceivedInstance) -> NotAccepted | None:
        if instance.patient_id != self.settings.patient_id:
            return None
        return NotAccepted(Status.OUT_OF_RESOURCES, f"not for {self.host.name}")

    @hookimpl
    async def pacsd_config_changed(self, change: ConfigChange) -> None:
        self.host.logger.info("told", plugin=self.host.name, keys=",".join(change.keys))

    @hookimpl
    async def pacsd_health(self) -> Health | None:
        return None if self.settings.patient_id else Health(is_well=False, explanation="idle")


class Porter(Plugin[Settings]):
    """Knows everybody."""

    @hookimpl
    async def pacsd_authenticate(self, login: Login) -> Principal:
        return Principal(login.scheme)


NAMES = {"one": "Gate", "two": "Gate", "three": "Gate", "porter": "Porter"}


def installed(folder: Path) -> dict[str, str]:
    """The environment of a daemon in which they are installed."""
    package = folder / "pacsd_reloaded-1.0.dist-info"
    package.mkdir(parents=True)
    head = "Metadata-Version: 2.1\nName: pacsd-reloaded\nVersion: 1.0\n"
    (package / "METADATA").write_text(head)
    lines = [f"{name} = {__name__}:{attr}" for name, attr in NAMES.items()]
    (package / "entry_points.txt").write_text("\n".join(["[pacsd.plugins]", *lines, ""]))
    here = os.environ.get("PYTHONPATH", "")
    paths = [str(folder), str(ROOT), str(ROOT / "plugins/store_fs"), here]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
