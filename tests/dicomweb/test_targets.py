import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.uid import is_acceptable_uid
from pacsd.dicomweb.errors import BadRequest
from pacsd.dicomweb.targets import (
    MAX_FRAME,
    MAX_FRAMES,
    MAX_PATH_LENGTH,
    TEMPLATES,
    Element,
    Kind,
    Target,
    path_of,
    target_of,
)

STUDY = "/studies/1.2"
SERIES = f"{STUDY}/series/1.3"
INSTANCE = f"{SERIES}/instances/1.4"

NAMED = {
    "": Target(Kind.SERVICE),
    "/": Target(Kind.SERVICE),
    "/capabilities": Target(Kind.CAPABILITIES),
    "/openapi.json": Target(Kind.OPENAPI),
    "/changes": Target(Kind.CHANGES),
    "/studies": Target(Kind.ALL_STUDIES),
    "/series": Target(Kind.ALL_SERIES),
    "/instances": Target(Kind.ALL_INSTANCES),
    STUDY: Target(Kind.STUDY, "1.2"),
    "/studies/1%2E2": Target(Kind.STUDY, "1.2"),
    f"{STUDY}/metadata": Target(Kind.STUDY_METADATA, "1.2"),
    f"{STUDY}/series": Target(Kind.STUDYS_SERIES, "1.2"),
    f"{STUDY}/instances": Target(Kind.STUDYS_INSTANCES, "1.2"),
    f"{STUDY}/thumbnail": Target(Kind.STUDY_THUMBNAIL, "1.2"),
    SERIES: Target(Kind.SERIES, "1.2", "1.3"),
    f"{SERIES}/instances": Target(Kind.SERIES_INSTANCES, "1.2", "1.3"),
    f"{SERIES}/rendered": Target(Kind.RENDERED_SERIES, "1.2", "1.3"),
    INSTANCE: Target(Kind.INSTANCE, "1.2", "1.3", "1.4"),
    f"{INSTANCE}/metadata": Target(Kind.INSTANCE_METADATA, "1.2", "1.3", "1.4"),
    f"{INSTANCE}/bulkdata": Target(Kind.INSTANCE_BULKDATA, "1.2", "1.3", "1.4"),
    f"{INSTANCE}/frames/1": Target(Kind.FRAMES, "1.2", "1.3", "1.4", (1,)),
    f"{INSTANCE}/frames/3,1%2C1": Target(Kind.FRAMES, "1.2", "1.3", "1.4", (3, 1, 1)),
    f"{INSTANCE}/frames/2/rendered": Target(Kind.RENDERED_FRAMES, "1.2", "1.3", "1.4", (2,)),
    f"{INSTANCE}/bulkdata/7fe00010": Target(
        Kind.BULKDATA, "1.2", "1.3", "1.4", element=Element((), 0x7FE00010)
    ),
    f"{INSTANCE}/bulkdata/00081140/1/00091010": Target(
        Kind.BULKDATA, "1.2", "1.3", "1.4", element=Element(((0x00081140, 0),), 0x00091010)
    ),
}


@pytest.mark.parametrize("path", NAMED)
def test_a_path_names_its_resource(path: str) -> None:
    assert target_of(path) == NAMED[path]


@pytest.mark.parametrize(
    "path",
    [
        "/study",
        "/Studies",
        "/studies/",
        f"{STUDY}/",
        f"{STUDY}/frames",
        f"{STUDY}/rendered/1",
        f"{INSTANCE}/frames",
        f"{INSTANCE}/frames/",
        f"{INSTANCE}/bulkdata/",
        f"{INSTANCE}/metadata/00080018",
        "/{study}",
    ],
)
def test_what_is_no_resource(path: str) -> None:
    assert target_of(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "studies",
        "//studies",
        "/studies//series",
        "/studies/..",
        "/studies/%2e%2e/admin",
        "/studies/./1.2",
        "/studies/1.2%2Fseries",
        "/studies/1.2%5cseries",
        "/studies;x=y",
        f"{STUDY};jsessionid=1/series",
        "/studies/1.2%3Bx",
        "/studies/1.2%00",
        "/studies/1.2\0",
        "/studies/1.2%0d%0aX:%20y",
        "/studies/1.%zz",
        "/studies/1.%2",
        "/studies/1.2%",
        "/studies/\u0661.2",
        "/studies/%d9%a1.2",
        "/studies/%ff",
        "/studies%20",
        "/" + "a" * MAX_PATH_LENGTH,
    ],
)
def test_w02_a_path_that_is_none(path: str) -> None:
    with pytest.raises(BadRequest, match=r"^path: "):
        target_of(path)


def test_a_path_is_decoded_once() -> None:
    with pytest.raises(BadRequest, match=r"^study: '1%2E2'"):
        target_of("/studies/1%252E2")


@pytest.mark.parametrize("uid", ["abc", "1.2.a", "{study}", "1" * 65, ".", "1.2,1.3", "*", "-1"])
def test_a_uid_that_is_none(uid: str) -> None:
    for path in (f"/studies/{uid}", f"{STUDY}/series/{uid}", f"{SERIES}/instances/{uid}/metadata"):
        with pytest.raises(BadRequest):
            target_of(path)


def test_uids_as_devices_make_them() -> None:
    assert target_of("/studies/1.02..3") == Target(Kind.STUDY, "1.02..3")


@pytest.mark.parametrize(
    "frames",
    ["0", "-1", "1e9", "1,", ",1", "1,,2", "1;2", "01x", "+1", " 1", "1.0", "9" * 11, "all"],
)
def test_w17_frames_that_are_none(frames: str) -> None:
    with pytest.raises(BadRequest):
        target_of(f"{INSTANCE}/frames/{frames}")


def test_w17_frame_numbers_have_a_greatest() -> None:
    target = target_of(f"{INSTANCE}/frames/{MAX_FRAME}")
    assert target is not None
    assert target.frames == (MAX_FRAME,)
    with pytest.raises(BadRequest, match="no number from 1 to 2147483647"):
        target_of(f"{INSTANCE}/frames/{MAX_FRAME + 1}")


def test_w17_so_many_frames_in_one_request() -> None:
    target = target_of(f"{INSTANCE}/frames/{','.join(['7'] * MAX_FRAMES)}")
    assert target is not None
    assert target.frames == (7,) * MAX_FRAMES
    with pytest.raises(BadRequest, match="more than 1000 frames"):
        target_of(f"{INSTANCE}/frames/{','.join(['7'] * (MAX_FRAMES + 1))}")
    with pytest.raises(BadRequest):
        target_of(f"{INSTANCE}/frames/{','.join(['7'] * 100_000)}")


@pytest.mark.parametrize(
    "place",
    [
        "0008114",
        "0008114G",
        "(0008,1140)",
        "ReferencedImageSequence",
        "00081140/1",
        "00081140/0/00091010",
        "00081140/-1/00091010",
        "00081140/x/00091010",
        "00081140/1/00091010/",
        "/".join(["00081140/1"] * 64) + "/00091010",
    ],
)
def test_bulkdata_that_is_none(place: str) -> None:
    with pytest.raises(BadRequest, match=r"^bulkdata: "):
        target_of(f"{INSTANCE}/bulkdata/{place}")


def test_every_kind_has_a_template_of_its_own() -> None:
    assert set(TEMPLATES) == set(Kind)
    assert len(set(TEMPLATES.values())) == len(Kind)


UIDS = st.from_regex(r"[0-9]+(\.[0-9]+){0,8}", fullmatch=True).filter(is_acceptable_uid)
TAGS = st.integers(0, 0xFFFFFFFF)
ELEMENTS = st.builds(
    Element,
    st.lists(st.tuples(TAGS, st.integers(0, MAX_FRAME - 1)), max_size=5).map(tuple),
    TAGS,
)
FRAMES = st.lists(st.integers(1, MAX_FRAME), min_size=1, max_size=20).map(tuple)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    kind = draw(st.sampled_from(Kind))
    named = set(re.findall(r"{(\w+)}", TEMPLATES[kind]))
    return Target(
        kind,
        draw(UIDS) if "study" in named else "",
        draw(UIDS) if "series" in named else "",
        draw(UIDS) if "instance" in named else "",
        draw(FRAMES) if "frames" in named else (),
        draw(ELEMENTS) if "bulkdata" in named else None,
    )


@given(targets())
def test_round_trip(target: Target) -> None:
    assert target_of(path_of(target)) == target


SEGMENTS = st.sampled_from(
    ["studies", "1.2", "series", "instances", "frames", "1,2", "bulkdata", "..", "%2F", "%", ""]
)


@given(st.one_of(st.text(), st.lists(st.one_of(SEGMENTS, st.text())).map("/".join)))
def test_any_text_is_a_target_or_none_or_refused(text: str) -> None:
    for path in (text, f"/{text}", f"{INSTANCE}/{text}"):
        with suppress(BadRequest):
            target = target_of(path)
            assert target is None or target_of(path_of(target)) == target
