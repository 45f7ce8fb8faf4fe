-- Scopes on their way to this tablet as a whole: what was offered, and the pieces that have come.

CREATE TABLE snapshot (
    scope_id VARCHAR NOT NULL,
    epoch VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    PRIMARY KEY (scope_id)
);

CREATE TABLE snapshot_piece (
    scope_id VARCHAR NOT NULL,
    start INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (scope_id, start)
);
