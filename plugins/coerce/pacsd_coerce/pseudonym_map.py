"""Which patients pseudonyms stand for: durable, in values of the plugin's own.

A plugin has 10,000 values of 64 KiB. So pseudonyms are kept many to a value, by what their digest
begins with: some 200 each of 4,096, that is a million patients with room to spare.
"""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass

from pacsd.api.host import Values
from pacsd_coerce.deidentify import Patient

PREFIX = "pseudonyms/"
MAX_TRIES = 100
MAX_REMEMBERED = 10_000

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Whose:
    """A patient."""

    patient_id: str
    issuer: str


class PseudonymMap:
    """Keeps them, and finds them."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._known: OrderedDict[Patient, None] = OrderedDict()

    async def keep(self, patient: Patient) -> None:
        """Keep whom a pseudonym stands for; durable once this returns. Once is enough.

        Raises:
            HostError: it cannot be kept, such as when a value has no more room.
        """
        if patient in self._known:
            return
        key, entry = _key(patient.pseudonym), [patient.patient_id, patient.issuer]
        for _ in range(MAX_TRIES):
            before = await self._values.get(key)
            kept = _read(before)
            if kept.get(patient.pseudonym) == entry:
                break
            kept[patient.pseudonym] = entry
            if await self._values.put_if_equal(key, _written(kept), before):
                break
        else:
            raise RuntimeError("the pseudonym could not be kept: others were faster")
        self._known[patient] = None
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    async def find(self, pseudonym: str) -> Whose | None:
        """Whom a pseudonym stands for, None if that is not known.

        Raises:
            HostError: it cannot be looked up.
        """
        found = _read(await self._values.get(_key(pseudonym))).get(pseudonym)
        return None if found is None else Whose(*found)


def _key(pseudonym: str) -> str:
    return PREFIX + hashlib.sha256(pseudonym.encode()).hexdigest()[:_DIGITS]


def _read(value: bytes | None) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {} if value is None else json.loads(value)
    return kept


def _written(kept: dict[str, list[str]]) -> bytes:
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
