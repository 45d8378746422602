"""What each way of living contains of a plugin's misbehaviour."""

from contrib.docs.sections import table
from pacsd.app.isolation.containment import CONTAINMENT


def render() -> str:
    """Each misbehaviour with its outcome in each home."""
    rows = [(row.deed, row.inline, row.thread, row.process) for row in CONTAINMENT.values()]
    return table(("A plugin", "`inline`", "`thread`", "`process`"), rows)
