"""De-identification by PS3.15 annex E: the Basic Profile and its options, on a whole data set.

What cannot be made safe is refused: pixels with burned-in annotation, encapsulated documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pacsd.dicom.headers import Layout
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.wildcard import Pattern
from pacsd_coerce.cleaning import Cleaning, PrivateElement
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.object_text import ObjectText
from pacsd_coerce.profile import BASIC_PROFILE, OPTIONS, profile_with
from pacsd_coerce.text_steps import ISSUER_OF_PATIENT_ID
from pacsd_coerce.tree import DataSet, Element, Sequence

PATIENT_NAME: Tag = 0x00100010
PATIENT_ID: Tag = 0x00100020
_PATIENT_IDENTITY_REMOVED: Tag = 0x00120062
_METHOD: Tag = 0x00120063
_METHOD_CODES: Tag = 0x00120064
_LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED: Tag = 0x00280303
_BURNED_IN_ANNOTATION: Tag = 0x00280301
_ENCAPSULATED_DOCUMENT: Tag = 0x00420011
_STUDY_INSTANCE_UID: Tag = 0x0020000D
_CODE_VALUE: Tag = 0x00080100
_CODING_SCHEME_DESIGNATOR: Tag = 0x00080102
_CODE_MEANING: Tag = 0x00080104
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_METHOD_TEXT = b"pacsd: PS3.15 E.2 Basic Profile"


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose an object was, and what stands for that now."""

    patient_id: str
    issuer: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Deidentification:
    """What is wanted: options by name, and how far each goes."""

    options: frozenset[str] = frozenset()
    burned_in: str = "refuse"
    descriptions: tuple[Pattern, ...] = ()
    safe_private: frozenset[PrivateElement] = field(default_factory=frozenset)
    patient_prefix: str = ""

    def apply(self, data_set: DataSet, layout: Layout, keyed: Keyed) -> Patient:
        """De-identify a data set that is written so; whose it was.

        Raises:
            NotCoerced: it cannot be made safe, or not be read.
        """
        text = ObjectText(data_set)
        self._check(text)
        patient = self._patient(text, keyed)
        Cleaning(
            profile_with(self.options),
            keyed,
            keyed.shift(patient.issuer, patient.patient_id or _study(text)),
            self.descriptions,
            self.safe_private if "retain-safe-private" in self.options else frozenset(),
        ).clean(data_set)
        self._tell(data_set, layout, patient)
        return patient

    def _check(self, text: ObjectText) -> None:
        said = text.text(_BURNED_IN_ANNOTATION).upper()
        has_pixels = any(tag in text.data_set for tag in _PIXELS)
        is_unsure = self.burned_in == "refuse-unless-no" and said != "NO" and has_pixels
        if self.burned_in != "allow" and (said == "YES" or is_unsure):
            why = "is YES" if said == "YES" else "is not NO"
            raise NotCoerced(f"Burned In Annotation (0028,0301) {why}: pixels may name the patient")
        document = text.data_set.get(_ENCAPSULATED_DOCUMENT)
        if document is not None and document.value != b"":
            raise NotCoerced("Encapsulated Document (0042,0011): it cannot be de-identified")

    def _patient(self, text: ObjectText, keyed: Keyed) -> Patient:
        """Who has no Patient ID is somebody else in each study."""
        patient_id, issuer = text.text(PATIENT_ID), text.text(ISSUER_OF_PATIENT_ID)
        of_whom = (issuer, patient_id) if patient_id else ("\0study", _study(text))
        return Patient(patient_id, issuer, self.patient_prefix + keyed.pseudonym(*of_whom))

    def _tell(self, data_set: DataSet, layout: Layout, patient: Patient) -> None:
        """What stands for the patient, and how this was done (PS3.15 section E.1.1)."""
        pseudonym = patient.pseudonym.encode("ascii")
        told = {
            PATIENT_NAME: (VR.PN, pseudonym),
            PATIENT_ID: (VR.LO, pseudonym),
            _PATIENT_IDENTITY_REMOVED: (VR.CS, b"YES"),
            _METHOD: (VR.LO, _METHOD_TEXT),
            _LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED: (VR.CS, self._dates()),
        }
        data_set.update({tag: Element(*each) for tag, each in told.items()})
        data_set[_METHOD_CODES] = Element(VR.SQ, Sequence(layout, list(self._codes())))

    def _codes(self) -> Iterable[DataSet]:
        """The profile and the options by CID 7050 (PS3.16)."""
        for each in (BASIC_PROFILE, *(OPTIONS[name] for name in sorted(self.options))):
            yield {
                _CODE_VALUE: Element(VR.SH, each.code.encode("ascii")),
                _CODING_SCHEME_DESIGNATOR: Element(VR.SH, b"DCM"),
                _CODE_MEANING: Element(VR.LO, each.meaning.encode("ascii")),
            }

    def _dates(self) -> bytes:
        if "full-dates" in self.options:
            return b"UNMODIFIED"
        return b"MODIFIED" if "modified-dates" in self.options else b"REMOVED"


def _study(text: ObjectText) -> str:
    return text.text(_STUDY_INSTANCE_UID)
