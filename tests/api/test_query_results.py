from pacsd.api.query_results import Attributes
from pacsd.testing.hook_records import query_results


def test_other_values_lie_over_those_that_are_there() -> None:
    results = query_results({"PatientName": "Doe", "PatientSex": "F"}, {"PatientName": "Roe"})
    changed = results.with_values(
        lambda match: {"PatientName": ""} if match.values["PatientName"] == "Doe" else {}
    )
    assert changed.matches == (
        Attributes({"PatientName": "", "PatientSex": "F"}),
        Attributes({"PatientName": "Roe"}),
    )
    assert changed.principal is results.principal


def test_items_stay_as_they_are() -> None:
    items = {"RequestAttributesSequence": (Attributes({"AccessionNumber": "A1"}),)}
    results = query_results(matches=(Attributes({"StudyID": "1"}, items),))
    assert results.with_values(lambda _: {"StudyID": "2"}).matches[0].sequences == items
