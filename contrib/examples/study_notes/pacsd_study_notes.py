"""A plugin with routes and commands: readers leave notes to studies, and an operator lists them."""

from pacsd.api.commands import CommandAnswer, PluginCommand
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.http import HttpRequest, HttpResponse, HttpRoute
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings

PATH = "/studies/{study}/note"
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


class StudyNotesSettings(Settings):
    """How long a note may be."""

    most_bytes: int = 4_096
    """Of a note, in UTF-8."""


class StudyNotes(Plugin[StudyNotesSettings]):
    """Notes are kept in the plugin's own values: durable, and the same in every home."""

    settings_class = StudyNotesSettings

    @hookimpl
    async def pacsd_http_routes(self) -> tuple[HttpRoute, ...]:
        """They stand in the OpenAPI document."""
        return (HttpRoute("GET", PATH, "The note"), HttpRoute("PUT", PATH, "Write the note"))

    @hookimpl
    async def pacsd_http_request(self, request: HttpRequest) -> HttpResponse | None:
        """Who asks, and whether it may, the daemon has seen to."""
        study = request.variables["study"]
        if request.method == "PUT":
            return await self._written(study, request)
        note = await self.host.values.get(study)
        return None if note is None else HttpResponse(200, note, PLAIN)

    async def _written(self, study: str, request: HttpRequest) -> HttpResponse:
        if len(request.body) > self.settings.most_bytes:
            return HttpResponse(413, b"the note is too long", PLAIN)
        try:
            await self.host.values.put(study, request.body)
        except HostError as error:
            return HttpResponse(507, str(error).encode(), PLAIN)
        self.host.logger.info("note written", study=study, by=request.principal.name)
        return HttpResponse(204)

    @hookimpl
    async def pacsd_commands(self) -> tuple[PluginCommand, ...]:
        """`pacsd run study_notes list`."""
        return (PluginCommand("list", "Studies that have a note, the first 1,000"),)

    @hookimpl
    async def pacsd_command(self) -> CommandAnswer:
        """There is only one."""
        return CommandAnswer("\n".join(await self.host.values.keys()))
