"""Labels that plugins put on studies: words, such as `urgent` or `sent to research`."""

from collections.abc import Sequence
from typing import Protocol

from pacsd.api.host import HostError

MAX_LABEL_LENGTH = 64
MAX_LABELS = 100
"""Of one study, from all plugins together."""


class Labels(Protocol):
    """The labels of studies, which all plugins see; durable, and gone when the study is purged.

    A label has 1 to 64 printable characters. All calls raise HostError when the index fails, and
    changes also when the store's state log does, which has them first.
    """

    async def set(self, study_uid: str, label: str, /) -> bool:
        """Put a label on a study; whether it is new there. Durable once this returns.

        Raises:
            HostError: there is no such study, it has 100 labels, or the label may not be one.
        """

    async def remove(self, study_uid: str, label: str, /) -> bool:
        """Take a label off a study, whoever put it there; whether it was there."""

    async def of(self, study_uid: str, /) -> Sequence[str]:
        """The labels of a study, in their order; none of a study that is not there."""


class _NoLabels:
    """Has none: what a Host has that no daemon made."""

    async def set(self, _study_uid: str, _label: str, /) -> bool:
        raise _no_daemon()

    async def remove(self, _study_uid: str, _label: str, /) -> bool:
        raise _no_daemon()

    async def of(self, _study_uid: str, /) -> Sequence[str]:
        raise _no_daemon()


NO_LABELS = _NoLabels()
"""Labels without a daemon: each call raises HostError."""


def _no_daemon() -> HostError:
    return HostError("there is no daemon that keeps anything")
