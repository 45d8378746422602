"""Entity tags: the same as long as nothing that they stand for is another."""

import pytest

from pacsd.dicom.level import Level
from tests.net.web.serving import STUDY, Served, image, path

NAME = 0x00100010
TARGETS = (
    f"/studies/{STUDY}",
    path(),
    f"/studies/{STUDY}/metadata",
    path(below="/frames/1"),
    path(below="/bulkdata/7FE00010"),
)


@pytest.mark.parametrize("target", TARGETS)
async def test_who_has_it_gets_304(served: Served, target: str) -> None:
    await served.add(image())
    first = await served.get(target)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await served.get(target, If_None_Match=f'"other", {tag}')
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert (await served.get(target, If_None_Match='"other"')).status == 200


async def test_other_representations_have_other_tags(served: Served) -> None:
    await served.add(image(2))
    asked = [
        (path(), 'multipart/related; type="application/dicom"'),
        (path(), "application/dicom"),
        (path(), "application/dicom; transfer-syntax=1.2.840.10008.1.2"),
        (path(below="/metadata"), "application/dicom+json"),
        (path(below="/metadata"), "multipart/related; type=application/dicom+xml"),
        (path(below="/frames/1"), None),
        (path(below="/frames/2"), None),
        (path(below="/frames/1,2"), None),
        (path(below="/bulkdata/7FE00010"), "application/octet-stream"),
    ]
    tags = [(await served.get(target, accept)).headers["ETag"] for target, accept in asked]
    assert len(set(tags)) == len(asked)


@pytest.mark.parametrize("target", [f"/studies/{STUDY}", f"/studies/{STUDY}/metadata"])
async def test_what_changes_has_another_tag(served: Served, target: str) -> None:
    await served.add(image())
    tags = [(await served.get(target)).headers["ETag"]]
    await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    tags.append((await served.get(target)).headers["ETag"])
    await served.add(image(uid="1.2.3.5"), "1.2.3.5")
    tags.append((await served.get(target)).headers["ETag"])
    assert len(set(tags)) == 3
    old = await served.get(target, If_None_Match=tags[0])
    assert old.status == 200
