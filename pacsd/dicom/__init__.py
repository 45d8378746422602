"""Floor 0, the words of the standard: what every other room speaks in.

Comes in: bytes and text as peers, files and people wrote them.
Goes out: judged words (UIDs, AE titles, tags), frozen records, or a refusal from `errors` that
names the field, the value and the rule.

    uid             Unique Identifiers, 2.25 ones; uid_layout: as names   PS3.5 sections 6.2, 9, B.2
    text, ae_title  peers' text, made safe for log lines; AE titles       PS3.5 table 6.2-1
    tag             Data Element Tags as plain ints                       PS3.5 sections 7.1.1, 7.8
    vr              Value Representations                                 PS3.5 sections 6.2, 7.1.2
    status          DIMSE status codes: names, categories, words          PS3.7 Annex C, PS3.4
    registry        SOP Classes and Transfer Syntaxes                     PS3.6 Annex A, PS3.4
    implementation  our Implementation Class UID and Version Name         PS3.7 section D.3.3.2
    part10          preamble, File Meta Information; file_head: in pieces PS3.10 section 7.1
    dictionary      VR, multiplicity and keyword of a tag                 PS3.6 section 6
    scan            elements outside sequences, as bytes arrive           PS3.5 section 7
    walk, headers   elements inside them too (nesting: how deep)          PS3.5 sections 7.1, 7.5
    header_stream   the header as bytes arrive; outline, data_end: behind PS3.5 section 7
    stored_header   a header as the index keeps it                        -
    private         private elements and their creators                   PS3.5 section 7.8
    reencode        by rewrite, header_writer, byte_order, explicit_vr    PS3.5 sections 7, A
    canonical       whether two data sets hold the same values            PS3.5 section 7
    inflate         deflated data sets within bounds                      PS3.5 section A.5
    charset         text in Specific Character Sets; code_elements        PS3.5 section 6.1
    values          by VR; value_check, value_rules, person_name          PS3.5 section 6.2
    frames          frame_table, _codec; fragments: encapsulated ones      PS3.5 sections 8, A.4
    dicomdir        read; dicomdir_writer, directory_maker, file_ids      PS3.3 annex F, PS3.10 8
    query, level    what is asked for: query_keys, identifier, answer      PS3.4 sections C.4, C.6
    commitment      asked for, and its result; availability told          PS3.4 annexes J, R
    matching        written_conditions, wildcard, name_matching, folding, sounds, moments   C.2.2.2
    data_set        with its sequences, read whole; level_attributes      PS3.5 section 7
    json_model      json_writer, _reader, _source; native_xml, xml_reader PS3.18 F, PS3.19 A.1
    corrector       on the way out; overlaid: to match; hop_marks: copies PS3.3 C.12.1.1
    quirks          what broke the standard and was read all the same     -

Who calls: every room. Imports nothing but the standard library: no asyncio, socket, time,
logging or random, no pydicom or pynetdicom. All functions are pure and none blocks.

`is_valid_...` is the standard's letter, `is_acceptable_...` what devices send and an archive must
take. Readers of data sets count quirks and raise only where structure ends. Nothing is re-exported.
"""
