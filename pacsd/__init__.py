"""pacsd: a medical-image server (PACS / vendor-neutral archive).

The rooms, from the ground up; a room imports only from floors below its own (tests/house holds
the table):

    roof  app       CLI, configuration, wiring, signals, admin socket
    4     net       sockets: DIMSE associations in and out, the HTTP listener
    3     archive   use cases: ingest, checks, decisions, the index made anew
    3     index     what is stored and where it lies: the only room that knows SQL
    2     api       the contract with plugins: ports, records, hooks, settings
    1     dimse     DIMSE messages, sans-I/O
    1     dicomweb  the grammar of DICOMweb, I/O-free
    1     ul        DICOM Upper Layer, sans-I/O
    0     dicom     words of the standard
"""

__version__ = "0.1.0"
