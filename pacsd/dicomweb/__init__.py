"""The grammar of DICOMweb, without a server (PS3.18): what requests say, how answers are written.

In: the path, query, headers and payload of a request, as they came.
Out: frozen records (targets, parameters, choices, parts), the bytes around an answer's parts, or a
refusal from `errors` that names the field, the value and the rule, and has the status to answer.
Who calls: the routes of `net`; whoever retrieves or stores as a user agent.

    targets             paths <-> resources                              PS3.18 sections 10.1, 10.4
    query_string        the query component, decoded                     PS3.18 section 8.3.1
    attribute_names     tags and keywords, also of items                 PS3.18 section 8.3.4.1
    parameters          what a search asks for                           PS3.18 section 8.3.4
    required_attributes what an answer to it always tells                PS3.18 section 10.6.3.3
    media_types         as headers write them                            PS3.18 section 8.7
    accept              which representation a client gets               PS3.18 section 8.7.8
    content_codings     whether that is gzip-coded                       RFC 9110 section 12.5.3
    client_profile      what a client needs that others do not           -
    strictness          what is refused of those who want no tolerance   RFC 9110 section 5.6.6
    multipart           a payload of parts, read as its bytes arrive     PS3.18 section 8.6.1.2
    multipart_writer    what stands around parts that are sent           PS3.18 section 8.6.1.2
    zip_writer          what stands around the files of a ZIP            PS3.12 annex V
    search_request      a search that we ask of others                   PS3.18 section 10.6.1
    store_response      what others say of what we stored                PS3.18 annex I
    ranges, etags       parts of what is retrieved; what is known        RFC 9110 sections 13, 14
    change_parameters   where a reader of the change feed goes on        -
    delete_parameters   why something is deleted                         -
    event_stream        server-sent events, as they are written          WHATWG HTML section 9.2
    headers             values made of data, which split no header       -

Pure functions and one parser that is fed: no sockets, clocks, logs, hooks, nor chance. Nothing
here takes more than linear time or more memory than its bounds say, whoever wrote the request.
Modules are imported directly: this plate re-exports nothing.
"""
