from contrib.docs.hooks_reference import render, specifications
from pacsd.api import hooks


def test_every_hook_is_there_with_its_signature() -> None:
    names = {each.__name__ for each in specifications()}
    assert names == {name for name in vars(hooks) if name.startswith("pacsd_")}
    assert "pacsd_blob_store(name: str) -> BlobStore | None" in render()
    assert "pacsd_association_requested(request: AssociationRequest)" in render()
