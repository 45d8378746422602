from pacsd.dimse.patience import MIN_BYTES_PER_S, Pace, Patience


def test_a_message_has_its_time_before_its_pace_counts() -> None:
    pace = Pace(0.0)
    pace.fed(100, 5.0, is_in_message=False)
    assert pace.due(60.0) == 65.0


def test_bytes_give_time_once_the_message_is_under_way() -> None:
    pace = Pace(0.0)
    pace.fed(0, 5.0, is_in_message=False)
    pace.fed(100 * MIN_BYTES_PER_S, 6.0, is_in_message=True)
    assert pace.due(60.0) == 105.0


def test_what_was_fed_with_a_beginning_counts_for_it_and_nothing_before() -> None:
    pace = Pace(0.0)
    pace.fed(1_000 * MIN_BYTES_PER_S, 5.0, is_in_message=True)
    pace.fed(70 * MIN_BYTES_PER_S, 6.0, is_in_message=True)
    pace.begin()
    assert pace.due(60.0) == 76.0


def test_time_in_which_we_did_not_read_is_ours() -> None:
    pace = Pace(0.0)
    pace.fed(10, 5.0, is_in_message=False)
    pace.fed(10, 15.0, is_in_message=True)
    pace.resumed(115.0)
    pace.resumed(116.0)
    assert pace.due(60.0) == 166.0


def test_patience_is_only_ever_shortened() -> None:
    patience = Patience(idle_s=300)
    assert patience.shortened(3, "key") == Patience(idle_s=3, idle_key="key")
    assert patience.shortened(600, "key") is patience
    assert Patience(idle_s=0).shortened(3, "key").idle_s == 3, "0 waits for ever"
