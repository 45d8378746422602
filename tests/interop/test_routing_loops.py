"""Two sites, each with a rule that sends everything to the other: it comes to an end."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from pacsd.dicom.hop_marks import read_trail
from pacsd.dicom.part10 import decode_file_meta
from pacsd.testing.daemon import SAYS_WITHIN_S, Running, running
from tests.crash.campaign import storing
from tests.dicom.written import EXPLICIT
from tests.interop.test_killed_routing import content

UIDS = [f"1.2.78.1.{number}" for number in range(3)]
LATER = [f"1.2.79.1.{number}" for number in range(2)]

SITE = """
peers_file = "{folder}/peers.toml"

[[ae]]
title = "{own}"

[[ae]]
title = "PACSD"

[store]
unsafe_tmpfs = true

[events]
series_quiet_s = 0.1
study_quiet_s = 0.2

[plugins.route_rules]
trusted = true
file = "{folder}/routes.toml"

[plugins.coerce]
trusted = true
file = "{folder}/coercions.toml"
key = "the secret of {own}"
"""
RULE = """
[[rule]]
name = "everything"
to = ["peer:{other}"]
{coerce}
"""
COERCIONS = """
[[coercion.hide.step]]
deidentify = {}

[[coercion.renew.step]]
remap_uids = true
"""
PEER = """
[[peer]]
ae_title = "{other}"
host = "127.0.0.1"
port = {port}
"""


class Delivery(NamedTuple):
    """What is said of one."""

    state: str
    delivered: int
    refused: int
    explanation: str


class Site:
    """A site that runs, its rules and peers in files of its own."""

    def __init__(self, folder: Path, own: str, coercion: str) -> None:
        self.folder, self.own = folder, own
        other = {"SITEA": "SITEB", "SITEB": "SITEA"}[own]
        coerce = f'coerce = "{coercion}"' if coercion else ""
        folder.mkdir()
        (folder / "pacsd.toml").write_text(SITE.format(folder=folder, own=own))
        (folder / "routes.toml").write_text(RULE.format(other=other, coerce=coerce))
        (folder / "coercions.toml").write_text(COERCIONS)
        (folder / "peers.toml").write_text("")

    @contextmanager
    def serving(self) -> Iterator[Running]:
        config = str(self.folder / "pacsd.toml")
        with running("--config", config, data_dir=self.folder / "data") as daemon:
            self.daemon = daemon
            yield daemon

    def know(self, other: "Site") -> None:
        text = PEER.format(other=other.own, port=other.daemon.port)
        (self.folder / "peers.toml").write_text(text)
        self.daemon.signal(signal.SIGHUP)
        assert self.daemon.wait_for("reloaded")["peers"] == 1

    def ended(self, deliveries: int) -> list[Delivery]:
        """Its deliveries, the earliest first, once there are so many and none waits."""
        for _ in range(int(SAYS_WITHIN_S / 0.1)):
            answer = self.daemon.ask("deliveries.list")
            assert isinstance(answer, list)
            if len(answer) >= deliveries and not any(each["waiting"] for each in answer):
                found = sorted(answer, key=lambda each: each["number"])
                return [Delivery(*(each[name] for name in Delivery._fields)) for each in found]
            with suppress(subprocess.TimeoutExpired):
                code = self.daemon.process.wait(0.1)
                raise AssertionError(f"the daemon ended with code {code}")
        raise AssertionError(answer)

    def marks(self) -> dict[str, int]:
        """How many marks each instance has that is stored here."""
        found: dict[str, int] = {}
        for path in (self.folder / "data" / "store").glob("objects/**/*.dcm"):
            file = path.read_bytes()
            meta, start = decode_file_meta(file)
            trail = read_trail(file[start:], EXPLICIT, is_whole=True)
            found[meta.media_storage_sop_instance_uid] = len(trail.marks)
        return found


@contextmanager
def both(folder: Path, coercion_a: str, coercion_b: str) -> Iterator[tuple[Site, Site]]:
    """Both sites, each of which knows the other."""
    site_a = Site(folder / "a", "SITEA", coercion_a)
    site_b = Site(folder / "b", "SITEB", coercion_b)
    with site_a.serving(), site_b.serving():
        site_a.know(site_b)
        site_b.know(site_a)
        yield site_a, site_b


def store_at(site: Site, uids: list[str]) -> None:
    with storing(site.daemon.port) as store:
        for uid in uids:
            assert store(uid, content(uid)) == 0


@pytest.mark.parametrize(
    ("coercion_a", "coercion_b"), [("renew", "renew"), ("hide", "renew"), ("renew", "hide")]
)
def test_d44_a_loop_that_makes_new_instances_ends(
    tmp_path: Path, coercion_a: str, coercion_b: str
) -> None:
    number = len(UIDS)
    with both(tmp_path, coercion_a, coercion_b) as (site_a, site_b):
        store_at(site_a, UIDS)
        [there, again] = site_a.ended(2)
        assert there[:3] == ("delivered", number, 0)
        assert again[:3] == ("refused", 0, number)
        said = f"coercion {coercion_a}: it was coerced by {coercion_a} here before: a loop"
        assert again.explanation == said
        [back] = site_b.ended(1)
        assert back[:3] == ("delivered", number, 0)
        at_a, at_b = site_a.marks(), site_b.marks()
    assert {uid for uid, marks in at_a.items() if not marks} == {*UIDS}
    assert sorted(at_a.values()) == [0] * number + [2] * number
    assert [*at_b.values()] == [1] * number


def test_d44_a_loop_without_coercion_ends_after_one_round(tmp_path: Path) -> None:
    with both(tmp_path, "", "") as (site_a, site_b):
        for rounds, uids in enumerate((UIDS, LATER), 1):
            store_at(site_a, uids)
            # What the first round might have set off would have come before all of the second.
            for site in (site_a, site_b):
                assert len(site.ended(rounds)) == rounds
        for site in (site_a, site_b):
            assert [each[:3] for each in site.ended(2)] == [
                ("delivered", len(UIDS), 0),
                ("delivered", len(LATER), 0),
            ]
            assert site.marks() == dict.fromkeys((*UIDS, *LATER), 0)


def test_what_is_kept_between_sites_is_released_at_the_end(tmp_path: Path) -> None:
    with both(tmp_path, "", "") as (site_a, site_b):
        store_at(site_a, UIDS)
        site_a.ended(1)
        assert site_a.daemon.stop() == 0
        site_b.daemon.wait_for("association", calling="SITEA", outcome="released")
        ends = [each["outcome"] for each in site_b.daemon.said("association")]
        assert {*ends} == {"released"}
