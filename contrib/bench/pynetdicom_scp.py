"""A verification and storage SCP of pynetdicom, as its documentation builds one."""

import sys
from pathlib import Path

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification

MAX_ASSOCIATIONS = 2000


def main() -> None:
    """Serve on the port given, writing what is stored into the directory given."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])

    def store(event: Event) -> int:
        # The data set as received behind a new file meta header: nothing is decoded or re-encoded.
        path = directory / event.request.AffectedSOPInstanceUID
        path.write_bytes(event.encoded_dataset())
        return 0x0000

    ae = AE()
    ae.maximum_associations = MAX_ASSOCIATIONS
    ae.network_timeout = None
    ae.supported_contexts = AllStoragePresentationContexts
    ae.add_supported_context(Verification)
    ae.start_server(("127.0.0.1", port), evt_handlers=[(evt.EVT_C_STORE, store)])


if __name__ == "__main__":
    main()
