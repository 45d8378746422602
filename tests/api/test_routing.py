import pytest

from pacsd.api.routing import MAX_REASON_LENGTH, MAX_TARGET_BYTES, Route, RoutePriority


def test_a_route_has_a_target_and_a_reason() -> None:
    route = Route("peer:ARCHIVE2", "all CT")
    assert route.priority is RoutePriority.MEDIUM
    Route("t" * MAX_TARGET_BYTES, "r" * MAX_REASON_LENGTH)


@pytest.mark.parametrize("target", ["", "t" * (MAX_TARGET_BYTES + 1), "a\nb", "\0", "\ud800"])
def test_a_target_without_a_name_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 200 bytes of printable text"):
        Route(target, "all CT")


@pytest.mark.parametrize("reason", ["", "r" * (MAX_REASON_LENGTH + 1)])
def test_a_route_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 500 characters"):
        Route("peer:ARCHIVE2", reason)
