"""What clients need that is not what all others get, and what is not tolerated of them.

A profile changes nothing that PS3.18 lays down: where it leaves the choice to the server, or where
a client is known to misread one of two right answers, the profile takes the other one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pacsd.dicomweb.accept import Representation

PLAIN_JSON = "application/json"

_SINGLE_PART = (
    "one file, frame or value leaves by itself, and not as a part, if the client takes anything"
)
_BELOW_STUDY = "BulkDataURIs are relative to the study and begin with series/"
_PLAIN_JSON = f"JSON is {PLAIN_JSON} if the client takes anything"
_STRICT = (
    "media types that break the grammar (type=application/dicom without quotes) and parameters that"
    " a resource does not have are 400"
)

ProfileName = Literal["usual", "ohif", "cornerstone", "weasis", "plain", "strict"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How a client is answered.

    `is_single_part`: who takes `*/*`, or says nothing, gets one file, frame or value by itself.
    OHIF 3 with `singlepart` has the browser load PDF and video from their BulkDataURI, which shows
    no multipart payload; Cornerstone's loader has no boundary to look for.

    `is_below_study`: BulkDataURIs begin with `series/`. OHIF 3 puts its own `wadoRoot` and the
    study before these, whatever `relativeResolution` it has, and so finds them behind a proxy that
    changes host or path (issues 3921 and 4256 of OHIF/Viewers).

    `is_plain_json`: who takes `*/*`, or says nothing, gets `application/json`, for programs that
    read JSON by no other name.

    `is_strict`: what is written against the grammar is refused, where others are understood.
    """

    is_single_part: bool = False
    is_below_study: bool = False
    is_plain_json: bool = False
    is_strict: bool = False

    @property
    def words(self) -> str:
        """What differs for such a client, for people; all texts about profiles are made of it."""
        told = [
            text
            for is_so, text in (
                (self.is_single_part, _SINGLE_PART),
                (self.is_below_study, _BELOW_STUDY),
                (self.is_plain_json, _PLAIN_JSON),
                (self.is_strict, _STRICT),
            )
            if is_so
        ]
        return "; ".join(told) or "nothing differs"

    def ordered(self, offers: Sequence[Representation]) -> Sequence[Representation]:
        """The same representations, what the client is to get by default first."""
        in_parts = {each.media_type for each in offers if each.is_multipart}

        def place(offer: Representation) -> tuple[bool, bool]:
            # The same by itself: several instances have no such form, and a ZIP is another thing.
            is_alone = offer.media_type in in_parts and not offer.is_multipart
            is_plain = offer.media_type == PLAIN_JSON
            return self.is_single_part and not is_alone, self.is_plain_json and not is_plain

        return sorted(offers, key=place)


USUAL = Profile()
PROFILES: Mapping[ProfileName, Profile] = {
    "usual": USUAL,
    "ohif": Profile(is_single_part=True, is_below_study=True),
    "cornerstone": Profile(is_single_part=True),
    # Weasis 4 names what it takes (dicom:rs, --accept-ext) and reads absolute URLs.
    "weasis": USUAL,
    "plain": Profile(is_single_part=True, is_plain_json=True),
    "strict": Profile(is_strict=True),
}


@dataclass(frozen=True, slots=True)
class ClientRule:
    """Clients whose User-Agent holds a text, and whose page is of an origin; "" is any."""

    profile: Profile
    user_agent: str = ""
    origin: str = ""

    def is_about(self, user_agent: str, origin: str) -> bool:
        """Whether the client that sent these headers is meant."""
        return self.user_agent.lower() in user_agent.lower() and self.origin in {"", origin}


def profile_of(rules: Sequence[ClientRule], user_agent: str, origin: str) -> Profile:
    """The profile of the first rule that is about a client; without one, what all get."""
    found = (rule.profile for rule in rules if rule.is_about(user_agent, origin))
    return next(found, USUAL)
