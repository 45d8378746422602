import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.host import HostError
from pacsd.app.plugins.index_asking import asking
from pacsd.index.errors import JobRefused
from pacsd.index.index import Index


@pytest.mark.parametrize(
    "refusal", [JobRefused("unique_key: too long"), StoreError(StoreFault.NO_SPACE, "test")]
)
async def test_what_is_refused_is_told_in_its_words(index: Index, refusal: Exception) -> None:
    with pytest.raises(HostError) as told, asking(index):
        raise refusal
    assert (str(told.value), told.value.__cause__) == (str(refusal), refusal)


async def test_our_own_mistakes_are_no_refusals(index: Index) -> None:
    with pytest.raises(KeyError), asking(index):
        raise KeyError("ours")
