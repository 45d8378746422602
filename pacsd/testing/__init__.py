"""The plugin author's kit; ships in the wheel, nothing in pacsd imports it.

blob_store_contract   the contract suite every BlobStore passes
gate_contract         those of plugins that decide about associations and instances
route_contract        those of routing rules, and of what they route to
auth_contract         those of plugins that say who somebody is and what somebody may do
ai_contract           that of plugins with models; ai_runner_contract: that of what runs them,
                      transcoder_contract: that of codecs
fake_runner           FakeRunner, which runs none and finds what a test says
hook_call             call_hook: one hook of one plugin, asked as the daemon would
hook_records          what hooks are asked about, made with a field or two
object_home           ObjectHome: any object that implements hooks, as a plugin that runs
hook_recorder         HookRecorder, a plugin that writes down each call of every hook
fake_host             a Host that keeps what is logged, with a clock that stands still;
                      memory_keeping, memory_instances: what it gives, from memory
host_contract         what every Host does
daemon                a real `pacsd serve` with a configuration, on loopback
fixtures              `daemon` and `host` as fixtures of pytest
objects               small data sets, series and studies, made from keywords and values
memory_store          MemoryStore, a BlobStore in memory that fails when told to
memory_register       MemoryRegister, an index in memory, for tests of ingest

In: whatever a test needs to say. Out: pytest's own outcomes. It needs pytest and pytest-asyncio,
which pacsd itself does not.
"""
