"""First-party plugin `store_s3`: objects in an S3-compatible store, spooled and cached here.

    plugin       StoreS3, what the entry point names: life cycle and hook
    settings     the keys of [plugins.store_s3]
    store        SpooledStore, the BlobStore
    parts        what it is made of, put together and kept running
    belonging    whose bucket and spool it is; the generation of the spool's keys
    keys         keys, and names in the bucket
    staging      objects being written, within the bound of what may wait
    catalogue    what there is and where it lies, in memory
    ledger       what the far store has, written down durably
    ledger_file  the file of that; entries: its lines
    scanning     the spool looked through at start
    line         whose turn it is to be uploaded; backoff: how long to wait after a failure
    upload       one object uploaded and looked at; uploading: all of them, behind
    removing     what was deleted, removed from the far store behind
    evicting     the cache kept within its bounds; cache, copies: fetched objects put into it
    fetching     objects read from the far store and verified; shared: one fetch for many who ask
    blocks       digests of objects and their blocks; ranges: what of an object is wanted
    listing      all objects in the order of their keys
    state_log    the spool's state log, mirrored; segments: its pieces in the far store

In: StageRequest and buffers. Out: Locations, once the spool (or the far store, too) has them
durably. In the bucket, which pacsd_s3_client speaks to: `pacsd-store.json`,
`objects/<generation>/<key in the spool>`, `blocks/...`, `generations/...`, `state-log/...`; in the
data directory `store_s3.json` and `store_s3.ledger`.
"""

from pacsd_store_s3.plugin import StoreS3

__all__ = ["StoreS3"]
