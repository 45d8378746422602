"""What has to be so of a subject, as rules and pipelines say it in TOML.

    terms       the keys of a table, and what they ask for together
    criteria    what may have to hold: attributes, AE titles, labels, size, time of day
    known       the values of a subject, from the index or the header

In: an EventSubject. Out: yes, no, or that the header is needed to tell. Nothing of it is executed:
attributes match as the keys of a C-FIND do (PS3.4 section C.2.2.2). Called by `jobs` and by
plugins that have rules of their own.
"""
