import pytest

from pacsd.archive.instance import DEFAULT_POLICY, IngestOutcome, SenderPolicy
from pacsd.index.records import Outcome


def test_nobody_restores_or_is_warned_by_default() -> None:
    assert (
        SenderPolicy(restores_deleted=False, warns_of_conflict=False, warns_of_quirks=False)
        == DEFAULT_POLICY
    )


@pytest.mark.parametrize("became", [*Outcome, None])
def test_what_is_held(became: Outcome | None) -> None:
    assert IngestOutcome(0, "", 1, became=became).is_held == (became is Outcome.HELD)
