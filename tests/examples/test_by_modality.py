from pathlib import Path

import pytest
import structlog

from contrib.examples.by_modality.pacsd_by_modality import ByModality, ByModalitySettings
from pacsd.api.plugin import Host
from pacsd.api.receiving import StoreChoice
from pacsd.testing.hook_call import call_hook
from pacsd.testing.hook_records import received_instance


@pytest.mark.parametrize(
    ("modality", "expected"),
    [("MR", StoreChoice("archive", "modality MR")), ("CT", None), ("", None)],
)
async def test_some_modalities_are_kept_elsewhere(
    tmp_path: Path, modality: str, expected: StoreChoice | None
) -> None:
    settings = ByModalitySettings(stores={"MR": "archive"})
    plugin = ByModality(Host("by_modality", tmp_path, structlog.get_logger()), settings)
    answer = await call_hook(
        plugin,
        "pacsd_choose_store",
        instance=received_instance({"Modality": modality}),
        stores=("store_fs", "archive"),
    )
    assert answer == expected
