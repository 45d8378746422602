"""AiProcess: the hook by which pacsd asks for what runs models."""

from collections.abc import Sequence

from pacsd.api.ai_runner import AiRunner
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd_ai_process.folder import RunFolders
from pacsd_ai_process.runner import ProcessRunner
from pacsd_ai_process.settings import AiProcessSettings, problems

PREFIX = "process:"
"""Of the names of such runners."""

_DAY_S = 86_400


class AiProcess(Plugin[AiProcessSettings]):
    """Gives the runners `process:NAME`: objects, so that it needs trusted = true."""

    settings_class = AiProcessSettings

    def check(self) -> Sequence[str]:
        """What of the settings cannot be used."""
        return problems(self.settings)

    @hookimpl
    async def pacsd_ai_runner(self, name: str) -> AiRunner | None:
        """The program of this name."""
        for each in self.settings.program:
            if name == f"{PREFIX}{each.name}":
                runs = RunFolders(
                    self.host.data_dir / self.host.name, self.settings.keep_days * _DAY_S
                )
                return ProcessRunner(each, self.host, runs)
        return None
