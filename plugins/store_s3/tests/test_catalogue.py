from pacsd_store_s3.catalogue import Catalogue, Place
from pacsd_store_s3.entries import Copied, Deleted, Floor, Removed, Uploaded

from pacsd.api.store import Location


def at(number: int, size_bytes: int = 10) -> tuple[str, Location]:
    return f"0001/{number:03d}", Location("spool", f"{number:03d}", size_bytes)


def uploaded(number: int) -> Uploaded:
    return Uploaded(at(number)[0], 10, 0)


def test_an_object_waits_then_is_cached_then_gone() -> None:
    catalogue = Catalogue()
    key, location = at(1)
    catalogue.add_waiting(key, location)
    assert (catalogue.waiting_objects, catalogue.waiting_bytes) == (1, 10)
    assert catalogue.here(key) == Place(location)
    catalogue.apply(uploaded(1))
    assert (catalogue.waiting_objects, catalogue.cached_bytes) == (0, 10)
    catalogue.apply(Deleted(key))
    assert catalogue.is_deleted(key)
    assert catalogue.here(key) is None
    assert catalogue.keys_after("", 9) == []
    catalogue.apply(uploaded(1))
    assert catalogue.uploaded(key) is None
    catalogue.apply(Removed(key))
    assert not catalogue.is_deleted(key)


def test_the_least_used_goes_first() -> None:
    catalogue = Catalogue()
    for number in range(3):
        catalogue.add_cached(at(number)[0], Place(at(number)[1]))
    catalogue.here(at(0)[0])
    assert list(catalogue.least_used()) == [at(1)[0], at(2)[0], at(0)[0]]
    assert catalogue.size_here(at(1)[0]) == 10


def test_keys_rise_whatever_comes_first() -> None:
    catalogue = Catalogue()
    for number in (5, 1, 3, 3):
        catalogue.add_waiting(*at(number))
    assert catalogue.keys_after("0001/001", 1) == ["0001/003"]
    assert catalogue.keys_after("", 9) == ["0001/001", "0001/003", "0001/005"]
    assert catalogue.size_bytes("0001/003") == 10


def test_forgets_the_lowest_that_are_not_here() -> None:
    catalogue = Catalogue(recent_objects=2)
    catalogue.apply(Floor(""))
    for number in range(6):
        catalogue.apply(uploaded(number))
    catalogue.add_cached(at(0)[0], Place(at(0)[1]))
    catalogue.forget_old()
    assert catalogue.keys_after("", 9) == ["0001/000", "0001/004", "0001/005"]
    assert catalogue.floor == "0001/003"
    catalogue.forget_old()
    assert catalogue.floor == "0001/003"


def test_says_all_that_a_ledger_needs() -> None:
    catalogue = Catalogue()
    catalogue.apply(Floor("x"))
    catalogue.apply(uploaded(1))
    catalogue.apply(Deleted("0001/000"))
    catalogue.add_cached(at(2)[0], Place(at(2)[1], 5))
    assert list(catalogue.entries()) == [
        Floor("x"),
        uploaded(1),
        Copied(at(2)[0], "002", 10),
        Deleted("0001/000"),
    ]
