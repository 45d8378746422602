"""Which attributes belong to which level: those of the modules of patient, study and series.

PS3.3 sections C.7.1.1 (Patient), C.7.1.3 (Clinical Trial Subject), C.7.2.1 to C.7.2.3 (General
Study, Patient Study, Clinical Trial Study), C.7.3.1 (General Series), C.7.3.2 (Clinical Trial
Series), C.7.4.1 (Frame of Reference) and C.7.5.1 (General Equipment). All others are of instances.
"""

from functools import cache

from pacsd.dicom.dictionary import tag_of
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag

_KEYWORDS = {
    Level.PATIENT: """
        PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence
        SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence
        PatientBirthDate PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar
        PatientAlternativeCalendar PatientSex ReferencedPatientPhotoSequence
        QualityControlSubject PatientBirthTime OtherPatientIDs OtherPatientIDsSequence
        OtherPatientNames PatientBirthName PatientMotherBirthName EthnicGroup
        EthnicGroupCodeSequence PatientComments PatientSpeciesDescription
        PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence
        BreedRegistrationSequence StrainDescription ResponsiblePerson ResponsiblePersonRole
        ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod
        DeidentificationMethodCodeSequence MilitaryRank BranchOfService CountryOfResidence
        RegionOfResidence PatientTelephoneNumbers PatientAddress PatientReligiousPreference
        ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName
        ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSubjectID
        ClinicalTrialSubjectReadingID
    """,
    Level.STUDY: """
        StudyInstanceUID StudyDate StudyTime ReferringPhysicianName
        ReferringPhysicianIdentificationSequence ConsultingPhysicianName
        ConsultingPhysicianIdentificationSequence StudyID AccessionNumber
        IssuerOfAccessionNumberSequence StudyDescription PhysiciansOfRecord
        PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
        PhysiciansReadingStudyIdentificationSequence RequestingService
        RequestingServiceCodeSequence ReferencedStudySequence ProcedureCodeSequence
        ReasonForPerformedProcedureCodeSequence AdmittingDiagnosesDescription
        AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientWeight
        PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension
        PatientSizeCodeSequence MedicalAlerts Allergies SmokingStatus PregnancyStatus
        LastMenstrualDate PatientState Occupation AdditionalPatientHistory AdmissionID
        IssuerOfAdmissionIDSequence ServiceEpisodeID IssuerOfServiceEpisodeIDSequence
        ServiceEpisodeDescription PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence
        InstitutionalDepartmentTypeCodeSequence OtherStudyNumbers RequestingPhysician
        ClinicalTrialTimePointID ClinicalTrialTimePointDescription
    """,
    Level.SERIES: """
        Modality SeriesInstanceUID SeriesNumber Laterality SeriesDate SeriesTime
        PerformingPhysicianName PerformingPhysicianIdentificationSequence ProtocolName
        SeriesDescription SeriesDescriptionCodeSequence OperatorsName
        OperatorIdentificationSequence ReferencedPerformedProcedureStepSequence
        RelatedSeriesSequence BodyPartExamined PatientPosition SmallestPixelValueInSeries
        LargestPixelValueInSeries RequestAttributesSequence PerformedProcedureStepID
        PerformedProcedureStepStartDate PerformedProcedureStepStartTime
        PerformedProcedureStepEndDate PerformedProcedureStepEndTime
        PerformedProcedureStepDescription PerformedProtocolCodeSequence
        CommentsOnThePerformedProcedureStep AnatomicalOrientationType
        TreatmentSessionUID ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID
        ClinicalTrialSeriesDescription FrameOfReferenceUID PositionReferenceIndicator
        Manufacturer InstitutionName InstitutionAddress StationName
        InstitutionalDepartmentName ManufacturerModelName ManufacturerDeviceClassUID
        DeviceSerialNumber DeviceUID SoftwareVersions GantryID SpatialResolution
        DateOfManufacture DateOfInstallation DateOfLastCalibration TimeOfLastCalibration
        PixelPaddingValue
    """,
}


def level_of(tag: Tag) -> Level:
    """The level that an attribute belongs to."""
    return _levels().get(tag, Level.INSTANCE)


def attributes_of(level: Level) -> tuple[Tag, ...]:
    """The attributes of a level, and of those above; of instances only what these say of them."""
    return tuple(sorted(tag for tag, each in _levels().items() if each <= level))


@cache
def _levels() -> dict[Tag, Level]:
    return {
        tag: level
        for level, keywords in _KEYWORDS.items()
        for keyword in keywords.split()
        if (tag := tag_of(keyword)) is not None
    }
