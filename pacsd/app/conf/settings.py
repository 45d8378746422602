"""The whole configuration: every room's settings in one."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    field_validator,
    model_validator,
)

from pacsd.api.settings import Settings
from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.tag import Tag, is_private, parse_tag
from pacsd.jobs.count_products import read_product
from pacsd.jobs.target_terms import TargetTerms
from pacsd.net.settings import (
    AESettings,
    DimseSettings,
    HttpSettings,
    RecorderSettings,
    split_text,
)
from pacsd.net.web.settings import DicomWebSettings, WebClientSettings
from pacsd.net.web_targets import WebTargetSettings


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path in quotes")
    return Path(value)


PathText = Annotated[Path, PlainValidator(_path), PlainSerializer(str)]
TraceLevels = Annotated[
    tuple[Literal["transcript", "values", "payload"], ...], BeforeValidator(split_text)
]


TextVR = Literal["", "AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI", "UT"]


StoreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _check_product(text: str) -> str:
    read_product(text)
    return text


CountProducts = Annotated[
    tuple[Annotated[str, AfterValidator(_check_product)], ...], BeforeValidator(split_text)
]


class StoreSettings(Settings):
    """Where the bytes of stored objects go."""

    name: StoreName = "store_fs"
    """The plugin that keeps them; its own keys stand in [plugins.NAME]."""

    others: Annotated[tuple[StoreName, ...], BeforeValidator(split_text)] = Field(
        default=(), examples=[("store_s3",)]
    )
    """Further stores, by the names of their plugins. An instance goes to the one that a plugin
    chooses for it (pacsd_choose_store), by default to the first, `name`; with it lies what was
    decided. A store that still holds instances must stay in the list."""

    min_free_bytes: int = Field(default=1024**3, ge=0, le=2**60)
    """With less free space than this nothing more is stored: A700. With less than one and a half
    times as much associations that only store are rejected as transient, with less than twice as
    much the log warns."""

    min_free_inodes: int = Field(default=10_000, ge=0, le=2**60)
    """With fewer free inodes than this nothing more is stored; else as above."""

    preamble: Literal["zero", "keep-tiff"] = "keep-tiff"
    """Which preambles of imported files are stored: none, or those that make a TIFF file of it. All
    others become zeros. What comes over DIMSE has no preamble."""

    unsafe_tmpfs: bool = False
    """Accept a data directory that lies in memory and is gone after a restart."""

    @model_validator(mode="after")
    def _check_others(self) -> Self:
        twice = next((each for each in self.names if self.names.count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"others: '{twice}' is named twice, name included")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all stores, the first one first."""
        return (self.name, *self.others)


class IndexSettings(Settings):
    """What is known of stored objects."""

    durability: Literal["full", "relaxed"] = "full"
    """"full": an object is acknowledged once its index entry survives a power cut. "relaxed": once
    it survives the end of the process. For tests and caches only."""

    quarantined_versions: int = Field(default=10_000, ge=0, le=10_000_000)
    """Most versions kept in quarantine: other objects under a SOP Instance UID that is known. With
    so many there another one is refused."""

    quarantined_versions_per_instance: int = Field(default=16, ge=0, le=10_000)
    """Most of them under one SOP Instance UID."""

    keep_changes_days: float = Field(default=0, ge=0, le=36_500)
    """For so many days changes are told to those who follow /changes; who asks for older ones gets
    410. 0 = for ever, at some 30 bytes each."""


class ExtraTagSettings(Settings):
    """One attribute indexed beside the usual ones, private or not; repeat the table for more.

    What is stored already is filled in while the daemon serves. Taken out again, its values go.
    """

    tag: str = Field(examples=["PatientSpeciesDescription"])
    """Its keyword, or its tag: "(0010,2201)". Of a private one the block counts for nothing:
    "(0009,0001)" is (0009,1001) as well as (0009,A701)."""

    level: Literal["study", "series", "instance"] = "instance"
    """Of what it is kept: a study and a series have the value of their first instance."""

    private_creator: str = Field(default="", max_length=64)
    """Of a private tag: who reserved it (PS3.5 section 7.8.1)."""

    vr: Literal[
        "", "AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI", "UT"
    ] = ""
    """Its VR where the object does not say; needed for private tags only."""

    @field_validator("tag")
    @classmethod
    def _check_tag(cls, value: str) -> str:
        if tag_of(value) is None:
            parse_tag(value)
        return value

    @model_validator(mode="after")
    def _check_private(self) -> Self:
        if is_private(self.number) != bool(self.private_creator):
            raise ValueError("a private tag needs private_creator, and only a private tag")
        if vr_of(self.number) is None and not self.vr:
            raise ValueError("vr is needed: PS3.6 does not know this tag")
        return self

    @property
    def number(self) -> Tag:
        """The tag as a number; without a block where it is private."""
        number = tag_of(self.tag) or parse_tag(self.tag)
        return number & 0xFFFF00FF if is_private(number) else number

    @property
    def text_vr(self) -> str:
        """Its VR where the object does not say."""
        return self.vr or str(vr_of(self.number))


class QuerySettings(Settings):
    """What queries and retrievals may take, and how queries match."""

    max_results: int = Field(default=100_000, ge=1, le=10_000_000)
    """Most matches of one query. When there are more, these are given and then A700; a retrieval of
    more instances is refused (A701)."""

    budget_s: float = Field(default=1.0, gt=0, le=3_600)
    """Most seconds that the index, and headers beside it, are searched for one query; then A700.
    What is found is read and sent beyond that time."""

    max_retrievals: int = Field(default=16, ge=1, le=10_000)
    """Most C-MOVE and C-GET that send at once. Others wait, those of higher priority before those
    of lower, and their peers are told that it goes on."""

    ignore_case: bool = True
    """Names match whatever their case and accents: MULLER finds Müller."""


class ScrubSettings(Settings):
    """Stored objects are read back in the background, to find in time what a disk has lost."""

    enabled: bool = True
    """Read stored objects back. What is found stands in the log and in pacsd_bad_copies."""

    bytes_per_second: int = Field(default=4 * 1024**2, ge=4_096, le=2**40)
    """Most bytes read in a second; a small object counts as 262,144. At least what comes in on
    average, or what is read for the first time leaves no time for a second."""

    again_after_days: float = Field(default=90, gt=0, le=36_500)
    """After so many days an object is read again."""

    check_bytes_per_second: int = Field(default=100_000_000, ge=4_096, le=2**40)
    """Most bytes that `pacsd fsck --digests` reads in a second while the daemon runs."""


class DeletionSettings(Settings):
    """What was deleted is out of sight at once; its files stay for a while, and may be restored."""

    purge: bool = True
    """Remove the files of deleted objects once their time is over. Without, they stay for ever."""

    keep_days: float = Field(default=30, gt=0, le=36_500)
    """For so many days deleted objects can be restored. Made shorter, it holds for what is deleted
    already, from the next start on."""


class EventSettings(Settings):
    """When it is told, in the change log and to plugins, that nothing more comes."""

    series_quiet_s: float = Field(default=30, gt=0, le=86_400)
    """A series to which no instance has come for so long counts as quiet."""

    study_quiet_s: float = Field(default=120, gt=0, le=86_400)
    """So does a study."""

    series_complete_at: CountProducts = Field(
        default=(), examples=[("NumberOfSlices * NumberOfTimeSlices", "ImagesInAcquisition")]
    )
    """Attributes by which objects say how many instances their series has: one with exactly so many
    counts as quiet at once. Of several, such as "NumberOfSlices * NumberOfTimeSlices" (the product)
    and "ImagesInAcquisition", the first counts that an object has. Choose none whose values your
    devices mean otherwise. Empty = only time counts."""

    study_complete_at: CountProducts = Field(
        default=(), examples=[("NumberOfStudyRelatedInstances",)]
    )
    """The same of studies."""

    @property
    def complete_at(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is chosen of series, and of studies."""
        return self.series_complete_at, self.study_complete_at


class JobSettings(Settings):
    """Work that waits in the index until it is done, also over a restart."""

    max_running: int = Field(default=16, ge=1, le=1_000)
    """Most jobs that run at once."""

    max_running_per_queue: int = Field(default=1, ge=1, le=1_000)
    """Most of them for one destination, plugin or other queue."""

    shutdown_grace_s: float = Field(default=10, ge=0, le=3_600)
    """So long the end of the daemon waits for jobs and events in hand. What is broken off then is
    done again after the next start."""

    keep_days: float = Field(default=30, gt=0, le=36_500)
    """For so many days jobs are listed that are done, dead or cancelled."""

    keep_deliveries_days: float = Field(default=365, gt=0, le=36_500)
    """For so many days it can be proved what was delivered, after it was."""

    keep_trying_days: float = Field(default=30, gt=0, le=36_500)
    """For so many days a delivery waits for a target that is down, or that does not say whether it
    keeps what it was sent; then it is given up."""

    newest_first: bool = False
    """Whether of the studies that wait for a target the newest one goes first."""

    forwarded_per_stored: float = Field(default=0.5, ge=0)
    """How many instances are sent to targets of routes, to all of them together, for each one that
    is stored, while storing keeps the daemon busy. What does not leave waits, and leaves
    afterwards; to each target one a second leaves at least. inf: storing does not go first."""


class TranscodingSettings(Settings):
    """Objects that codecs of plugins put into another transfer syntax on their way out."""

    at_once: int = Field(default=2, ge=1, le=256)
    """Most objects that are transcoded at once, in a thread each. Others wait."""

    deadline_s: float = Field(default=300, gt=0, le=86_400)
    """Most seconds for a codec to work at one of them, and for it to be read before; then it has
    failed. Who waits for a thread gives up after ten times as long."""

    max_bytes: int = Field(default=4 * 1024**3, ge=1, le=2**60)
    """Most bytes that one of them may become. A codec that writes more is left behind."""


class LogSettings(Settings):
    """What the daemon tells about its work, on standard error."""

    format: Literal["auto", "console", "json"] = "auto"
    """"console" for people, "json" for machines, "auto" = console on a terminal, else json."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are written."""

    trace: TraceLevels = ()
    """What is traced beside: "transcript" (PDUs and commands), "values" (the elements of command
    sets, with UIDs), "payload" (bytes both ways, at most 4,096 at a time: patient values)."""


class Config(Settings):
    """The configuration of one daemon."""

    data_dir: PathText = Path("pacsd-data")
    """Directory of everything that is kept. A relative path in a file is seen from that file, else
    from the working directory."""

    peers_file: PathText = Path("peers.toml")
    """The known peers; a relative path is seen as above. By default the file of this name beside
    the configuration file, if there is one."""

    dimse: DimseSettings = DimseSettings()
    """The DICOM listener."""

    ae: tuple[AESettings, ...] = Field(default=(AESettings(),), min_length=1)
    """The AE titles we answer to. Environment: PACSD_AE, the whole list as JSON."""

    http: HttpSettings = HttpSettings()
    """The web listener."""

    dicomweb: DicomWebSettings = DicomWebSettings()
    """DICOMweb, on the web listener."""

    web_client: tuple[WebClientSettings, ...] = ()
    """Clients of it with a profile. Environment: PACSD_WEB_CLIENT, the list as JSON."""

    web_target: tuple[WebTargetSettings, ...] = ()
    """DICOMweb servers that routes send to. Environment: PACSD_WEB_TARGET, the list as JSON."""

    route_target: tuple[TargetTerms, ...] = ()
    """On which terms routes send to some targets. Environment: PACSD_ROUTE_TARGET, the list as
    JSON."""

    recorder: RecorderSettings = RecorderSettings()
    """The association flight recorder."""

    log: LogSettings = LogSettings()
    """Log lines."""

    store: StoreSettings = StoreSettings()
    """Where stored objects go."""

    index: IndexSettings = IndexSettings()
    """What is known of them."""

    extra_tag: tuple[ExtraTagSettings, ...] = ()
    """Attributes indexed beside the usual ones. Environment: PACSD_EXTRA_TAG, the list as JSON."""

    query: QuerySettings = QuerySettings()
    """How they are found."""

    scrub: ScrubSettings = ScrubSettings()
    """Whether they are still what they were."""

    deletion: DeletionSettings = DeletionSettings()
    """What becomes of them when they are deleted."""

    events: EventSettings = EventSettings()
    """When series and studies count as quiet."""

    jobs: JobSettings = JobSettings()
    """What is done later, or again."""

    transcoding: TranscodingSettings = TranscodingSettings()
    """How they are transcoded, if a plugin has codecs."""

    plugins: dict[str, dict[str, object]] = Field(default_factory=dict)
    """Keys of each plugin in a table of its own, [plugins.NAME]. Only plugins named here or chosen
    elsewhere are loaded; each decodes its own keys, which its conf.toml explains."""
