"""What the answers to a hook have to be, beyond their class, to be carried out."""

from collections.abc import Callable, Mapping

from pacsd.api.dispatch.implementation import Arguments
from pacsd.api.dispatch.panel import Fits
from pacsd.api.query_results import QueryResults
from pacsd.api.receiving import StoreChoice
from pacsd.app.isolation.specifications import specifications
from pacsd.archive.entry import check_answer
from pacsd.archive.result_rules import check_results
from pacsd.archive.sight import check_restriction

_CHECKS: Mapping[str, Callable[[object, Arguments], None]] = {
    "pacsd_instance_received": lambda answer, _: check_answer(answer),
    "pacsd_restrict_query": lambda answer, _: check_restriction(answer),
    "pacsd_query_results": lambda answer, asked: _check_results(answer, asked["results"]),
    "pacsd_choose_store": lambda answer, asked: _check_choice(answer, asked["stores"]),
}


def fits_of(hook: str) -> Fits:
    """Looks into an answer: what is of a wrong type in it, or cannot be done, is a ValueError."""
    encode, check = specifications()[hook].encode_answer, _CHECKS.get(hook)

    def fits(answer: object, arguments: Arguments) -> None:
        encode(answer)
        if check is not None:
            check(answer, arguments)

    return fits


def _check_results(answer: object, asked: object) -> None:
    if isinstance(answer, QueryResults) and isinstance(asked, QueryResults):
        check_results(answer, asked)


def _check_choice(answer: object, stores: object) -> None:
    name = answer.store if isinstance(answer, StoreChoice) else answer
    if isinstance(stores, tuple) and name is not None and name not in stores:
        raise ValueError(f"store {str(name)[:64]!a}, which is none of {', '.join(stores)}")
