from collections.abc import Sequence

import anyio
import pytest
from pacsd_coerce.deidentify import Patient
from pacsd_coerce.pseudonym_map import MAX_TRIES, PseudonymMap, Whose

from pacsd.api.host import HostError, Values
from pacsd.testing.fake_host import FakeHost


@pytest.fixture
def values(host: FakeHost) -> Values:
    return host.values


async def test_whom_a_pseudonym_stands_for_is_found_again(values: Values) -> None:
    one, other = Patient("P1", "HOSP", "AAA"), Patient("Müller", "", "BBB")
    kept = PseudonymMap(values)
    for each in (one, other, one):
        await kept.keep(each)
    found = PseudonymMap(values)
    assert await found.find("AAA") == Whose("P1", "HOSP")
    assert await found.find("BBB") == Whose("Müller", "")
    assert await found.find("CCC") is None


async def test_those_who_keep_at_once_lose_nothing(values: Values) -> None:
    patients = [Patient(f"P{number}", "", f"N{number}") for number in range(50)]
    async with anyio.create_task_group() as tasks:
        for each in patients:
            tasks.start_soon(PseudonymMap(values).keep, each)
    kept = PseudonymMap(values)
    for each in patients:
        assert await kept.find(each.pseudonym) == Whose(each.patient_id, "")


class Contended:
    """Others are always faster."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.tries = 0

    async def get(self, key: str, /) -> bytes | None:
        return await self._values.get(key)

    async def put(self, key: str, value: bytes, /) -> None:
        await self._values.put(key, value)

    async def put_if_equal(self, _key: str, _value: bytes, _expected: bytes | None, /) -> bool:
        self.tries += 1
        return False

    async def delete(self, key: str, /) -> bool:
        return await self._values.delete(key)

    async def keys(self, prefix: str = "", after: str = "", /) -> Sequence[str]:
        return await self._values.keys(prefix, after)


async def test_what_is_not_kept_is_not_said_to_be(values: Values) -> None:
    contended = Contended(values)
    kept = PseudonymMap(contended)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="could not be kept"):
            await kept.keep(Patient("P1", "", "AAA"))
    assert contended.tries == 2 * MAX_TRIES
    with pytest.raises(HostError):
        await PseudonymMap(values).keep(Patient("x" * 70_000, "", "AAA"))
