from pacsd.index.recent import Recent


def test_the_oldest_pair_goes_first() -> None:
    recent: Recent[str, int] = Recent(2)
    for number, name in enumerate("abc"):
        recent.put(name, number)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (None, 1, 2)


def test_a_pair_put_again_costs_no_other() -> None:
    recent: Recent[str, int] = Recent(2)
    for number, name in enumerate("abb"):
        recent.put(name, number)
    assert dict(recent) == {"a": 0, "b": 2}
