import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsd.dicom.errors import UIDError
from pacsd.dicom.uid_layout import layout_problem, name_of

LAYOUT = "{study}/{series}/{instance}.dcm"
UIDS = ("1.2.3", "1.2.3.1", "1.2.3.1.1")


def test_a_name_is_made_of_uids() -> None:
    assert name_of(LAYOUT, *UIDS) == "1.2.3/1.2.3.1/1.2.3.1.1.dcm"
    assert name_of("in/{instance}", *UIDS) == "in/1.2.3.1.1"


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        (LAYOUT, ""),
        ("{instance}", ""),
        ("", "has more than"),
        ("{patient}/{instance}", "has more than"),
        ("{instance.__class__}", "has more than"),
        ("{instance!r}", "has more than"),
        ("a b/{instance}", "has more than"),
        ("/{instance}", "has an empty name"),
        ("../{instance}", "has an empty name, or one of dots"),
        ("a//{instance}", "has an empty name"),
        ("{instance}/", "has an empty name"),
        ("{instance}/{study}.dcm", "gives all instances one name"),
    ],
)
def test_what_a_layout_may_be(layout: str, why: str) -> None:
    assert why in layout_problem(layout)
    assert bool(why) == bool(layout_problem(layout))


@pytest.mark.parametrize("uid", ["", "..", "../../etc/passwd", "1/2", "1.2\0", "a", "1" * 65])
def test_only_uids_become_names(uid: str) -> None:
    for number in range(3):
        odd = [*UIDS]
        odd[number] = uid
        with pytest.raises(UIDError, match="is not 1-64 digits and dots"):
            name_of(LAYOUT, *odd)


@settings(max_examples=50)
@given(st.text(max_size=70), st.text(alphabet="0123456789./", max_size=70))
def test_no_name_leads_elsewhere(study: str, instance: str) -> None:
    try:
        name = name_of(LAYOUT, study, UIDS[1], instance)
    except UIDError:
        return
    parts = name.split("/")
    assert len(parts) == 3
    assert not {"", "..", "."} & {*parts}
