"""What the answers to a hook have to be, beyond their class, to be carried out."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from pacsd.api.dispatch.panel import Fits
from pacsd.api.receiving import StoreChoice
from pacsd.app.isolation.specifications import specifications
from pacsd.archive.entry import check_answer
from pacsd.archive.sight import check_restriction

_CHECKS: Mapping[str, Callable[[object], None]] = {
    "pacsd_instance_received": check_answer,
    "pacsd_restrict_query": check_restriction,
}


def fits_of(hook: str, stores: Collection[str] = ()) -> Fits:
    """Looks into an answer: what is of a wrong type in it, or cannot be done, is a ValueError.

    `stores` are the names of those that may be chosen.
    """
    encode, check = specifications()[hook].encode_answer, _CHECKS.get(hook)
    if hook == "pacsd_choose_store":
        check = partial(_check_choice, stores)
    if check is None:
        return encode

    def fits(answer: object) -> None:
        encode(answer)
        check(answer)

    return fits


def _check_choice(stores: Collection[str], answer: object) -> None:
    name = answer.store if isinstance(answer, StoreChoice) else answer
    if name is not None and name not in stores:
        raise ValueError(f"store {str(name)[:64]!a}, which is none of {', '.join(stores)}")
