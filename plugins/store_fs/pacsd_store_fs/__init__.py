"""First-party plugin `store_fs`: stored objects as files below one directory.

    plugin     StoreFs, what the entry point names: life cycle and hook
    settings   the keys of [plugins.store_fs]
    root       the store's directory: identity marker, lock, refusals
    store      FileStore, the BlobStore: hops from the event loop to threads
    stage      one object being written
    commit     a group made durable
    numbers    the rising number an object gets
    layout     numbers <-> keys, which are paths below `objects`
    listing    the objects in order of their numbers
    state_log  what was decided about objects later
    reading    bytes and facts of one object
    health     failed flushes, and when the store goes read-only
    disk       the calls to the operating system
    workers    the threads these calls are made in

In: StageRequest and buffers. Out: Locations, once durable. Below the root:

    pacsd-store.json              format version and identity
    lock                          held while the daemon runs
    stage/                        objects being written; emptied at start
    state.log                     what was decided about objects later, a line each
    objects/1/000/000/00a/01f.dcm partition 1, number 0x00a01f: 4,096 numbers to a directory
"""

from pacsd_store_fs.plugin import StoreFs

__all__ = ["StoreFs"]
