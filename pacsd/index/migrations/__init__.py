"""The database's versions, one module each, applied in order by `pacsd.index.versions`.

A module never changes once released and imports nothing of pacsd: it says what the database was.
"""
