from pacsd.app.clock import now_us


def test_it_never_goes_back() -> None:
    stamps = [now_us() for _ in range(1_000)]
    assert stamps == sorted(stamps)
    assert stamps[0] > 0
