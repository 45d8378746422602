import pytest

from pacsd.net.web import entering
from tests.net.web.serving import Served, payload
from tests.net.web.test_storing import file, kept, post


async def test_no_more_than_a_few_wait_for_their_commit(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "AT_ONCE", 2)
    uids = [f"1.2.3.4.{number}" for number in range(30)]
    answer = await post(served, payload(*map(file, uids)))
    assert kept(answer) == uids
    assert max(served.store.groups) <= 3


async def test_it_comes_by_dicomweb(served: Served) -> None:
    await post(served, payload(file()))
    (stored,) = served.store.objects.values()
    assert b'"origin":"dicomweb"' in stored
