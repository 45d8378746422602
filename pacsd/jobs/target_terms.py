"""The terms on which a target of routes is sent to: when, how fast, and when it is delivered."""

import math
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pacsd.api.settings import Settings
from pacsd.api.windows import Window, parse_window

PEER = "peer:"
"""Of the names of targets that storage commitment can be asked of."""


def _check_window(text: str) -> str:
    parse_window(text)
    return text


class TargetTerms(Settings):
    """The terms of one target of routes; repeat the table for more.

    Whatever the target is, a peer, a web target or that of a plugin, and whichever rules name it.
    """

    name: str = Field(examples=["peer:SITEB"], min_length=1, max_length=200)
    """The target as routes name it: peer:AE_TITLE, web:NAME, folder:NAME and so on."""

    window: Annotated[str, AfterValidator(_check_window)] = Field(
        default="", examples=["mon-fri 19:00-06:00, sat-sun 00:00-24:00"]
    )
    """When deliveries to it are made, in local time; what is being sent when the window closes goes
    on for half a minute at most, or until one large instance is there. Empty = always."""

    at_once: int | None = Field(default=None, ge=1, le=100, examples=[4])
    """Most deliveries to it at once. Unset = jobs.max_running_per_queue."""

    instances_per_second: float | None = Field(default=None, ge=0.1, le=100_000, examples=[20.0])
    """Most instances it is sent in a second. Unset = as many as it takes."""

    bytes_per_second: int | None = Field(default=None, ge=16_384, le=2**40, examples=[1_000_000])
    """Most bytes it is sent in a second, over all its associations or requests. Of a plugin's
    target: on average, for a plugin sends by itself. Unset = as many as the line takes."""

    commitment: bool = False
    """Whether an instance counts as delivered only once the peer has said, by storage commitment,
    that it keeps it safely. For targets `peer:AE_TITLE` alone."""

    @model_validator(mode="after")
    def _check_commitment(self) -> Self:
        if self.commitment and not self.name.startswith(PEER):
            raise ValueError(f"commitment: is for targets {PEER}AE_TITLE alone")
        return self

    @property
    def hours(self) -> Window:
        """When deliveries to it are made."""
        return parse_window(self.window)

    def share(self, seconds: float, sizes_bytes: Sequence[int]) -> int:
        """How many of instances of these sizes may be sent in so many seconds; at least one."""
        many = len(sizes_bytes)
        if self.instances_per_second is not None:
            many = min(many, int(seconds * self.instances_per_second))
        if self.bytes_per_second is not None:
            left = seconds * self.bytes_per_second
            for count, size in enumerate(sizes_bytes[:many]):
                left -= size
                if left < 0:
                    many = count
                    break
        return max(1, many)

    def takes_s(self, sizes_bytes: Sequence[int]) -> float:
        """How long sending instances of these sizes takes by the rates, which others may share."""
        by_count = len(sizes_bytes) / (self.instances_per_second or math.inf)
        by_size = sum(sizes_bytes) / (self.bytes_per_second or math.inf)
        return max(by_count, by_size) * (self.at_once or 1)
