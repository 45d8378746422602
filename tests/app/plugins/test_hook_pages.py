import pytest

from pacsd.api.hook_facts import Kind, Policy
from pacsd.api.hooks import HOOKS
from pacsd.app.plugins.hook_pages import hook_page, hook_pages


def test_a_page_says_all_that_is_declared() -> None:
    page = hook_page("pacsd_before_delete")
    assert (page.kind, page.policy, page.deadline_s) == (Kind.VOTE, Policy.CLOSED, 5)
    assert page.signature == "pacsd_before_delete(request: RemovalRequest) -> Deny | None"
    assert page.summary.endswith("is taken out of sight.")
    assert page.documentation.startswith(page.summary)
    assert "Returns:\n    None, or Deny" in page.documentation


def test_types_of_types_are_written_whole() -> None:
    signature = hook_page("pacsd_blob_store").signature
    assert "stores: Callable[[str], Awaitable[BlobStore]]" in signature
    assert signature.endswith("-> BlobStore | None")


def test_every_hook_has_a_page_and_nothing_else_has() -> None:
    assert [page.name for page in hook_pages()] == list(HOOKS)
    with pytest.raises(KeyError):
        hook_page("pacsd_nothing")
