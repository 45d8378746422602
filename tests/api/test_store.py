from pacsd.api.state_log import StateLog
from pacsd.api.store import BlobStore, Staged, opens_files, reads_together
from pacsd.testing.memory_store import MemoryStore


def methods(port: type) -> set[str]:
    return {name for name in vars(port) if not name.startswith("_")}


def test_ports_are_small() -> None:
    assert methods(BlobStore) - {"state_log"} == {
        "stage",
        "commit",
        "read",
        "stat",
        "delete",
        "list",
        "status",
    }
    assert methods(StateLog) == {"append", "read"}
    assert methods(Staged) == {"write", "abort"}


def test_a_store_is_known_by_its_methods_alone() -> None:
    store: BlobStore = MemoryStore()
    assert not isinstance(store, type(BlobStore))


class PlainStore(MemoryStore):
    """One that reads one object at a time."""

    read_together = None  # type: ignore[assignment]


def test_what_a_store_can_do_besides_is_known_by_its_method() -> None:
    stores: list[BlobStore] = [MemoryStore(), PlainStore(), MemoryStore()]
    assert [reads_together(each) for each in stores] == [True, False, True]
    assert not opens_files(MemoryStore())
