from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Location
from pacsd.archive.instance import IngestOutcome
from pacsd.archive.observer import Concern, IngestObserver, NobodyObserves
from pacsd.index.records import Outcome


def test_nobody_can_be_told_everything() -> None:
    nobody: IngestObserver = NobodyObserves()
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    nobody.not_stored(reception, StoreError(StoreFault.NO_SPACE, "test"))
    outcome = IngestOutcome(0x0000, "", 7, became=Outcome.HELD)
    nobody.set_aside(reception, "1.2.3", outcome)
    nobody.refused(reception, outcome)
    nobody.not_removed(Location("memory", "1", 0), StoreError(StoreFault.READ_ONLY, "test"))
    nobody.concern_changed(None, Concern("below the mark", "full", is_refusal=True))
