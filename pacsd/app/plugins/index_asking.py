"""The index asked for plugins, which learn of what it refuses as they learn of anything else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from pacsd.api.errors import StoreError
from pacsd.api.host import HostError
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault, JobRefused, LabelRefused, PluginValueRefused
from pacsd.index.index import Index

_REFUSALS = (
    IndexFault,
    JobRefused,
    LabelRefused,
    PluginValueRefused,
    StateRecordError,
    StoreError,
)

Ask = Callable[[], AbstractContextManager[Index]]
"""Asks the index of the moment; raises HostError while there is none."""


@contextmanager
def asking(index: Index) -> Iterator[Index]:
    """Ask it within the block.

    Raises:
        HostError: what is asked cannot be; the text says why.
    """
    try:
        yield index
    except _REFUSALS as error:
        raise HostError(str(error)) from error
