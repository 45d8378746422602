"""Types of directory records: which SOP Class has which, and what keys it has (PS3.3 section F.5).

Only those below patient, study and series: an archive keeps nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.registry import sop_class
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

PATIENT = "PATIENT"
STUDY = "STUDY"
SERIES = "SERIES"
IMAGE = "IMAGE"

# A key of Type 1 ends with !, one that is left out where it has no value (Types 1C and 3) with ?.
_LABELLED = "InstanceNumber! ContentDate! ContentTime! ContentLabel! ContentDescription"
_LABELLED += " ContentCreatorName"
_DATED = "InstanceNumber! ContentDate! ContentTime!"
_KEYS: Mapping[str, str] = {
    PATIENT: "PatientName PatientID! PatientBirthDate? PatientSex?",
    STUDY: "StudyDate! StudyTime! StudyDescription StudyInstanceUID! StudyID! AccessionNumber",
    SERIES: """Modality! SeriesInstanceUID! SeriesNumber! SeriesDescription? InstitutionName?
        InstitutionAddress? PerformingPhysicianName?""",
    IMAGE: "InstanceNumber! ImageType? NumberOfFrames? Rows? Columns?",
    "RT DOSE": "InstanceNumber! DoseSummationType! DoseComment?",
    "RT STRUCTURE SET": "InstanceNumber! StructureSetLabel! StructureSetDate StructureSetTime",
    "RT PLAN": "InstanceNumber! RTPlanLabel! RTPlanDate RTPlanTime",
    "RT TREAT RECORD": "InstanceNumber! TreatmentDate TreatmentTime",
    "PRESENTATION": """PresentationCreationDate! PresentationCreationTime! InstanceNumber!
        ContentLabel! ContentDescription ContentCreatorName ReferencedSeriesSequence?
        BlendingSequence?""",
    "WAVEFORM": _DATED,
    "SR DOCUMENT": """InstanceNumber! CompletionFlag! VerificationFlag! ContentDate! ContentTime!
        VerificationDateTime? ConceptNameCodeSequence! ContentSequence?""",
    "KEY OBJECT DOC": f"{_DATED} ConceptNameCodeSequence! ContentSequence?",
    "SPECTROSCOPY": f"""{_DATED} ImageType! ReferencedImageEvidenceSequence? NumberOfFrames! Rows!
        Columns! DataPointRows! DataPointColumns!""",
    "RAW DATA": _DATED,
    "REGISTRATION": _LABELLED,
    "FIDUCIAL": _LABELLED,
    "ENCAP DOC": """ContentDate ContentTime InstanceNumber! DocumentTitle HL7InstanceIdentifier?
        ConceptNameCodeSequence MIMETypeOfEncapsulatedDocument!""",
    "VALUE MAP": _LABELLED,
    "STEREOMETRIC": "",
    "PLAN": "",
    "MEASUREMENT": _LABELLED,
    "SURFACE": _LABELLED,
    "SURFACE SCAN": "ContentDate! ContentTime!",
    "TRACT": _LABELLED,
    "ASSESSMENT": "InstanceNumber! InstanceCreationDate! InstanceCreationTime",
    "RADIOTHERAPY": """InstanceNumber! UserContentLabel? UserContentLongLabel? ContentDescription
        ContentCreatorName""",
    "ANNOTATION": _LABELLED,
}

# By the endings of keywords; whatever else has Image Storage in its name is an IMAGE.
_ENDINGS: Mapping[str, str] = {
    "RT DOSE": "RTDoseStorage",
    "RT STRUCTURE SET": "RTStructureSetStorage",
    "RT PLAN": "RTPlanStorage RTIonPlanStorage",
    "RT TREAT RECORD": """RTBeamsTreatmentRecordStorage RTBrachyTreatmentRecordStorage
        RTTreatmentSummaryRecordStorage RTIonBeamsTreatmentRecordStorage""",
    "PRESENTATION": "PresentationStateStorage BasicStructuredDisplayStorage",
    "WAVEFORM": "WaveformStorage",
    "SR DOCUMENT": """SRStorage ProcedureLogStorage SpectaclePrescriptionReportStorage
        MacularGridThicknessAndVolumeReportStorage""",
    "KEY OBJECT DOC": "KeyObjectSelectionDocumentStorage",
    "SPECTROSCOPY": "MRSpectroscopyStorage",
    "RAW DATA": "RawDataStorage",
    "REGISTRATION": "SpatialRegistrationStorage",
    "FIDUCIAL": "SpatialFiducialsStorage",
    "ENCAP DOC": """EncapsulatedPDFStorage EncapsulatedCDAStorage EncapsulatedSTLStorage
        EncapsulatedOBJStorage EncapsulatedMTLStorage""",
    "VALUE MAP": "RealWorldValueMappingStorage",
    "STEREOMETRIC": "StereometricRelationshipStorage",
    "PLAN": "DeliveryInstructionStorage",
    "MEASUREMENT": "MeasurementsStorage IntraocularLensCalculationsStorage",
    "SURFACE": "SurfaceSegmentationStorage",
    "SURFACE SCAN": "SurfaceScanMeshStorage SurfaceScanPointCloudStorage",
    "TRACT": "TractographyResultsStorage",
    "ASSESSMENT": "ContentAssessmentResultsStorage",
    "RADIOTHERAPY": """RTPhysicianIntentStorage RTSegmentAnnotationStorage RTRadiationSetStorage
        RadiationStorage RadiationRecordStorage RTRadiationRecordSetStorage
        RTRadiationSalvageRecordStorage RTRadiationSetDeliveryInstructionStorage
        RTTreatmentPreparationStorage RTPatientPositionAcquisitionInstructionStorage""",
    "ANNOTATION": "MicroscopyBulkSimpleAnnotationsStorage",
    IMAGE: """EnhancedUSVolumeStorage ParametricMapStorage SegmentationStorage
        OphthalmicThicknessMapStorage CornealTopographyMapStorage
        OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage""",
}
_IMAGES = "ImageStorage"


@dataclass(frozen=True, slots=True)
class DirectoryKey:
    """A key of a directory record; it is of Type 1, or optional (1C, 3), or of Type 2."""

    keyword: str
    tag: Tag
    vr: VR
    is_type_1: bool
    is_optional: bool


@dataclass(frozen=True, slots=True)
class RecordType:
    """A Directory Record Type (0004,1430) and its keys, by rising tag."""

    term: str
    keys: tuple[DirectoryKey, ...]

    @property
    def has_sequences(self) -> bool:
        """Whether one of the keys is a sequence."""
        return any(key.vr == VR.SQ for key in self.keys)


@cache
def record_type(term: str) -> RecordType:
    """The type of this name; KeyError if it is none."""
    keys = sorted(map(_key, _KEYS[term].split()), key=lambda key: key.tag)
    return RecordType(term, tuple(keys))


@lru_cache(maxsize=512)
def record_type_of(sop_class_uid: str) -> RecordType | None:
    """The type of the record of an instance; None: no directory can have one."""
    known = sop_class(sop_class_uid)
    keyword = known.keyword if known is not None else ""
    found = [
        (len(ending), term)
        for term, endings in _ENDINGS.items()
        for ending in endings.split()
        if keyword.endswith(ending)
    ]
    if found:
        return record_type(max(found)[1])
    return record_type(IMAGE) if _IMAGES in keyword else None


def _key(text: str) -> DirectoryKey:
    keyword = text.rstrip("!?")
    tag = tag_of(keyword)
    vr = vr_of(tag) if tag is not None else None
    if tag is None or vr is None:
        raise AssertionError(f"{keyword} is no keyword of PS3.6")
    return DirectoryKey(keyword, tag, vr, text.endswith("!"), text.endswith("?"))
