from pathlib import Path

from pacsd_target_s3 import TargetS3
from pacsd_target_s3.bucket import Bucket
from pacsd_target_s3.settings import TargetS3Settings

from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook


def plugin_with(tmp_path: Path, *names: str) -> TargetS3:
    endpoint = {"endpoint": "http://127.0.0.1:1"}
    targets = [{"name": each, "bucket": "pacsd", **endpoint} for each in names]
    return TargetS3(fake_host(tmp_path), TargetS3Settings.model_validate({"target": targets}))


async def test_a_bucket_is_given_by_its_name(tmp_path: Path) -> None:
    plugin = plugin_with(tmp_path, "a", "b")
    assert list(plugin.check()) == []
    assert isinstance(await call_hook(plugin, "pacsd_route_target", name="bucket:b"), Bucket)
    for other in ("bucket:c", "bucket:", "b", "folder:b"):
        assert await call_hook(plugin, "pacsd_route_target", name=other) is None


def test_what_of_the_settings_cannot_be_used_is_told(tmp_path: Path) -> None:
    assert plugin_with(tmp_path, "a", "a").check()
