"""Settings of DICOMweb: [dicomweb]."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from pacsd.api.settings import Settings
from pacsd.dicomweb.client_profile import PROFILES, ClientRule, ProfileName
from pacsd.net.settings import split_text


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    is_one = parts.scheme in {"http", "https"} and parts.netloc and not parts.query + parts.fragment
    if url and not is_one:
        raise ValueError("is no http:// or https:// URL without query and fragment")
    return url.rstrip("/")


def _check_origin(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != origin:
        raise ValueError("is no origin, which is SCHEME://HOST[:PORT]; a * is none either")
    return origin


def _check_client_origin(origin: str) -> str:
    return _check_origin(origin) if origin else origin


OriginList = Annotated[
    tuple[Annotated[str, AfterValidator(_check_origin)], ...], BeforeValidator(split_text)
]


class WebClientSettings(Settings):
    """Clients of DICOMweb that are answered in their own way; repeat the table for more.

    Of several tables that are about a client the first counts.
    """

    profile: ProfileName = Field(
        examples=["ohif"],
        description="How they are answered, beside what all get: "
        + ". ".join(f'"{name}": {profile.words}' for name, profile in PROFILES.items())
        + ". The last is for those who write a client.",
    )

    user_agent: str = Field(default="", max_length=256)
    """Who has this in the User-Agent header, in any case. "" = whatever stands there."""

    origin: Annotated[str, AfterValidator(_check_client_origin)] = ""
    """Whose page is of this origin. "" = all, and those who have none."""

    @property
    def rule(self) -> ClientRule:
        """The same as the web desk has it."""
        return ClientRule(PROFILES[self.profile], self.user_agent, self.origin)


class DicomWebSettings(Settings):
    """DICOMweb (PS3.18), on the address of [http], below /dicomweb."""

    enabled: bool = True
    """Whether it is there at all."""

    public_url: Annotated[str, AfterValidator(_check_url)] = Field(
        default="", examples=["https://pacs.example.org/dicomweb"]
    )
    """How clients reach /dicomweb where that is not by the host that their requests name, as behind
    a reverse proxy. Links in answers begin so."""

    max_results: int = Field(default=10_000, ge=1, le=1_000_000)
    """Most matches of one answer to a search. When there are more, a Warning header says so, and
    `offset` gets at them."""

    total_count: bool = False
    """Tell with each answer to a search how many matches there are in all, in X-Total-Count. It is
    not told where counting would take longer than `query.budget_s`, headers would be looked at, or
    there are more than 1,000,000."""

    max_requests: int = Field(default=64, ge=1, le=10_000)
    """Requests answered at once. One more gets 503 with Retry-After."""

    max_change_readers: int = Field(default=16, ge=1, le=128)
    """Clients that wait for changes at once; they are no requests of `max_requests`. One more gets
    503 with Retry-After."""

    metadata_ahead: bool = True
    """Make the metadata of what is stored soon after, and keep it with where its frames lie, so
    that both are there when they are asked for. Takes half of one processor's time at most, while
    there is something to make."""

    cors_origins: OriginList = ()
    """Origins of pages whose scripts may use it, such as "https://viewer.example.org"."""

    max_instance_bytes: int = Field(default=8 * 1024**3, ge=0, le=2**60)
    """A longer instance ends its STOW-RS request with 413, and nothing of it is kept; those before
    it are. 0 = as large as the disk takes."""

    max_request_bytes: int = Field(default=1024**4, ge=0, le=2**60)
    """A longer payload of STOW-RS gets 413, at once where its Content-Length says so. Instances
    that were whole by then are kept. 0 = any length."""

    max_spool_bytes: int = Field(default=16 * 1024**3, ge=1024**2, le=2**60)
    """Bulk data of STOW-RS that waits in files in the data directory until all of its instance is
    there, of all requests together. A request that alone has more gets 413, one more 503."""
