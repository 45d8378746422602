"""The specifications of the hooks: where plugins take part, by what they are about.

    associations   who may open an association, and that it has ended
    access         who somebody is, and what somebody may do
    queries        what a query has found, before it is told
    receiving      an instance on its way in, before its pixel data
    removal        something is about to be deleted
    events         what has happened, told at least once
    jobs           what a plugin gave itself to do
    http           requests that plugins answer
    routing        where what has come shall go, and coerced how
    pixels         codecs, for what cannot leave as it is stored
    ai             what a model sees, finds and writes, and what runs it
    commands       what plugins add to `pacsd run`
    audit          what the audit trail says, and what was refused
    keys           secrets that plugins work with
    stores         where the bytes of stored objects lie
    life           the configuration was read again; how a plugin does

A specification is a function without a body. Its docstring says when it is called and by whom, what
may be answered, what several plugins mean and what an error does; `pacsd.api.hook_facts` beside it
declares kind, policy, deadline and the version that brought it. In: frozen records of pacsd.api.
Out: None, or an answer of the class declared. `pacsd.api.hooks` lists them all.
"""
