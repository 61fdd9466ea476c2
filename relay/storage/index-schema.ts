/** The tables of `dht_index.sqlite`, as a list of migrations: the database's version is how many it has had. */

const CHUNKS = `
CREATE TABLE chunks (
  id TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  verifier TEXT,
  body_hash TEXT,
  stored_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('stored', 'unverified'))
) STRICT, WITHOUT ROWID;
CREATE INDEX unverified_chunks ON chunks (id) WHERE state = 'unverified';
CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1), chunks INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (1, 0, 0);
CREATE TRIGGER count_insert AFTER INSERT ON chunks BEGIN
  UPDATE totals SET chunks = chunks + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER count_delete AFTER DELETE ON chunks BEGIN
  UPDATE totals SET chunks = chunks - 1, bytes = bytes - OLD.size;
END;
CREATE TRIGGER count_resize AFTER UPDATE OF size ON chunks BEGIN
  UPDATE totals SET bytes = bytes + NEW.size - OLD.size;
END;
`;

/**
 * What the swarm keeps besides chunks. Times are Unix ms and only ever say how long something is kept: none authorises a
 * deletion of a chunk.
 */
const SWARM = `
CREATE TABLE tombstones (
  id TEXT PRIMARY KEY,
  body_hash TEXT NOT NULL,
  token TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  -- Whoever brought it, for quotas: a relay id, or 'client'. NULL: the chunk was held here, and no quota counts.
  source TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_age ON tombstones (received_at);
CREATE INDEX tombstones_by_source ON tombstones (source) WHERE source IS NOT NULL;

-- Held since before an absence longer than tombstones are kept: not served until a peer says that it holds them too.
CREATE TABLE doubtful_chunks (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Atomic records: the highest sequence number of a signer wins.
CREATE TABLE atomic_records (
  key TEXT PRIMARY KEY,
  public_key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  value TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries of append-only lists. A removal outlives its entry: then value and signature are NULL. It may also come before the
-- entry (seen = 0): until that shows who signed it, several signers may claim to remove it.
CREATE TABLE list_entries (
  list TEXT NOT NULL,
  id TEXT NOT NULL,
  public_key TEXT NOT NULL,
  value TEXT,
  signature TEXT,
  removal TEXT,
  seen INTEGER NOT NULL,
  PRIMARY KEY (list, id, public_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_entries_by_signer ON list_entries (list, public_key);

-- Who holds a chunk that lies elsewhere than its placement says. Hints: whoever asks verifies.
CREATE TABLE providers (
  chunk TEXT NOT NULL,
  relay TEXT NOT NULL,
  PRIMARY KEY (chunk, relay)
) STRICT, WITHOUT ROWID;
CREATE INDEX providers_by_relay ON providers (relay);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** The relay that brought a row, for quotas; NULL: from before this was noted. */
const RECORD_SOURCES = `
ALTER TABLE atomic_records ADD COLUMN source TEXT;
ALTER TABLE list_entries ADD COLUMN source TEXT;
CREATE INDEX atomic_records_by_source ON atomic_records (source);
CREATE INDEX list_entries_by_source ON list_entries (source);
`;

export const MIGRATIONS: readonly string[] = [CHUNKS, SWARM, RECORD_SOURCES];
