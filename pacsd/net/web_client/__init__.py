"""DICOMweb of others: studies stored, found and retrieved over HTTP as user agent (PS3.18).

    service_root.py   which service is meant: the root of its URLs
    credentials.py    the bearer token we show, and whom we trust over TLS
    session.py        requests, one after another: redirects, servers that want us back later
    answer.py         one answer, read within bounds of bytes and time
    refusal.py        what a status means, in words; retry_after.py when to come back
    storing.py        STOW-RS: one request of several instances
    delivery.py       many instances, in requests of a bounded size; what fails, fails alone
    searching.py      QIDO-RS, page by page
    retrieving.py     WADO-RS: DICOM files, as they come
    errors.py         how all this can fail

In: instances to send, keys, targets; where received parts are to go. Out: what became of each.
The grammar is that of `pacsd.dicomweb`; `pacsd.net.web` is the other side. Whoever answers is not
trusted: nothing is read that has no bound, and a redirect to another host is never followed.
"""
