-- The first store: records, people, accounts, outbox, cursors, drafts, the device, settings.

CREATE TABLE record (
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    hash VARCHAR NOT NULL,
    author_id VARCHAR NOT NULL,
    received_at VARCHAR,
    resident_id VARCHAR,
    household_id VARCHAR,
    subject_id VARCHAR,
    occurred_on DATE,
    recorded_at VARCHAR,
    body VARCHAR NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX record_by_household ON record (household_id, kind);

CREATE INDEX record_by_kind ON record (kind, occurred_on);

CREATE INDEX record_by_resident ON record (resident_id, kind, occurred_on);

CREATE INDEX record_by_scope ON record (scope_id, kind);

CREATE INDEX record_by_subject ON record (subject_id);

CREATE TABLE person (
    resident_id VARCHAR NOT NULL,
    household_id VARCHAR NOT NULL,
    village_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    pinyin VARCHAR NOT NULL,
    initials VARCHAR NOT NULL,
    sex VARCHAR NOT NULL,
    birth_date DATE NOT NULL,
    phone VARCHAR NOT NULL,
    id_tail VARCHAR NOT NULL,
    relation_to_head VARCHAR NOT NULL,
    tags VARCHAR NOT NULL,
    "left" VARCHAR,
    household_number VARCHAR NOT NULL,
    group_no VARCHAR NOT NULL,
    house_no VARCHAR NOT NULL,
    head_name VARCHAR NOT NULL,
    PRIMARY KEY (resident_id)
);

CREATE INDEX person_by_household ON person (household_id);

CREATE TABLE account (
    resident_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    policy_version VARCHAR NOT NULL,
    month_owed INTEGER NOT NULL,
    month_done INTEGER NOT NULL,
    dots VARCHAR NOT NULL,
    due VARCHAR NOT NULL,
    returned VARCHAR NOT NULL,
    figures VARCHAR NOT NULL,
    PRIMARY KEY (resident_id, as_of)
);

CREATE INDEX account_by_day ON account (as_of);

CREATE TABLE outbox (
    device_seq INTEGER NOT NULL,
    op_id VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    envelope VARCHAR NOT NULL,
    receipt VARCHAR,
    queued_at VARCHAR NOT NULL,
    sent_at VARCHAR,
    settled_at VARCHAR,
    PRIMARY KEY (device_seq),
    UNIQUE (op_id)
);

CREATE INDEX outbox_by_record ON outbox (record_id, device_seq);

CREATE INDEX outbox_by_state ON outbox (state, device_seq);

CREATE TABLE cursor (
    scope_id VARCHAR NOT NULL,
    epoch VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (scope_id)
);

CREATE TABLE draft (
    kind VARCHAR NOT NULL,
    subject_id VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    updated_at VARCHAR NOT NULL,
    PRIMARY KEY (kind, subject_id)
);

CREATE TABLE device (
    device_id VARCHAR NOT NULL,
    county_id VARCHAR NOT NULL,
    county_name VARCHAR NOT NULL,
    county_url VARCHAR NOT NULL,
    doctor_id VARCHAR NOT NULL,
    doctor_name VARCHAR NOT NULL,
    scopes VARCHAR NOT NULL,
    private_key BLOB NOT NULL,
    county_public_key VARCHAR NOT NULL,
    county_escrow_key VARCHAR NOT NULL,
    last_seq INTEGER NOT NULL,
    last_hash VARCHAR NOT NULL,
    last_clock VARCHAR NOT NULL,
    durable_seq INTEGER NOT NULL,
    enrolled_at VARCHAR NOT NULL,
    PRIMARY KEY (device_id)
);

CREATE TABLE setting (
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (name)
);
