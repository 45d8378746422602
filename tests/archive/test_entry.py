import pytest

from pacsd.api.receiving import Coerce, Hold, NotAccepted, Quarantine
from pacsd.archive.entry import Answer, Entry, check_answer, coerced, decision, received
from pacsd.dicom.level import Level
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Aside, AsideKind
from tests.archive.small_archive import SmallArchive

NO = NotAccepted(0xA900, "no screenshots")
TIDY = Coerce({"StudyDescription": "CT HEAD"}, "the catalogue says so")
STUDY_DESCRIPTION, MODALITY = 0x00081030, 0x00080060


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], None),
        ([("a", TIDY), ("b", NO)], NO),
        ([("a", Hold("h")), ("b", NO), ("c", Quarantine("q"))], NO),
        (
            [("a", Hold("h")), ("b", Quarantine("q"))],
            Entry(aside=Aside(AsideKind.QUARANTINE, "b", "q")),
        ),
        (
            [("a", TIDY), ("b", Hold("first")), ("c", Hold("second"))],
            Entry((("a", TIDY),), Aside(AsideKind.HOLD, "b", "first")),
        ),
    ],
)
def test_what_several_say_together(answers: list[tuple[str, Answer]], expected: object) -> None:
    assert decision(answers) == expected


def test_what_may_be_corrected_may_be_coerced() -> None:
    for answer in (TIDY, Coerce({"PatientName": ""}), Hold("h"), None):
        check_answer(answer)
    for junk in ({"PatientID": "2"}, {"StudyInstanceUID": "1.2"}, {"NoSuchKeyword": "x"}):
        with pytest.raises(ValueError, match="Coerce"):
            check_answer(Coerce(junk))


async def test_the_next_one_sees_what_was_coerced(archive: SmallArchive) -> None:
    instance = received(await archive.file("1.1", attributes={"Modality": "CT"}))
    assert instance.attributes["Modality"] == "CT"
    after = coerced(coerced(instance, TIDY), Coerce({"Modality": ""}))
    assert after.attributes["StudyDescription"] == "CT HEAD"
    assert "Modality" not in after.attributes
    assert coerced(instance, Hold("h")) is instance


async def test_coercions_are_corrections_that_the_instance_brings_along(
    archive: SmallArchive,
) -> None:
    new = await archive.file("1.1", attributes={"Modality": "CT"})
    again = Coerce({"StudyDescription": "CT SKULL", "Modality": "CT"}, "no, so")
    entered = Entry((("tidy", TIDY), ("neat", again))).entered(new)
    assert entered.aside is None
    assert entered.coercions == (
        Correction(
            Level.INSTANCE,
            "1.1",
            STUDY_DESCRIPTION,
            "CT SKULL",
            "neat",
            "no, so",
            new.reception.received_at_us,
            new.copy.sha256,
        ),
    )
