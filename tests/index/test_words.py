from dataclasses import replace

from pacsd.api.reception import Reception
from pacsd.index.desks import WriterDesk
from tests.index.made import CT, EXPLICIT_LE

RECEPTION = Reception(1, "CT_1", "PACSD", "192.0.2.1", 0, "dimse")


def test_a_word_keeps_its_number(desk: WriterDesk) -> None:
    first = desk.perform(lambda session: session.words.sop_class(CT))
    desk.perform(lambda session: session.words.forget())
    again, other = desk.perform(
        lambda session: (session.words.sop_class(CT), session.words.sop_class(CT + ".1"))
    )
    assert (first, again, other) == (1, 1, 2)


def test_tables_number_their_words_apart(desk: WriterDesk) -> None:
    numbers = desk.perform(
        lambda session: (
            session.words.sop_class(CT),
            session.words.transfer_syntax(EXPLICIT_LE),
            session.words.store("store_fs"),
            session.words.source(RECEPTION),
        )
    )
    assert numbers == (1, 1, 1, 1)


def test_a_way_in_is_all_its_facts_but_not_its_time(desk: WriterDesk) -> None:
    ways = [RECEPTION, replace(RECEPTION, received_at_us=1), replace(RECEPTION, peer_address="::1")]
    numbers = desk.perform(lambda session: [session.words.source(each) for each in ways])
    assert numbers == [1, 1, 2]
