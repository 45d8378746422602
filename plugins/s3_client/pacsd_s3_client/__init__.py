"""What plugins that speak to S3-compatible servers share: the client, its settings, its faults.

No plugin: it has no entry point. `store_s3` keeps objects with it, `target_s3` sends to it.

    far          the bucket: the only module that knows the client library, obstore
    faults       what goes wrong with it, in words
    settings     where a bucket is and how it is spoken to
    credentials  keys from a file

In: names and bytes. Out: what the server says it has. Nothing is logged here, and no error holds
a URL, a header or a secret. Imported lazily: obstore is the extra `s3`.
"""
