from pacsd.index.desks import WriterDesk
from tests.index.made import added, new, rows

CHOOSE = (
    "INSERT INTO extra_tag (id, partition_id, level, tag, private_creator, vr, state, "
    "reindexed_to, reindexed_before) VALUES (1, 1, 2, 1, '', 'LO', 2, 0, 0), "
    "(2, 1, 4, 2, '', 'LO', 2, 0, 0)"
)
VALUES = "SELECT extra_tag_row, value FROM extra_value ORDER BY extra_tag_row, owner_row"


def test_a_value_is_kept_once_for_each_owner(desk: WriterDesk) -> None:
    desk.perform(lambda session: session.connection.exec_driver_sql(CHOOSE))
    added(
        desk,
        new("1.1", extras={1: "of study", 2: "first"}),
        new("1.2", extras={1: "of another", 2: "second"}),
    )
    assert rows(desk, VALUES) == [(1, "of study"), (2, "first"), (2, "second")]


def test_values_of_no_tag_and_empty_ones_are_left_out(desk: WriterDesk) -> None:
    desk.perform(lambda session: session.connection.exec_driver_sql(CHOOSE))
    added(desk, new("1.1", extras={99: "x", 2: ""}))
    assert rows(desk, VALUES) == []


def test_a_held_instance_keeps_its_values_to_itself(desk: WriterDesk) -> None:
    desk.perform(lambda session: session.connection.exec_driver_sql(CHOOSE))
    added(desk, new("1.1"), new("1.2", patient_id="P2", extras={1: "x"}))
    assert rows(desk, VALUES) == []
