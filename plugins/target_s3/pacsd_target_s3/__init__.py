"""First-party plugin `target_s3`: buckets that studies are routed to, as files.

    plugin    TargetS3, what the entry point names, and its hook
    settings  the keys of [plugins.target_s3]
    bucket    Bucket, the port RouteTarget for one of them
    sending   one file put, and looked at before it counts
    run       what becomes of the instances of one delivery

In: facts of instances, and their files from the Host. Out: objects (PS3.10 section 7) in a bucket
of an S3-compatible server; pacsd_s3_client speaks to it.
"""

from pacsd_target_s3.plugin import TargetS3

__all__ = ["TargetS3"]
