from hypothesis import given
from hypothesis import strategies as st

from pacsd.net.places import Full, Place, Places

FROM_CT1 = Place("PACSD", "CT1")
FROM_CT2 = Place("PACSD", "CT2")
WIDE = ("peer", 100)


def take(
    places: Places,
    place: Place = FROM_CT1,
    *,
    is_known: bool = True,
    caller_limit: tuple[str, int] = WIDE,
    called_limit: tuple[str, int] | None = None,
) -> Full | None:
    return places.take(
        place, is_known=is_known, caller_limit=caller_limit, called_limit=called_limit
    )


def test_d13_the_total_is_the_limit() -> None:
    places = Places(total=2, reserved=0)
    assert take(places) is None
    assert take(places) is None
    assert take(places) == Full("dimse.max_associations", 2)
    assert len(places) == 2


def test_d13_the_reserve_is_for_known_peers() -> None:
    places = Places(total=3, reserved=2)
    assert take(places, is_known=False) is None
    assert take(places, is_known=False) == Full("dimse.max_associations", 1)
    assert take(places) is None
    assert take(places) is None
    assert take(places) == Full("dimse.max_associations", 3)


def test_d13_one_caller_cannot_take_all() -> None:
    places = Places(total=10, reserved=0)
    limit = ("peer.max_associations", 1)
    assert take(places, caller_limit=limit) is None
    assert take(places, caller_limit=limit) == Full("peer.max_associations", 1)
    assert take(places, FROM_CT2, caller_limit=limit) is None


def test_an_ae_title_of_ours_can_have_its_own_limit() -> None:
    places = Places(total=10, reserved=0)
    limit = ("ae.max_associations", 1)
    assert take(places, called_limit=limit) is None
    assert take(places, FROM_CT2, called_limit=limit) == Full("ae.max_associations", 1)
    assert take(places, Place("OTHER", "CT2"), called_limit=limit) is None


def test_a_place_given_back_is_free() -> None:
    places = Places(total=1, reserved=0)
    for _ in range(3):
        assert take(places) is None
        places.give_back(FROM_CT1)
    assert len(places) == 0


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.booleans())))
def test_no_limit_is_ever_passed(steps: list[tuple[str, bool]]) -> None:
    places, taken = Places(total=4, reserved=1), list[Place]()
    for caller, is_arrival in steps:
        place = Place("PACSD", caller)
        if is_arrival:
            if take(places, place, caller_limit=("peer", 2)) is None:
                taken.append(place)
        elif place in taken:
            taken.remove(place)
            places.give_back(place)
        assert len(places) == len(taken) <= 4
        assert taken.count(place) <= 2
