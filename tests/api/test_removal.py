from pacsd.api.removal import RemovalRequest


def test_a_request_is_a_value() -> None:
    assert RemovalRequest("1.2", "", "", "ct", "why") == RemovalRequest("1.2", "", "", "ct", "why")
