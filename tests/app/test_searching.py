from contextlib import aclosing

from pacsd.app.searching import Search
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.identifier import Manner
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys
from pacsd.net.associated import associated
from pacsd.net.query_retrieve_scu import QueryModel
from pacsd.net.scu import Timeouts
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT
from tests.net.answering_peer import AnsweringPeer, answering_peer, answers

ROOT = QueryModel.STUDY_ROOT
STUDY, SERIES = 0x0020000D, 0x0020000E


async def test_matches_are_data_sets() -> None:
    found = [encoded(keys(StudyInstanceUID=uid), EXPLICIT) for uid in ("1.2", "1.3")]
    peer = AnsweringPeer(answers(*found))
    search = Search(ROOT, Level.STUDY, read_keys(["StudyInstanceUID", "Modality=CT"]))
    async with (
        answering_peer(peer) as destination,
        associated(destination, search.contexts, Timeouts()) as association,
        aclosing(search.matches(association)) as matches,
    ):
        assert [each.texts(STUDY) async for each in matches] == [["1.2"], ["1.3"]]
    ((_, identifier),) = peer.asked
    assert read_data_set(identifier, EXPLICIT).texts(0x00080060) == ["CT"]


async def test_what_is_proposed_and_not_agreed_to() -> None:
    search = Search(ROOT, Level.STUDY, (), Manner(is_relational=True, is_fuzzy=True))
    assert search.extended == {ROOT.find: b"\1\0\1"}
    async with (
        answering_peer(AnsweringPeer(answers())) as destination,
        associated(
            destination, search.contexts, Timeouts(), extended=search.extended
        ) as association,
    ):
        missing = ["relational queries", "fuzzy matching of names"]
        assert search.not_agreed(association) == missing


def test_nothing_special_is_not_proposed() -> None:
    assert Search(ROOT, Level.STUDY, ()).extended == {}
    relational = Search(ROOT, Level.STUDY, (), Manner(is_relational=True))
    assert relational.extended == {ROOT.find: b"\1"}


def test_unique_keys_that_are_missing() -> None:
    assert Search(ROOT, Level.STUDY, ()).keyless == ()
    assert Search(ROOT, Level.INSTANCE, ()).keyless == (STUDY, SERIES)
    several = read_keys(["StudyInstanceUID=1.2", "SeriesInstanceUID=1.2\\1.3"])
    assert Search(ROOT, Level.INSTANCE, several).keyless == (SERIES,)
