"""The plugin author's kit; ships in the wheel, nothing in pacsd imports it.

blob_store_contract   the contract suite every BlobStore passes
objects               small data sets, made from keywords and values
memory_store          MemoryStore, a BlobStore in memory that fails when told to
memory_register       MemoryRegister, an index in memory, for tests of ingest
"""
