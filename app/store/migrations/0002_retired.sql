-- Facts that have left the tablet by age: what the comparison with the county still needs of them.

CREATE TABLE retired (
    record_id VARCHAR NOT NULL,
    scope_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    PRIMARY KEY (record_id)
);

CREATE INDEX retired_by_scope ON retired (scope_id);
