import pytest

from pacsd.api.errors import HookError
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hookimpl
from tests.api.hookspecs.hooks_of import hooks_of


class Diary:
    """Writes down what it is told, by the hook it is told by; `fails` at what it should not be."""

    def __init__(self, *, fails: bool = False) -> None:
        self.told: list[tuple[str, ArchiveEvent]] = []
        self.fails = fails

    def note(self, name: str, event: ArchiveEvent) -> None:
        if self.fails:
            raise OSError("full")
        self.told.append((name, event))

    @hookimpl
    async def pacsd_instance_stored(self, event: ArchiveEvent) -> None:
        self.note("instance_stored", event)

    @hookimpl
    async def pacsd_series_quiet(self, event: ArchiveEvent) -> None:
        self.note("series_quiet", event)

    @hookimpl
    async def pacsd_study_quiet(self, event: ArchiveEvent) -> None:
        self.note("study_quiet", event)

    @hookimpl
    async def pacsd_study_changed(self, event: ArchiveEvent) -> None:
        self.note("study_changed", event)

    @hookimpl
    async def pacsd_study_deleted(self, event: ArchiveEvent) -> None:
        self.note("study_deleted", event)


async def told(kind: EventKind) -> None:
    """See that an event reaches its own hook, and that a failure is raised."""
    event = ArchiveEvent("a-1", kind, 5, "1.2", "1.2.3", "1.2.3.4")
    diary = Diary()
    hooks = hooks_of(diary)
    assert hooks.events.plugins == ("acme",)
    await hooks.events.tell("acme", kind, event=event)
    assert diary.told == [(str(kind), event)]
    with pytest.raises(HookError, match=f"plugin acme: pacsd_{kind}: raised OSError: full"):
        await hooks_of(Diary(fails=True)).events.tell("acme", kind, event=event)


async def test_hook_pacsd_instance_stored() -> None:
    await told(EventKind.INSTANCE_STORED)


async def test_hook_pacsd_series_quiet() -> None:
    await told(EventKind.SERIES_QUIET)


async def test_hook_pacsd_study_quiet() -> None:
    await told(EventKind.STUDY_QUIET)


async def test_hook_pacsd_study_changed() -> None:
    await told(EventKind.STUDY_CHANGED)


async def test_hook_pacsd_study_deleted() -> None:
    await told(EventKind.STUDY_DELETED)
