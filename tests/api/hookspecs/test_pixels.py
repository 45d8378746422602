import pytest

from pacsd.api.errors import HookError, NotProvided
from pacsd.app.isolation.specifications import specifications
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.unwrapping import Plugin


async def test_hook_pacsd_transcoder() -> None:
    plugin = Plugin()
    hooks = hooks_of(plugin)
    assert await hooks.transcoder(EXPLICIT_VR_LITTLE_ENDIAN) is plugin.transcoder
    with pytest.raises(NotProvided, match="no plugin provides"):
        await hooks.transcoder(IMPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(HookError, match="both provide"):
        await hooks_of(Plugin(), Plugin()).transcoder(EXPLICIT_VR_LITTLE_ENDIAN)


def test_it_gives_an_object_which_does_not_leave_a_process() -> None:
    assert specifications()["pacsd_transcoder"].why_not
