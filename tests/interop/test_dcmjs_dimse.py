"""dcmjs-dimse as a peer."""

import json
import sys
from pathlib import Path

from pydicom import dcmread

from tests.interop import peers
from tests.interop.objects import Store, ct_small


def test_it_echoes(port: int) -> None:
    said = peers.run(*peers.dcmjs("echo", peers.LOOPBACK, port, "PACSD"))
    assert json.loads(said) == {"status": 0}


def test_it_stores(store: Store) -> None:
    sent = ct_small()
    paths = [sent.path, sent.path]
    said = peers.run(*peers.dcmjs("store", peers.LOOPBACK, store.port, "PACSD", *paths))
    assert said.count('{"status":0}') == 2
    (stored,) = store.new()
    # It writes data sets anew, with its own ideas of padding.
    assert dcmread(stored.path).PixelData == dcmread(sent.path).PixelData
    assert stored.sop_instance_uid == sent.sop_instance_uid


def test_we_echo_it(tmp_path: Path) -> None:
    with peers.dcmjs_scp(tmp_path) as port:
        said = peers.run(sys.executable, "-m", "pacsd", "echo", f"DCMJS={peers.LOOPBACK}:{port}")
    assert "1 C-ECHO answered" in said
