import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.archive.answers import ANSWERS, answer_fault, answer_refusal, answer_verdict
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import DEFAULT_POLICY, SenderPolicy
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.dicom.status import StatusCategory, category
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Outcome, Verdict

ODD = (Quirk(QuirkKind.ODD_LENGTH, 0x00100010, 1),)


def verdict(outcome: Outcome) -> Verdict:
    return Verdict(outcome, 1, keeps_file=False)


def test_every_outcome_has_its_answer() -> None:
    assert {*ANSWERS} == {*Outcome}


@pytest.mark.parametrize("outcome", Outcome)
def test_success_is_said_of_what_is_kept_only(outcome: Outcome) -> None:
    is_kept = outcome in {
        "stored", "held", "duplicate", "repaired", "restored",
        "waiting", "suspect", "set aside known",
    }  # fmt: skip
    answered = answer_verdict(verdict(outcome), DEFAULT_POLICY, (), 10)
    assert (category(answered.status) is StatusCategory.SUCCESS) is is_kept
    assert category(answered.status) is not StatusCategory.WARNING
    assert answered.became is outcome
    assert answered.data_set_bytes == 10
    assert bool(answered.comment) is not is_kept


def test_a_sender_may_want_a_warning_for_what_lies_in_quarantine_but_not_for_what_is_lost() -> None:
    policy = SenderPolicy(warns_of_conflict=True)
    statuses = {
        outcome: answer_verdict(verdict(outcome), policy, (), 1).status
        for outcome in (Outcome.CONFLICT, Outcome.CONFLICT_KNOWN, Outcome.CONFLICT_FULL)
    }
    assert statuses == {
        Outcome.CONFLICT: 0xB000,
        Outcome.CONFLICT_KNOWN: 0xB000,
        Outcome.CONFLICT_FULL: 0xC010,
    }


def test_quirks_are_told_to_who_wants_to_know() -> None:
    stored = verdict(Outcome.STORED)
    assert answer_verdict(stored, DEFAULT_POLICY, ODD, 1).status == 0x0000
    told = answer_verdict(stored, SenderPolicy(warns_of_quirks=True), ODD, 1)
    assert told.status == 0xB007
    assert told.quirks == ODD
    assert told.comment == "Stored as sent, but not by the standard: odd-length"


@pytest.mark.parametrize("fault", StoreFault)
def test_a_fault_of_the_store_is_a700(fault: StoreFault) -> None:
    answered = answer_fault(StoreError(fault, "explained at length" * 10), 5)
    assert (answered.status, answered.comment) == (0xA700, f"Not stored: {fault}")
    assert answered.became is None


@pytest.mark.parametrize("kind", IndexFaultKind)
def test_a_fault_of_the_index_is_a700(kind: IndexFaultKind) -> None:
    answered = answer_fault(IndexFault(kind, "explained"), 5)
    assert (answered.status, answered.comment) == (0xA700, f"Not stored: {kind}")
    assert len(answered.comment) <= 64


def test_a_refusal_names_the_offending_element() -> None:
    answered = answer_refusal(Unacceptable(0xA900, "x" * 100, (0x00080018,)), 5)
    assert (answered.status, answered.offending) == (0xA900, (0x00080018,))
    assert len(answered.comment) == 64
