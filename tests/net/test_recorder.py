import gc
import tracemalloc

from pacsd.net.recorder import AssociationRecord, CommandRecord, Outcome, Recorder, Refusal
from pacsd.net.settings import RecorderSettings
from pacsd.ul.items import UserIdentityRQ, UserInformation
from pacsd.ul.negotiation import Negotiated, PresentationContext
from pacsd.ul.pdu import AssociateRQ, ProposedContext


def recorder(**settings: int) -> Recorder:
    return Recorder(RecorderSettings(**settings))


def refusal(calling_ae: str, why: str = "") -> Refusal:
    return Refusal(0.0, "127.0.0.1", calling_ae, "PACSD", "rejected", why, "")


def command(message_id: int) -> CommandRecord:
    return CommandRecord(0.0, "C-ECHO-RQ", message_id, "1.2.840.10008.1.1", 0, 0, 0.001)


def test_open_ones_first_then_the_last_that_ended() -> None:
    book = recorder()
    first, second = book.begin(1.0, "127.0.0.1"), book.begin(2.0, "127.0.0.1")
    assert list(book.open_associations()) == [first, second]
    book.end(first, 3.0)
    book.end(second, 4.0)
    assert list(book.open_associations()) == []
    assert list(book.ended_associations()) == [second, first]
    assert (first.number, second.number) == (1, 2)


def test_the_oldest_goes_when_it_is_full() -> None:
    book = recorder(associations=2)
    for _ in range(3):
        book.end(book.begin(0.0, ""), 0.0)
    assert [record.number for record in book.ended_associations()] == [3, 2]


def test_only_the_last_commands_are_kept_and_all_are_counted() -> None:
    book = recorder(commands_per_association=2)
    record = book.begin(0.0, "")
    for message_id in (1, 2, 3):
        book.command(record, command(message_id))
    assert [kept.message_id for kept in record.commands] == [2, 3]
    assert record.operations == 3


def test_commands_can_be_left_out() -> None:
    book = recorder(commands_per_association=0)
    record = book.begin(0.0, "")
    book.command(record, command(1))
    assert (len(record.commands), record.operations) == (0, 1)


def test_the_last_refusal_of_one_caller_and_of_all() -> None:
    book = recorder()
    assert book.last_refusal() is None
    for caller, why in (("CT1", "first"), ("CT2", "second"), ("CT1", "third")):
        book.refused(refusal(caller, why))
    found = [book.last_refusal(caller) for caller in ("CT1", "CT2", None, "CT3")]
    assert [each.why if each else None for each in found] == ["third", "second", "third", None]


def test_refusals_of_many_callers_are_bounded() -> None:
    book = recorder(refused_peers=2)
    for caller in ("CT1", "CT2", "CT3"):
        book.refused(refusal(caller))
    assert book.last_refusal("CT1") is None
    assert book.last_refusal("CT3") is not None


def test_what_a_peer_says_of_itself_is_made_safe_and_secrets_are_left_out() -> None:
    record = AssociationRecord(1, 0.0, "127.0.0.1")
    identity = UserIdentityRQ(2, False, b"user", b"passcode")
    info = UserInformation(implementation_version_name="V\n1", user_identity=identity)
    record.requested(AssociateRQ("PACSD", "A\x1b[2J", (), info))
    assert record.calling_ae.isprintable()
    assert record.implementation.isprintable()
    assert "passcode" not in repr(record)
    assert record.outcome is Outcome.OPEN


def largest_request(salt: int) -> AssociateRQ:
    """As many, as long UIDs as are read, none of them seen before."""

    def uid(*numbers: int) -> str:
        return ".".join(map(str, (salt, *numbers))).ljust(64, "9")

    return AssociateRQ(
        "PACSD",
        "A" * 16,
        tuple(
            ProposedContext(number, uid(number), tuple(uid(number, each) for each in range(64)))
            for number in range(1, 256, 2)
        ),
        UserInformation(implementation_version_name="V" * 65_000),
    )


def bytes_kept(*, is_accepted: bool, count: int = 10) -> float:
    """Per record, by associations with the largest request there can be."""
    book = recorder()
    gc.collect()
    tracemalloc.start()
    try:
        for salt in range(count):
            request = largest_request(salt)
            record = book.begin(0.0, "127.0.0.1")
            record.requested(request)
            if is_accepted:
                contexts = {
                    each.context_id: PresentationContext(
                        each.context_id, each.abstract_syntax, each.transfer_syntaxes[-1]
                    )
                    for each in request.contexts
                }
                record.accepted(Negotiated(contexts, 16_384, 16_384))
            book.end(record, 1.0)
        del request, record
        if is_accepted:
            del contexts
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return kept / count


def test_d06_a_thousand_of_the_largest_requests_are_less_than_80_mib() -> None:
    assert bytes_kept(is_accepted=True) < 80 * 1024


def test_d06_a_thousand_rejected_ones_are_less_than_4_mib() -> None:
    assert bytes_kept(is_accepted=False) < 4 * 1024


def test_contexts_are_cut_short_and_say_what_was_accepted() -> None:
    record = AssociationRecord(1, 0.0, "127.0.0.1")
    contexts = (ProposedContext(1, "1" * 99, ("2", "3", "4")), ProposedContext(3, "5", ()))
    record.requested(AssociateRQ("PACSD", "CT1", contexts, UserInformation()))
    record.accepted(Negotiated({1: PresentationContext(1, "1" * 99, "4")}, 0, 0))
    first, second = record.contexts
    assert (first.abstract_syntax, first.transfer_syntaxes) == ("1" * 64, ("2", "3"))
    assert (first.proposed, first.accepted, second.accepted) == (3, "4", "")
    assert (record.contexts_accepted, record.contexts_proposed) == (1, 2)


def test_of_a_rejected_caller_only_the_number_of_contexts_is_kept() -> None:
    book = recorder()
    record = book.begin(0.0, "")
    record.requested(largest_request(0))
    book.end(record, 1.0)
    assert (record.contexts, record.contexts_proposed) == ((), 128)
