import pytest

from pacsd.api.access import Restriction
from pacsd.api.hooks import HOOKS
from pacsd.api.receiving import Coerce, StoreChoice
from pacsd.api.vote import Deny
from pacsd.app.plugins.fitting import fits_of
from pacsd.testing.hook_records import query_results

RESULTS = query_results({"StudyInstanceUID": "1.2"})
ASKED = {"results": RESULTS, "stores": ("fast", "slow")}


@pytest.mark.parametrize("hook", HOOKS)
def test_no_answer_fits_every_hook(hook: str) -> None:
    fits_of(hook)(None, ASKED)


def test_what_can_be_carried_out_fits() -> None:
    fits_of("pacsd_instance_received")(Coerce({"StudyDescription": "CT HEAD"}), {})
    fits_of("pacsd_restrict_query")(Restriction({"PatientID": ("1",)}), {})
    fits_of("pacsd_authorize")(Deny("no"), {})
    fits_of("pacsd_query_results")(RESULTS, ASKED)
    for choice in ("slow", StoreChoice("fast"), None):
        fits_of("pacsd_choose_store")(choice, ASKED)


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("pacsd_instance_received", Coerce({"PatientID": "1"})),
        ("pacsd_restrict_query", Restriction({"ImageComments": ("1",)})),
        ("pacsd_query_results", query_results()),
        ("pacsd_choose_store", "vault"),
        ("pacsd_choose_store", StoreChoice("vault")),
        ("pacsd_authorize", Deny(5)),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_does_not(hook: str, answer: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        fits_of(hook)(answer, ASKED)
