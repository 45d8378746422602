from pacsd.archive.instance import DEFAULT_POLICY, SenderPolicy


def test_nobody_restores_or_is_warned_by_default() -> None:
    assert (
        SenderPolicy(restores_deleted=False, warns_of_conflict=False, warns_of_quirks=False)
        == DEFAULT_POLICY
    )
