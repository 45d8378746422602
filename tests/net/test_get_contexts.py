import pytest

from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Service,
    sop_classes,
    transfer_syntax,
)
from pacsd.net.get_contexts import propose_get_of, usual_sop_classes
from pacsd.net.query_retrieve_scu import QueryModel
from pacsd.net.store_contexts import MAX_CONTEXTS

ROOT = QueryModel.STUDY_ROOT
CT, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.33"
PRIVATE = "1.2.3.4"
UNCOMPRESSED = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
EVERY = [each.uid for each in sop_classes(Service.STORAGE)]


@pytest.mark.parametrize("classes", [[], [CT], [CT, CT], EVERY, list(usual_sop_classes())])
def test_never_more_than_there_are(classes: list[str]) -> None:
    contexts = propose_get_of(ROOT, classes)
    assert len(contexts) <= MAX_CONTEXTS
    assert [each.context_id for each in contexts] == list(range(1, 2 * len(contexts), 2))
    assert contexts[0].abstract_syntax == ROOT.get
    assert len({(each.abstract_syntax, each.transfer_syntaxes) for each in contexts}) == len(
        contexts
    )


def test_every_class_is_first_proposed_uncompressed() -> None:
    usual = usual_sop_classes()
    contexts = propose_get_of(ROOT, usual)
    first = contexts[1 : len(usual) + 1]
    assert tuple(each.abstract_syntax for each in first) == usual
    assert {each.transfer_syntaxes for each in first} == {UNCOMPRESSED}
    assert len(contexts) == MAX_CONTEXTS


def test_a_compressed_syntax_has_a_context_of_its_own() -> None:
    contexts = propose_get_of(ROOT, [CT])
    single = [each.transfer_syntaxes for each in contexts[2:]]
    assert all(len(syntaxes) == 1 for syntaxes in single)
    assert single[0] == ("1.2.840.10008.1.2.4.70",)
    assert len(single) > 20


def test_objects_without_pixels_are_not_compressed() -> None:
    for context in propose_get_of(ROOT, [SR]):
        for uid in context.transfer_syntaxes:
            syntax = transfer_syntax(uid)
            assert syntax is not None
            assert not syntax.is_encapsulated


def test_a_private_class_may_be() -> None:
    syntaxes = {each.transfer_syntaxes for each in propose_get_of(ROOT, [PRIVATE])}
    assert ("1.2.840.10008.1.2.4.50",) in syntaxes
