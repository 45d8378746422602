from dataclasses import replace

from pacsd.dicom.level import Level
from pacsd.index.change_records import CursorMove
from pacsd.index.index import Index
from pacsd.index.quiet import Touched
from pacsd.index.records import NewInstance
from tests.index.made import SCOPE, new

STUDY = "1.2.3"


def brought(uid: str, origin: str) -> NewInstance:
    instance = new(uid)
    return replace(instance, reception=replace(instance.reception, origin=origin))


async def quiet(index: Index) -> int:
    """Have the study told quiet: the number of the change that says so."""
    changes = (await index.changes.page(SCOPE)).changes
    [row] = {each.study for each in changes if each.study is not None}
    newest = changes[-1].number
    touched = Touched(Level.STUDY, row, due_us=0)
    await index.quiet.note([touched], CursorMove(SCOPE.partition, "quiet", newest))
    assert await index.quiet.tell_due(newest, 10) == 1
    return (await index.changes.told(SCOPE, None, 1)).newest


async def test_what_came_since_it_was_quiet_before(index: Index) -> None:
    await index.add([brought("1.1", "dimse"), brought("1.2", "stow")])
    first = await quiet(index)
    assert await index.changes.origins(SCOPE, STUDY, first) == {"dimse", "stow"}
    await index.add([brought("1.3", "plugin:acme")])
    second = await quiet(index)
    assert await index.changes.origins(SCOPE, STUDY, second) == {"plugin:acme"}
    await index.add([brought("1.4", "plugin:acme"), brought("1.5", "dimse")])
    third = await quiet(index)
    await index.add([brought("1.6", "import")])
    assert await index.changes.origins(SCOPE, STUDY, third) == {"plugin:acme", "dimse"}
    assert await index.changes.origins(SCOPE, STUDY, first) == {"dimse", "stow"}


async def test_of_a_study_there_is_none_of_nothing_came(index: Index) -> None:
    assert await index.changes.origins(SCOPE, "1.9", 7) == frozenset()
