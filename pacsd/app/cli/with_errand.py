"""What commands share that have long work done: by the daemon, or here while none runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import typer

from pacsd.app.cli.with_config import EXIT_INTERRUPTED, config_errors
from pacsd.app.cli.with_daemon import believe

if TYPE_CHECKING:
    from pacsd.app.admin.errands import ErrandLook

EXIT_NOT_RUN = 2
INTERRUPTED = "interrupted"

Report = TypeVar("Report")


@dataclass(slots=True)
class Ended(Generic[Report]):
    """How it ended: the last report, and why it ended too early, or ''."""

    report: Report | None = None
    failure: str = ""

    def exit_code(self, done: int) -> int:
        """The command's, of which `done` is that of work that was done."""
        if self.failure == INTERRUPTED:
            return EXIT_INTERRUPTED
        return EXIT_NOT_RUN if self.failure or self.report is None else done


def run_errand(
    config: Path | None,
    data_dir: str | None,
    kind: str,
    record: type[Report],
    show: Callable[[Report], None],
    *,
    makes_archive: bool = False,
    needs_daemon: bool = False,
    **arguments: object,
) -> Ended[Report]:
    """Have it done, and `show` reports meanwhile; Ctrl-C ends it.

    `makes_archive`: where there is none, one is made. `needs_daemon`: nobody else can do it.
    """
    from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminError, NoDaemonError, ask
    from pacsd.app.conf import reading
    from pacsd.app.conf.options import Options

    with config_errors():
        folder = reading.load(config, Options(data_dir=data_dir)).data_dir
    socket = folder / SOCKET_NAME
    try:
        number = ask(socket, "errand.start", kind=kind, **arguments)
    except NoDaemonError as error:
        if needs_daemon:
            return Ended(failure=str(error))
        if not (makes_archive or folder.is_dir()):
            return Ended(failure=f"data_dir = {folder}: there is no archive")
        return _run_here(config, data_dir, kind, record, show, arguments)
    except AdminError as error:
        return Ended(failure=str(error))
    return _look_on(partial(ask, socket, number=number), record, show)


def _look_on(
    ask: Callable[[str], object], record: type[Report], show: Callable[[Report], None]
) -> Ended[Report]:
    """Look at the daemon's errand until it is over."""
    from pacsd.app.admin.unix_socket import AdminError

    ended = Ended[Report]()
    try:
        while True:
            look = _look(ask)
            ended.report = believe(record, look.report)
            show(ended.report)
            if look.is_over:
                ended.failure = look.failure
                return ended
    except KeyboardInterrupt:
        ended.failure = INTERRUPTED
        ask("errand.cancel")
        ended.report = believe(record, _look(ask).report)
    except AdminError as error:
        ended.failure = str(error)
    return ended


def _look(ask: Callable[[str], object]) -> "ErrandLook":
    from pacsd.app.admin.errands import ErrandLook

    return believe(ErrandLook, ask("errand.look"))


def _run_here(
    config: Path | None,
    data_dir: str | None,
    kind: str,
    record: type[Report],
    show: Callable[[Report], None],
    arguments: dict[str, object],
) -> Ended[Report]:
    """Do it on the data directory, which no daemon may use meanwhile."""
    import anyio

    from pacsd.api.errors import HookError, PluginError
    from pacsd.app import logs
    from pacsd.app.admin.unix_socket import AdminError
    from pacsd.app.conf.checks import check
    from pacsd.app.conf.options import Options
    from pacsd.app.conf.settings import LogSettings
    from pacsd.app.data_dir import DataDirError, locked
    from pacsd.app.offline import perform
    from pacsd.app.opening import StartError

    ended = Ended[Report]()

    def keep(report: object) -> None:
        if isinstance(report, record):
            ended.report = report
            show(report)

    with config_errors():
        checked = check(config, Options(data_dir=data_dir))
        logs.configure(LogSettings(level="error"))
        try:
            with locked(checked.config.data_dir) as folder:
                work = partial(perform, checked, folder, kind, arguments, keep)
                ended.failure = anyio.run(work, backend_options={"use_uvloop": True})
        except KeyboardInterrupt:
            ended.failure = INTERRUPTED
        except (AdminError, DataDirError, HookError, PluginError, StartError) as error:
            ended.failure = str(error)
        finally:
            logs.flush()
    return ended


def tell_failure(ended: Ended[Report]) -> None:
    """Say why it ended too early, if it did."""
    if ended.failure:
        typer.echo(ended.failure, err=True)
