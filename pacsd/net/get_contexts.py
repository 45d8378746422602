"""Presentation contexts for a C-GET whose objects are not known, only their SOP classes or less.

A peer that has objects in a compressed Transfer Syntax can as a rule send them in no other, and of
the syntaxes in one context it chooses one. So each compressed one has a context of its own; the
two uncompressed ones, into which a peer can re-encode, share one. 128 contexts are all there are
(PS3.8 section 9.3.2.2): every class gets the uncompressed ones first, then common classes and
common syntaxes come before rare ones.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Service,
    sop_class,
    sop_classes,
    transfer_syntaxes,
)
from pacsd.net.query_retrieve_scu import QueryModel
from pacsd.net.store_contexts import MAX_CONTEXTS
from pacsd.ul.pdu import ProposedContext

_UNCOMPRESSED = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_JPEG = "1.2.840.10008.1.2.4"
_COMMON = (
    f"{_JPEG}.70", f"{_JPEG}.90", f"{_JPEG}.50", f"{_JPEG}.91", "1.2.840.10008.1.2.5",
    f"{_JPEG}.80", f"{_JPEG}.51", f"{_JPEG}.81", f"{_JPEG}.57",
    f"{_JPEG}.201", f"{_JPEG}.202", f"{_JPEG}.203", f"{_JPEG}.102", f"{_JPEG}.100",
)  # fmt: skip
"""Compressed Transfer Syntaxes in which archives keep objects, the commonest first."""

# Some peers choose one of the two uncompressed ones and cannot re-encode from the other.
_RARE = (IMPLICIT_VR_LITTLE_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)

_CLASSES_FOR_A_SYNTAX = 5
"""The next syntax of one class is as good as the present one of a class so many places behind."""

_USUAL = """
    CTImageStorage MRImageStorage DigitalXRayImageStorageForPresentation
    ComputedRadiographyImageStorage SecondaryCaptureImageStorage UltrasoundImageStorage
    UltrasoundMultiFrameImageStorage XRayAngiographicImageStorage
    DigitalMammographyXRayImageStorageForPresentation BreastTomosynthesisImageStorage
    EnhancedCTImageStorage EnhancedMRImageStorage PositronEmissionTomographyImageStorage
    NuclearMedicineImageStorage XRayRadiofluoroscopicImageStorage
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    MultiFrameTrueColorSecondaryCaptureImageStorage
    VLPhotographicImageStorage VLEndoscopicImageStorage VLWholeSlideMicroscopyImageStorage
    OphthalmicPhotography8BitImageStorage OphthalmicTomographyImageStorage
    BasicTextSRStorage EnhancedSRStorage ComprehensiveSRStorage Comprehensive3DSRStorage
    XRayRadiationDoseSRStorage KeyObjectSelectionDocumentStorage MammographyCADSRStorage
    GrayscaleSoftcopyPresentationStateStorage ColorSoftcopyPresentationStateStorage
    EncapsulatedPDFStorage SegmentationStorage RTImageStorage RTDoseStorage RTStructureSetStorage
    RTPlanStorage SpatialRegistrationStorage RealWorldValueMappingStorage ParametricMapStorage
    DigitalXRayImageStorageForProcessing DigitalMammographyXRayImageStorageForProcessing
    EnhancedXAImageStorage XRay3DAngiographicImageStorage EnhancedPETImageStorage
    VideoEndoscopicImageStorage VideoPhotographicImageStorage TwelveLeadECGWaveformStorage
    GeneralECGWaveformStorage RawDataStorage
"""
_WITHOUT_PIXELS = (
    "SR Storage", "Document", "Presentation State", "Waveform", "Encapsulated", "Registration",
    "Fiducials", "Raw Data", "RT Plan", "RT Structure", "RT Ion Plan", "Value Mapping",
    "Measurements", "Report", "Analysis",
)  # fmt: skip
"""What stands in the names of classes whose objects hold no pixels."""


@cache
def usual_sop_classes() -> tuple[str, ...]:
    """The storage classes that most archives have objects of, the commonest first."""
    by_keyword = {each.keyword: each.uid for each in sop_classes(Service.STORAGE)}
    return tuple(by_keyword[keyword] for keyword in _USUAL.split())


def propose_get_of(model: QueryModel, sop_class_uids: Sequence[str]) -> tuple[ProposedContext, ...]:
    """One context for C-GET, and those for objects of these classes, as many as there is room for.

    The classes are in the order of importance; those behind the 127th are left out.
    """
    wanted = tuple(dict.fromkeys(sop_class_uids))
    pairs: list[tuple[str, tuple[str, ...]]] = [
        *((uid, _UNCOMPRESSED) for uid in (model.get, *wanted)),
        *((uid, (syntax,)) for uid, syntax in _ranked(wanted)),
    ]
    return tuple(
        ProposedContext(2 * index + 1, abstract_syntax, syntaxes)
        for index, (abstract_syntax, syntaxes) in enumerate(pairs[:MAX_CONTEXTS])
    )


def _ranked(sop_class_uids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every class in every syntax it may be kept in, the likeliest first."""
    ranked = [
        (class_rank + _CLASSES_FOR_A_SYNTAX * syntax_rank, class_rank, uid, syntax)
        for class_rank, uid in enumerate(sop_class_uids)
        for syntax_rank, syntax in enumerate((*_compressed(), *_RARE))
        if syntax in _RARE or _may_have_pixels(uid)
    ]
    yield from ((uid, syntax) for _, _, uid, syntax in sorted(ranked))


def _may_have_pixels(sop_class_uid: str) -> bool:
    """Private classes may."""
    known = sop_class(sop_class_uid)
    return known is None or not any(words in known.name for words in _WITHOUT_PIXELS)


@cache
def _compressed() -> tuple[str, ...]:
    storable = [each for each in transfer_syntaxes() if each.is_storable and each.is_encapsulated]
    others = [each.uid for each in storable if not each.is_retired]
    return tuple(dict.fromkeys((*_COMMON, *others)))
