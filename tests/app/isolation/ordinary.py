"""Plugins that do nothing wrong, and some that cannot be loaded."""

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack

import anyio

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings
from pacsd.api.store import BlobStore


class OrdinarySettings(Settings):
    depth: int = 3
    startup_error: str = ""


class Living(Plugin[OrdinarySettings]):
    """Tells of its life."""

    settings_class = OrdinarySettings

    def check(self) -> Sequence[str]:
        return ["not deep enough"] if self.settings.depth < 3 else []

    async def startup(self) -> None:
        self.host.logger.info("up", depth=self.settings.depth, pid=os.getpid())
        if self.settings.startup_error:
            raise OSError(self.settings.startup_error)

    async def shutdown(self) -> None:
        self.host.logger.info("down")


class Ordinary(Living):
    """Answers with what it sees."""

    @hookimpl(tryfirst=True)
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        thread = threading.current_thread().name
        return Refusal(1, 1, 1, f"{os.getpid()} {request.calling_ae} in {thread}")


class Plain(Living):
    @hookimpl(trylast=True)
    def pacsd_association_requested(self) -> Refusal:
        self.host.logger.info("asked")
        return Refusal(1, 1, 1, f"{os.getpid()} in {threading.current_thread().name}")


class Raises(Living):
    """Raises from somewhere deeper, in a word that no log line should hold as it is."""

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal | None:
        return self._deeper(request)

    def _deeper(self, request: AssociationRequest) -> Refusal | None:
        raise ValueError(f"no room for {request.calling_ae}\n\udcff")


class Looks(Living):
    """Tells what its process has of the daemon's environment."""

    @hookimpl
    async def pacsd_association_requested(self) -> Refusal:
        sys.stderr.write("printed\n")
        return Refusal(1, 1, 1, f"{os.getsid(0)} {','.join(sorted(os.environ))}")


class Slow(Living):
    """Answers when it is cancelled, not before."""

    @hookimpl
    async def pacsd_association_requested(self) -> None:
        self.host.logger.info("waiting")
        try:
            await anyio.sleep_forever()
        finally:
            self.host.logger.info("cancelled")


class Scoped(Plugin[Settings]):
    """Has tasks of its own from startup to shutdown, which answer; or fail, on "fail"."""

    async def startup(self) -> None:
        self._stack = AsyncExitStack()
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(self.host.logger.info, "left")
        self._tasks.start_soon(anyio.sleep_forever)

    async def shutdown(self) -> None:
        self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
        self.host.logger.info("down")

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        answered = anyio.Event()
        self._tasks.start_soon(self._answer, request.calling_ae, answered)
        await answered.wait()
        return Refusal(1, 1, 1, "from a task of its own")

    async def _answer(self, calling_ae: str, answered: anyio.Event) -> None:
        answered.set()
        if calling_ae == "fail":
            raise OSError("a task failed")


class NeverScoped(Plugin[Settings]):
    """A task of its own fails before it has started up."""

    async def startup(self) -> None:
        self._stack = AsyncExitStack()
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(self._fail)
        await anyio.sleep_forever()

    async def _fail(self) -> None:
        raise OSError("a task failed")

    async def shutdown(self) -> None:
        await self._stack.aclose()


class Forges(Living):
    """Writes onto its channel what is no frame: a pickle, with a length before it."""

    @hookimpl
    async def pacsd_association_requested(self) -> None:
        pickle = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
        os.write(int(sys.argv[1]), len(pickle).to_bytes(4, "big") + pickle)


class Store(Plugin[Settings]):
    @hookimpl
    def pacsd_blob_store(self, name: str) -> BlobStore | None:
        raise KeyError(name)


class Unbuilt(Plugin[Settings]):
    def __init__(self, host: Host, settings: Settings) -> None:
        raise ValueError(f"no {host.name} with {settings}")


class Unchecked(Plugin[Settings]):
    def check(self) -> Sequence[str]:
        raise SystemExit(4)


class Misspelt(Plugin[Settings]):
    @hookimpl
    def pacsd_asociation_requested(self) -> None: ...


class Misfitting(Plugin[Settings]):
    @hookimpl
    def pacsd_association_requested(self, connection: object) -> None: ...


class Wrapping(Plugin[Settings]):
    @hookimpl(wrapper=True)
    def pacsd_association_requested(self):  # type: ignore[no-untyped-def]
        return (yield)


NOT_A_PLUGIN = 7
