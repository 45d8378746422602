from pacsd.api.errors import HookError, PluginError, StoreError, StoreFault


def test_a_store_error_tells_fault_and_explanation() -> None:
    error = StoreError(StoreFault.NO_SPACE, "write: ENOSPC")
    assert str(error) == "no space left: write: ENOSPC"


def test_every_fault_fits_an_error_comment() -> None:
    assert all(len(f"Not stored: {fault}") <= 64 for fault in StoreFault)


def test_a_hook_error_names_plugin_and_hook() -> None:
    error = HookError("acme", "pacsd_x", "raised KeyError")
    assert isinstance(error, PluginError)
    assert str(error) == "plugin acme: pacsd_x: raised KeyError"
