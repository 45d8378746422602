"""What the log says of deletions, over whatever way they were asked for.

A reason may name a patient: it is in the audit trail, and never in a log.
"""

import structlog

from pacsd.index.deletion_records import UniqueKeys

_log = structlog.get_logger("pacsd.deletion")


def tell_deleted(keys: UniqueKeys, instances: int, actor: str) -> None:
    """Say who took a study, series or instance out of sight, and how many instances it had."""
    _log.info(
        "instances were deleted",
        actor=actor,
        entity=keys.level.name.lower(),
        uid=keys.uid,
        instances=instances,
    )
