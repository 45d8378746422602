from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pacsd_target_folder.layout import layout_problem, place_of

from pacsd.api.instances import InstanceFacts
from pacsd.dicom.errors import UIDError

LAYOUT = "{study}/{series}/{instance}.dcm"


def facts(
    instance: str = "1.2.3.1.1", series: str = "1.2.3.1", study: str = "1.2.3"
) -> InstanceFacts:
    return InstanceFacts(instance, "1.2", series, study, "1.2.840.10008.1.2.1", 9)


def test_where_a_file_lies() -> None:
    assert place_of(LAYOUT, facts()) == PurePosixPath("1.2.3/1.2.3.1/1.2.3.1.1.dcm")
    assert place_of("in/{instance}", facts()) == PurePosixPath("in/1.2.3.1.1")


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        (LAYOUT, ""),
        (".incoming/{instance}", "begins with .incoming"),
        ("{instance}/{study}.dcm", "gives all instances one name"),
    ],
)
def test_what_a_layout_may_be(layout: str, why: str) -> None:
    assert why in layout_problem(layout)
    assert bool(why) == bool(layout_problem(layout))


@pytest.mark.parametrize("uid", ["", "..", "../../etc/passwd", "1/2", "1.2\0", "a", "1" * 65])
def test_only_uids_become_names(uid: str) -> None:
    for odd in (facts(instance=uid), facts(series=uid), facts(study=uid)):
        with pytest.raises(UIDError, match="is not 1-64 digits and dots"):
            place_of(LAYOUT, odd)


@settings(max_examples=50)
@given(st.text(max_size=70), st.text(alphabet="0123456789./", max_size=70))
def test_no_place_is_outside(study: str, instance: str) -> None:
    try:
        place = place_of(LAYOUT, facts(instance=instance, study=study))
    except UIDError:
        return
    assert len(place.parts) == 3
    assert not {"..", "."} & {*place.parts}
    assert not place.is_absolute()
