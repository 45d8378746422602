"""What the answer to a search always tells (PS3.18 tables 10.6.3-3, 10.6.3-4 and 10.6.3-5).

Of the levels above too, where the target does not say which study or series it is about. Specific
Character Set, which editions up to 2019 list as well, is not among them: JSON is in UTF-8.
"""

from functools import cache
from types import MappingProxyType

from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Path
from pacsd.dicomweb.attribute_names import path_named
from pacsd.dicomweb.targets import Kind

_KEYWORDS = {
    Level.STUDY: """
        StudyDate StudyTime AccessionNumber InstanceAvailability ModalitiesInStudy
        ReferringPhysicianName TimezoneOffsetFromUTC RetrieveURL PatientName PatientID
        PatientBirthDate PatientSex StudyInstanceUID StudyID NumberOfStudyRelatedSeries
        NumberOfStudyRelatedInstances
    """,
    Level.SERIES: """
        Modality TimezoneOffsetFromUTC SeriesDescription RetrieveURL SeriesInstanceUID SeriesNumber
        NumberOfSeriesRelatedInstances PerformedProcedureStepStartDate
        PerformedProcedureStepStartTime RequestAttributesSequence.ScheduledProcedureStepID
        RequestAttributesSequence.RequestedProcedureID
    """,
    Level.INSTANCE: """
        SOPClassUID SOPInstanceUID InstanceAvailability TimezoneOffsetFromUTC RetrieveURL
        InstanceNumber Rows Columns BitsAllocated NumberOfFrames
    """,
}

SEARCHES = MappingProxyType({
    Kind.ALL_STUDIES: (Level.STUDY,),
    Kind.STUDYS_SERIES: (Level.SERIES,),
    Kind.ALL_SERIES: (Level.STUDY, Level.SERIES),
    Kind.SERIES_INSTANCES: (Level.INSTANCE,),
    Kind.STUDYS_INSTANCES: (Level.SERIES, Level.INSTANCE),
    Kind.ALL_INSTANCES: (Level.STUDY, Level.SERIES, Level.INSTANCE),
})  # fmt: skip
"""Target of a search -> the levels that are told, that which is searched last."""


@cache
def required_attributes(target: Kind) -> tuple[Path, ...]:
    """The attributes of each result of a search of this target, one of `SEARCHES`."""
    named = (path_named(each) for level in SEARCHES[target] for each in _KEYWORDS[level].split())
    return tuple(dict.fromkeys(named))
