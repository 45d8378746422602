from pacsd.api.vote import Allow, Deny


def test_a_denial_says_why() -> None:
    assert Deny("legal hold").reason == "legal hold"


def test_allowances_are_all_the_same() -> None:
    assert Allow() == Allow()
