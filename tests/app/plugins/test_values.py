import pytest

from pacsd.api.host import HostError
from pacsd.app.plugins.services import HostServices


async def test_each_plugin_has_values_of_its_own(services: HostServices) -> None:
    acme, other = services.values_of("acme"), services.values_of("other")
    await acme.put("a", b"1")
    await acme.put("b", b"2")
    assert (await acme.get("a"), await other.get("a")) == (b"1", None)
    assert list(await acme.keys()) == ["a", "b"]
    assert list(await acme.keys("", "a")) == ["b"]
    assert list(await acme.keys("b")) == ["b"]
    assert not await acme.put_if_equal("a", b"3", b"2")
    assert await acme.put_if_equal("a", b"3", b"1")
    assert await acme.get("a") == b"3"
    assert not await other.delete("a")
    assert await acme.delete("a")
    assert await acme.get("a") is None


async def test_a_value_that_is_too_long_is_refused(services: HostServices) -> None:
    with pytest.raises(HostError, match="value: 65537 bytes are more than"):
        await services.values_of("acme").put("k", bytes(65_537))
