import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.access import Principal
from pacsd.api.dispatch.answer_kinds import kind_of
from pacsd.api.receiving import NotAccepted
from pacsd.api.routing import Route
from pacsd.api.vote import Deny


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, ""),
        (Deny("it is Roe^Jane's"), "Deny"),
        (NotAccepted(0xA700, "Roe^Jane"), "NotAccepted A700"),
        (Refusal(1, 1, 3, "Roe^Jane"), "Refusal 1/1/3"),
        (Principal("Roe^Jane"), "Principal"),
        ((Route("tape", "Roe^Jane"), Route("disk", "Roe^Jane")), "tuple of 2"),
    ],
)
def test_the_kind_of_an_answer_holds_none_of_its_values(answer: object, kind: str) -> None:
    assert kind_of(answer) == kind
