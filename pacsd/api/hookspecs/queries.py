"""Hooks about what queries tell."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.query_results import QueryResults


@specification(Kind.FILTER, Policy.CLOSED, deadline_s=5, since="0.1", answers=(QueryResults,))
def pacsd_query_results(results: QueryResults) -> QueryResults | None:
    """Change what a query tells of what it has found.

    Asked of each page of matches, of C-FIND and of searches over DICOMweb, after
    `pacsd_restrict_query` and before anything of the page is told; not of what retrievals look up.
    The implementations are asked one after the other, each about what those before it made of the
    page. An attribute that the answer leaves out is told empty; one may be added that was asked
    for, or that belongs to the level or to one above (over C-FIND only what was asked for is told).
    All else is junk: another number or order of matches, another unique key (Study, Series and SOP
    Instance UID; of patients Patient ID and its issuer), a value that is none of the attribute's VR
    and multiplicity, other bytes than no bytes. When one raises, is late or returns junk, the query
    fails: C001 after the matches told so far, or 503.

    It is no protection by itself: what matches is decided by what is stored, and who may retrieve
    an object has all it says. To hide studies there is `pacsd_restrict_query`.

    Args:
        results: who asks, what was asked for, and the matches, at most 100.

    Returns:
        The same with other matches (`results.with_values`); None to tell it as it is.
    """
