from pacsd.dicom.level import Level
from pacsd.index.desks import WriterDesk
from pacsd.index.entities import Entity, is_indexed, read_entities
from pacsd.index.instances import _delete
from pacsd.index.records import Scope
from pacsd.index.searching import Search, search
from tests.index.made import CT, SCOPE, added, new

NAME, DATE, NUMBER, ROWS = 0x00100010, 0x00080020, 0x00200013, 0x00280010
MODALITIES, SOP_CLASSES = 0x00080061, 0x00080062


def fill(desk: WriterDesk) -> None:
    for series, modality in (("1.2.3.1", "MR"), ("1.2.3.0", "CT")):
        added(
            desk,
            *(
                new(
                    f"{series}.{number}",
                    series=series,
                    attributes={NAME: "Smith", 0x00080060: modality, NUMBER: str(number)},
                )
                for number in range(2)
            ),
        )


def read(desk: WriterDesk, level: Level, *tags: int, with_first: bool = False) -> list[Entity]:
    def work(session: object) -> list[Entity]:
        connection = session.connection  # type: ignore[attr-defined]
        ids = search(Search(Scope(), level, (), 100, 60), connection)
        return read_entities(level, ids, tags, connection, with_first=with_first)

    return desk.perform(work)


def test_values_of_each_level_and_of_those_above(desk: WriterDesk) -> None:
    fill(desk)
    (study,) = read(desk, Level.STUDY, NAME, DATE)
    assert study.values == {NAME: "Smith", DATE: ""}
    instances = read(desk, Level.INSTANCE, NAME, NUMBER, ROWS, 0x00080016)
    assert [each.values[NUMBER] for each in instances] == ["0", "1", "0", "1"]
    assert instances[0].values[0x00080016] == CT
    assert instances[0].values[ROWS] == ""


def test_what_is_computed_counts_only_what_is_shown(desk: WriterDesk) -> None:
    fill(desk)
    tags = (MODALITIES, SOP_CLASSES, 0x00201206, 0x00201208)
    (study,) = read(desk, Level.STUDY, *tags)
    assert list(study.values.values()) == ["CT\\MR", CT, "2", "4"]
    desk.perform(lambda session: _delete(SCOPE, ["1.2.3.0.0", "1.2.3.0.1"], "test", None, session))
    (study,) = read(desk, Level.STUDY, *tags)
    assert list(study.values.values()) == ["MR", CT, "1", "2"]
    (series,) = read(desk, Level.SERIES, 0x00201209)
    assert series.values == {0x00201209: "2"}
    (patient,) = read(desk, Level.PATIENT, 0x00201200, 0x00201202, 0x00201204)
    assert list(patient.values.values()) == ["1", "1", "2"]


def test_what_is_computed_of_levels_above_is_that_of_each_one_s_own(desk: WriterDesk) -> None:
    fill(desk)
    added(desk, new("9.1.1", study="9", series="9.1"))
    tags = (MODALITIES, 0x00201206, 0x00201208, 0x00201209, 0x00201204, 0x00080018)
    instances = read(desk, Level.INSTANCE, *tags)
    told = {each.values[0x00080018]: [each.values[tag] for tag in tags[:-1]] for each in instances}
    assert told.pop("9.1.1") == ["", "1", "1", "1", "5"]
    assert len(told) == 4
    assert {tuple(each) for each in told.values()} == {("CT\\MR", "2", "4", "2", "5")}
    first = read(desk, Level.SERIES, *tags[:3], with_first=True)[0]
    assert list(first.values.values()) == ["CT\\MR", "2", "4"]
    assert first.first_instance == instances[0].id


def test_the_first_instance_that_is_shown(desk: WriterDesk) -> None:
    fill(desk)
    instances = read(desk, Level.INSTANCE, with_first=True)
    assert [each.first_instance for each in instances] == [each.id for each in instances]
    for level in (Level.PATIENT, Level.STUDY):
        assert read(desk, level, with_first=True)[0].first_instance == instances[0].id
    assert read(desk, Level.STUDY)[0].first_instance == 0
    desk.perform(lambda session: _delete(SCOPE, ["1.2.3.1.0"], "test", None, session))
    assert read(desk, Level.STUDY, with_first=True)[0].first_instance == instances[1].id
    series = read(desk, Level.SERIES, with_first=True)
    assert [each.first_instance for each in series] == [instances[1].id, instances[2].id]


def test_what_is_gone_is_left_out_and_the_order_is_that_of_the_numbers(desk: WriterDesk) -> None:
    fill(desk)
    ids = [each.id for each in read(desk, Level.INSTANCE)]

    def work(session: object) -> list[Entity]:
        connection = session.connection  # type: ignore[attr-defined]
        return read_entities(Level.INSTANCE, [ids[3], 9_999, ids[0]], (NUMBER,), connection)

    assert [each.id for each in desk.perform(work)] == [ids[3], ids[0]]


def test_indexed_is_what_a_level_or_one_above_has() -> None:
    assert is_indexed(NAME, Level.INSTANCE)
    assert is_indexed(NUMBER, Level.INSTANCE)
    assert not is_indexed(NUMBER, Level.STUDY)
    assert not is_indexed(0x00189073, Level.INSTANCE)
    assert not is_indexed(0x00400009, Level.SERIES)  # within a sequence only
