"""DICOMweb: studies found, retrieved and stored over HTTP (PS3.18 section 10).

    resources.py         what is served, and by which service
    desk.py              each request to who answers it, each fault to its status;
                         request_places.py how many at once, guard.py who may
    exchange.py          one request, and how answers to it are written; cors.py pages elsewhere;
                         gzip_coding.py those in JSON and XML; long_work.py off the event loop
    searching.py         QIDO-RS; search_query.py its query, as C-FIND would ask it
    selection.py         the instances of a resource; known_instances.py as long as nothing changes
    instances.py         WADO-RS: DICOM files, part10.py each of them, transcoded.py by a codec
    zipping.py           the same in a ZIP, with a DICOMDIR
    metadata.py          their attributes; xml.py as the Native DICOM Model
    frames.py, bulk.py   pixels and values by themselves; pixel_media_types.py what frames are,
                         transcoded_frames.py by a codec
    payload.py           answers of one part or several, boundaries.py between them; in_pieces.py
                         short ones; tags.py whether a client has them
    storing.py           STOW-RS; entering.py the way into ingest, store_report.py what became of it
    storing_metadata.py  metadata and bulk data; bulk_parts.py who waits for it, spooling.py where,
                         bulk_syntax.py what compressed pixels are stored as
    changes.py           what happened, waited for or as server-sent events
    deleting.py          DELETE; trail.py who retrieved what
    operations.py        what each service takes and answers; described_values.py the schemas of it
    describing.py        that table as openapi.py and wadl.py write it, and page.py to try it
    listener_desk.py     who may ask what stands beside it: plugin_desk.py plugin_routes.py, and
                         job_desk.py job_operations.py; openapi_beside.py describes both
    settings.py          [dicomweb]

In: requests below /dicomweb, from `net.http`. Out: answers, streamed. The grammar of all this is in
`pacsd.dicomweb`, what is found and read in `pacsd.archive`; both know nothing of HTTP.
"""
