from pacsd.api.vote import Deny


def test_a_denial_says_why() -> None:
    assert Deny("legal hold").reason == "legal hold"
