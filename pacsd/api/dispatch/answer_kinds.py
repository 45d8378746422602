"""What kind of answer a plugin gave, in a word or two: none of the values that are in it."""

from pacsd.api.acceptance import Refusal
from pacsd.api.receiving import NotAccepted


def kind_of(answer: object) -> str:
    """The class of an answer, with the status that a peer is told; '' for None."""
    if answer is None:
        return ""
    name = type(answer).__name__
    if isinstance(answer, NotAccepted):
        return f"{name} {answer.status:04X}"
    if isinstance(answer, Refusal):
        # As PS3.8 table 9-21 has them.
        return f"{name} {answer.result}/{answer.source}/{answer.reason}"
    return f"{name} of {len(answer)}" if isinstance(answer, tuple) else name
