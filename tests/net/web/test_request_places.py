import pytest

from pacsd.net.web.request_places import RequestPlaces


def test_there_are_so_many() -> None:
    places = RequestPlaces(2)
    with places.taken():
        assert not places.is_full
        with places.taken():
            assert places.is_full
    assert not places.is_full


def test_one_that_is_given_back_is_another_s_meanwhile() -> None:
    places = RequestPlaces(1)
    with places.taken():
        with places.given_back():
            assert not places.is_full
            with places.taken():
                assert places.is_full
        assert places.is_full
    assert not places.is_full


def test_they_are_given_back_whatever_is_raised() -> None:
    places = RequestPlaces(1)
    with pytest.raises(ZeroDivisionError), places.taken(), places.given_back():
        raise ZeroDivisionError
    assert not places.is_full
