from pacsd.api.route_target import DeliveryOutcome, DeliveryResult


def test_a_result_is_of_all_instances_unless_it_says_more() -> None:
    assert DeliveryResult(DeliveryOutcome.DELIVERED).exceptions == ()


def test_outcomes_are_words() -> None:
    assert [*map(str, DeliveryOutcome)] == ["delivered", "refused", "again"]
