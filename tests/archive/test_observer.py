from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.archive.observer import Concern, IngestObserver, NobodyObserves


def test_nobody_can_be_told_everything() -> None:
    nobody: IngestObserver = NobodyObserves()
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    nobody.not_stored(reception, StoreError(StoreFault.NO_SPACE, "test"))
    nobody.concern_changed(None, Concern("below the mark", "full", is_refusal=True))
