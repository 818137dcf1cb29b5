-- Schema of one project's database. Times are microseconds since the epoch; JSON is TEXT.
-- A time holds as many digits as the API shows of it: whole milliseconds, but for when requests and ignored
-- events came to be. Rows of one moment stand in the order they were added, by `seq`, which SQLite keeps at the
-- end of every index.
-- Applied in one transaction to an empty database, at start and again by a reset.

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE sources (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT,
    type        TEXT NOT NULL,
    config      TEXT NOT NULL,              -- the whole object, auth and auth_type included
    disabled_at INTEGER,
    deleted_at  INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sources_name ON sources (name) WHERE deleted_at IS NULL;
CREATE INDEX sources_created ON sources (created_at);
CREATE INDEX sources_updated ON sources (updated_at);

CREATE TABLE destinations (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT,
    type        TEXT NOT NULL,
    config      TEXT NOT NULL,
    disabled_at INTEGER,
    deleted_at  INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX destinations_name ON destinations (name) WHERE deleted_at IS NULL;
CREATE INDEX destinations_created ON destinations (created_at);
CREATE INDEX destinations_updated ON destinations (updated_at);

CREATE TABLE connections (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    name           TEXT,
    description    TEXT,
    source_id      TEXT NOT NULL REFERENCES sources (id),
    destination_id TEXT NOT NULL REFERENCES destinations (id),
    rules          TEXT NOT NULL DEFAULT '[]',
    paused_at      INTEGER,
    disabled_at    INTEGER,
    deleted_at     INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX connections_name ON connections (source_id, name) WHERE deleted_at IS NULL;
CREATE INDEX connections_created ON connections (created_at);
CREATE INDEX connections_updated ON connections (updated_at);
CREATE INDEX connections_source ON connections (source_id, created_at);
CREATE INDEX connections_destination ON connections (destination_id, created_at);

CREATE TABLE payloads (
    id           TEXT PRIMARY KEY NOT NULL,
    method       TEXT NOT NULL,
    path         TEXT NOT NULL,             -- behind the source id, "" or starting with "/"
    query        TEXT NOT NULL,             -- raw, without "?"
    parsed_query TEXT NOT NULL,
    headers      TEXT NOT NULL,             -- object of lower-case name to value
    body         BLOB NOT NULL,             -- bytes as received
    is_large     INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    source_id        TEXT NOT NULL REFERENCES sources (id),
    payload_id       TEXT REFERENCES payloads (id),
    verified         INTEGER NOT NULL DEFAULT 0,
    rejection_cause  TEXT,
    ingested_at      INTEGER NOT NULL,
    events_count     INTEGER NOT NULL DEFAULT 0,
    cli_events_count INTEGER NOT NULL DEFAULT 0,
    ignored_count    INTEGER NOT NULL DEFAULT 0,
    bulk_retry_id    TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_created ON requests (created_at);
CREATE INDEX requests_ingested ON requests (ingested_at);
CREATE INDEX requests_source ON requests (source_id, created_at);
CREATE INDEX requests_rejected ON requests (rejection_cause, created_at) WHERE rejection_cause IS NOT NULL;

CREATE TABLE events (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    connection_id    TEXT NOT NULL REFERENCES connections (id),
    source_id        TEXT NOT NULL REFERENCES sources (id),
    destination_id   TEXT NOT NULL REFERENCES destinations (id),
    request_id       TEXT NOT NULL REFERENCES requests (id),
    payload_id       TEXT NOT NULL REFERENCES payloads (id),
    status           TEXT NOT NULL
        CHECK (status IN ('SCHEDULED', 'QUEUED', 'HOLD', 'SUCCESSFUL', 'FAILED', 'CANCELLED')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    last_attempt_at  INTEGER,
    next_attempt_at  INTEGER,               -- what the API shows; the schedule is due_at
    response_status  INTEGER,
    error_code       TEXT,
    successful_at    INTEGER,
    cli_id           TEXT,
    delivery_group   TEXT,
    bulk_retry_id    TEXT,
    -- The schedule: the moment of the next attempt, null when none is owed.
    due_at           INTEGER,
    due_trigger      TEXT,
    -- Counts the retries somebody asked for, so that one asked for during an attempt is not lost.
    due_version      INTEGER NOT NULL DEFAULT 0,
    -- The attempt a manual retry has put aside; it comes back after the manual one.
    kept_due_at      INTEGER,
    kept_due_trigger TEXT,
    -- Until when the attempt waits for a terminal to come back, if it does.
    client_awaited_until INTEGER,
    -- How many attempts the retry rule itself has scheduled, which is what its count limits.
    automatic_count  INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX events_created ON events (created_at);
CREATE INDEX events_connection ON events (connection_id, created_at);
CREATE INDEX events_source ON events (source_id, created_at);
CREATE INDEX events_destination ON events (destination_id, created_at);
CREATE INDEX events_status ON events (status, created_at);
CREATE INDEX events_request ON events (request_id, created_at);
CREATE INDEX events_payload ON events (payload_id, created_at);
-- Every owed attempt is in exactly one of these two: ready for its destination, or waiting for its moment.
CREATE INDEX events_ready ON events (destination_id, delivery_group, due_at) WHERE due_at IS NOT NULL AND status = 'QUEUED';
CREATE INDEX events_waiting ON events (due_at) WHERE due_at IS NOT NULL AND status <> 'QUEUED';

CREATE TABLE ignored_events (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    request_id    TEXT NOT NULL REFERENCES requests (id),
    connection_id TEXT NOT NULL REFERENCES connections (id),
    cause         TEXT NOT NULL,
    meta          TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX ignored_events_request ON ignored_events (request_id, id);
CREATE INDEX ignored_events_request_created ON ignored_events (request_id, created_at);
CREATE INDEX ignored_events_connection ON ignored_events (connection_id, created_at);
CREATE INDEX ignored_events_cause ON ignored_events (cause, created_at);

CREATE TABLE attempts (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    event_id         TEXT NOT NULL REFERENCES events (id),
    connection_id    TEXT NOT NULL REFERENCES connections (id),
    destination_id   TEXT NOT NULL REFERENCES destinations (id),
    attempt_number   INTEGER NOT NULL,
    "trigger"        TEXT NOT NULL,
    status           TEXT NOT NULL,
    response_status  INTEGER,
    error_code       TEXT,
    body             TEXT,
    requested_url    TEXT,
    http_method      TEXT,
    bulk_retry_id    TEXT,
    successful_at    INTEGER,
    delivered_at     INTEGER,
    responded_at     INTEGER,
    delivery_latency INTEGER,               -- milliseconds
    response_latency INTEGER,               -- milliseconds
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (event_id, attempt_number)
) STRICT;
CREATE INDEX attempts_created ON attempts (created_at);
CREATE INDEX attempts_event ON attempts (event_id, created_at);

CREATE TABLE transformations (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL UNIQUE,
    code       TEXT,                        -- null: named by a rule before it was written
    env        TEXT NOT NULL,               -- object of strings
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX transformations_created ON transformations (created_at);
CREATE INDEX transformations_updated ON transformations (updated_at);

-- Runs of a transformation by a rule. They outlive the transformation, because metrics count them.
CREATE TABLE executions (
    seq                    INTEGER PRIMARY KEY,
    id                     TEXT NOT NULL UNIQUE,
    transformation_id      TEXT NOT NULL,
    connection_id          TEXT NOT NULL REFERENCES connections (id),
    payload_id             TEXT NOT NULL REFERENCES payloads (id),
    transformed_payload_id TEXT REFERENCES payloads (id),
    log_level              TEXT NOT NULL,
    logs                   TEXT NOT NULL,   -- list of {type, message}
    issue_id               TEXT,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL
) STRICT;
CREATE INDEX executions_transformation ON executions (transformation_id, created_at);
CREATE INDEX executions_created ON executions (created_at);
CREATE INDEX executions_issue ON executions (issue_id) WHERE issue_id IS NOT NULL;

CREATE TABLE issue_triggers (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT,
    type        TEXT NOT NULL,
    configs     TEXT NOT NULL,
    channels    TEXT,
    disabled_at INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX issue_triggers_name ON issue_triggers (name);
CREATE INDEX issue_triggers_created ON issue_triggers (created_at);

CREATE TABLE issues (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    trigger_id       TEXT NOT NULL REFERENCES issue_triggers (id),
    type             TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('OPENED', 'ACKNOWLEDGED', 'RESOLVED', 'IGNORED')),
    aggregation_keys TEXT NOT NULL,         -- object of lists, members in a fixed order
    reference        TEXT NOT NULL,
    opened_at        INTEGER NOT NULL,
    first_seen_at    INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    dismissed_at     INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX issues_aggregation ON issues (type, aggregation_keys);
CREATE INDEX issues_created ON issues (created_at);
CREATE INDEX issues_trigger ON issues (trigger_id);

-- Which events failed in the way an issue is about.
CREATE TABLE issue_events (
    issue_id TEXT NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL REFERENCES events (id),
    PRIMARY KEY (issue_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX issue_events_event ON issue_events (event_id);

CREATE TABLE bookmarks (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    payload_id    TEXT NOT NULL REFERENCES payloads (id),
    label         TEXT NOT NULL,
    name          TEXT,
    last_used_at  INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX bookmarks_created ON bookmarks (created_at);

CREATE TABLE bulk_jobs (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    query           TEXT NOT NULL,          -- object, members sorted by name
    estimated_batch INTEGER NOT NULL,
    estimated_count INTEGER NOT NULL,
    processed_batch INTEGER NOT NULL DEFAULT 0,
    completed_count INTEGER NOT NULL DEFAULT 0,
    failed_count    INTEGER,
    -- The schedule: the moment of the next batch, null when the job is done or cancelled.
    due_at          INTEGER,
    completed_at    INTEGER,
    cancelled_at    INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX bulk_jobs_created ON bulk_jobs (kind, created_at);
CREATE INDEX bulk_jobs_due ON bulk_jobs (due_at) WHERE due_at IS NOT NULL;

-- What a job has still to work off, in order. A row goes when its entry is dealt with.
CREATE TABLE bulk_items (
    job_id   TEXT NOT NULL REFERENCES bulk_jobs (id),
    position INTEGER NOT NULL,
    item_id  TEXT NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

-- Sessions of the command-line client. Connected are those with a `connected_at` and no `dropped_at`.
CREATE TABLE cli_sessions (
    id           TEXT PRIMARY KEY NOT NULL,
    client_id    TEXT NOT NULL,             -- the client whose session it is; it may have several
    filters      TEXT NOT NULL,             -- object of filters by part of the request
    epoch        INTEGER NOT NULL DEFAULT 0, -- counts its sockets, so that a late end is told from the newest one's
    connected_at INTEGER,
    dropped_at   INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE cli_session_connections (
    connection_id TEXT NOT NULL REFERENCES connections (id),
    session_id    TEXT NOT NULL REFERENCES cli_sessions (id) ON DELETE CASCADE,
    PRIMARY KEY (connection_id, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cli_session_connections_session ON cli_session_connections (session_id);

-- The devices that signed in with the command-line client.
CREATE TABLE cli_clients (
    id          TEXT PRIMARY KEY NOT NULL,
    device_name TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE integrations (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    label      TEXT NOT NULL,
    provider   TEXT NOT NULL,
    configs    TEXT NOT NULL,
    features   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX integrations_created ON integrations (created_at);

CREATE TABLE integration_sources (
    source_id      TEXT PRIMARY KEY NOT NULL REFERENCES sources (id),
    integration_id TEXT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX integration_sources_integration ON integration_sources (integration_id);

-- One row: the organization the project belongs to.
CREATE TABLE organization (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The projects of the organization; the one with the id in meta is that of this database.
CREATE TABLE projects (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    private    INTEGER NOT NULL DEFAULT 0,
    settings   TEXT NOT NULL,               -- headers_prefix, notification_methods, webhook_topics, ...
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE custom_domains (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    hostname   TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX custom_domains_project ON custom_domains (project_id, created_at);

CREATE TABLE api_keys (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    label       TEXT NOT NULL,
    team_id     TEXT REFERENCES projects (id) ON DELETE CASCADE,
    scopes      TEXT NOT NULL,
    grants      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- The secrets of a key, as digests: its own, and for a while the one before it was rolled.
CREATE TABLE api_key_secrets (
    digest     TEXT PRIMARY KEY NOT NULL,
    key_id     TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_secrets_key ON api_key_secrets (key_id);

-- What deduplicate rules remember: a digest of what counts, of which request, until when.
CREATE TABLE seen_requests (
    connection_id TEXT NOT NULL REFERENCES connections (id),
    digest        TEXT NOT NULL,
    request_id    TEXT NOT NULL REFERENCES requests (id),
    until         INTEGER NOT NULL,
    PRIMARY KEY (connection_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_requests_until ON seen_requests (until);
