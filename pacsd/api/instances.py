"""Records of what is archived, as plugins see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """An instance: what it is, of which series and study, and how it lies in the store.

    `size_bytes` is that of its file there.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    size_bytes: int
