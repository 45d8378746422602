"""The trail of what left over the web."""

import pytest

from pacsd.net.web import trail
from tests.net.web.serving import STUDY, Served, image, path

RELATED = 'multipart/related; type="application/dicom"'


async def test_each_retrieval_is_kept(served: Served) -> None:
    await served.add(image())
    for _ in range(2):
        await served.get(f"/studies/{STUDY}", RELATED)
    first, second = served.made.noted
    assert first == second
    assert (first.actor, first.peer_address, first.action) == ("dicomweb", "127.0.0.1", "retrieve")
    assert (first.studies, first.detail) == ((STUDY,), "1 instances")


async def test_frames_are_kept_once_in_a_while(served: Served) -> None:
    await served.add(image(3))
    for number in (1, 2, 3):
        await served.get(path(below=f"/frames/{number}"))
    await served.get(path(below="/bulkdata/7FE00010"))
    assert [each.action for each in served.made.noted] == ["view"]
    served.made.now_s = trail.AGAIN_AFTER_S
    await served.get(path(below="/frames/1"))
    assert [each.studies for each in served.made.noted] == [(STUDY,), (STUDY,)]


async def test_so_many_views_are_remembered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MAX_REMEMBERED", 0)
    await served.add(image())
    for _ in range(2):
        await served.get(path(below="/frames/1"))
    assert len(served.made.noted) == 2


async def test_what_is_not_sent_is_not_kept(served: Served) -> None:
    await served.add(image())
    await served.get(f"/studies/{STUDY}", "text/html")
    await served.get(path(below="/frames/9"))
    known = (await served.get(f"/studies/{STUDY}", RELATED)).headers["ETag"]
    again = await served.get(f"/studies/{STUDY}", RELATED, If_None_Match=known)
    assert again.status == 304
    assert len(served.made.noted) == 1


@pytest.mark.parametrize(
    ("target", "accept"),
    [
        (f"/studies/{STUDY}", RELATED),
        (f"/studies/{STUDY}", "application/zip"),
        (path(below="/frames/1"), "application/octet-stream"),
        (path(below="/bulkdata/7FE00010"), "application/octet-stream"),
        (path(below="/bulkdata/7FE00010"), "multipart/related"),
    ],
)
async def test_head_sends_nothing_and_is_not_kept(served: Served, target: str, accept: str) -> None:
    await served.add(image())
    head = await served.ask("HEAD", target, accept)
    assert (head.status, head.body, served.made.noted) == (200, b"", [])
    # Neither is it taken for the view after which the next ones go unsaid.
    assert (await served.get(target, accept)).status == 200
    assert len(served.made.noted) == 1


async def test_a_range_that_is_not_there_is_not_kept(served: Served) -> None:
    await served.add(image())
    target, octets = path(below="/bulkdata/7FE00010"), "application/octet-stream"
    assert (await served.get(target, octets, Range="bytes=99-")).status == 416
    assert served.made.noted == []
    assert (await served.get(target, octets, Range="bytes=1-2")).body == b"\1\1"
    assert len(served.made.noted) == 1
