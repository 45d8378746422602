"""What the answers to a hook have to be, beyond their class, to be carried out."""

from collections.abc import Callable, Mapping

from pacsd.api.dispatch.panel import Fits
from pacsd.app.isolation.specifications import specifications
from pacsd.archive.entry import check_answer
from pacsd.archive.sight import check_restriction

_CHECKS: Mapping[str, Callable[[object], None]] = {
    "pacsd_instance_received": check_answer,
    "pacsd_restrict_query": check_restriction,
}


def fits_of(hook: str) -> Fits:
    """Looks into an answer: what is of a wrong type in it, or cannot be done, is a ValueError."""
    encode, check = specifications()[hook].encode_answer, _CHECKS.get(hook)
    if check is None:
        return encode

    def fits(answer: object) -> None:
        encode(answer)
        check(answer)

    return fits
