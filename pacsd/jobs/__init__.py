"""Durable work: jobs are run, events of the archive delivered, quiet series and studies noticed.

    outcomes        what a handler of jobs is, and what it answers
    workers         runs jobs: so many at once, of each queue so many, with leases and deadlines
    attempts        one attempt at a job: its deadline, its end
    backoff         how long a job waits after an attempt that failed
    stopping        an end with a grace, and waits that end with it

    consumer        who takes events
    event_feed      brings events to one, from the change log; what fails becomes a job
    event_delivery  a feed for each, however they come and go
    event_making    an event of a change; as a job's payload
    log_reading     where a consumer of the change log goes on
    quiet_timers    appends to the change log that a series or study is quiet; at once,
                    if it has as many instances as it says: expected_counts, count_products

    routing         asks plugins where what an event is about shall go; routed_kinds: which
                    events they look at; route_trials: where something would go
    orders          what a route becomes
    deliveries      makes deliveries: instances are sent to their target until all are there, and,
                    if its terms say so, it has said that it keeps them: confirmation
    target_terms    when and how fast that may be; target_gates, target_hours, target_pauses
                    hold it up
    inference       asks plugins with models about studies that are quiet; model_runs: has
                    runners run these

    commitments     storage commitment: taken, judged, reported; commitment_keeping: its jobs

    job_forgetting  forgets jobs that ended long ago
    observer        whom all of it tells what happens

In: the index, whose change log and job queues this room reads and moves on; handlers, consumers and
targets that `app` hands in. Out: calls of these, at least once each whatever process dies, and what
the observer is told. Nothing polls: whoever waits is woken by a commit, or when something is due.
"""
