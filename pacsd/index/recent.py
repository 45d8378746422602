"""A bounded memory of what was looked up lately."""

from collections import OrderedDict
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(OrderedDict[Key, Value]):
    """The last `capacity` pairs that were put; what is not among them must be looked up again.

    The oldest goes first, used or not: asking is then a dict's, and what is lost costs a select.
    (Of a plain dict the oldest one is ever longer looked for.)
    """

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity

    def put(self, key: Key, value: Value) -> None:
        """Remember a pair, at the cost of the oldest one."""
        self[key] = value
        if len(self) > self._capacity:
            self.popitem(last=False)
