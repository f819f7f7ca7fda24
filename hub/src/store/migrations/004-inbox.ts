import type { Migration } from "../migrate.ts";

/** `seq` is the order of arrival: pages are cut by it, so arriving messages never shift a page. */
export const inbox: Migration = {
  number: 4,
  name: "inbox",
  sql: `
    CREATE TABLE messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      channel TEXT NOT NULL,
      account TEXT NOT NULL,
      external_id TEXT NOT NULL,
      direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
      sender TEXT NOT NULL,
      text TEXT NOT NULL,
      thread TEXT,
      room TEXT,
      turn_id TEXT,
      reply_to TEXT,
      at INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      metadata TEXT,
      read INTEGER NOT NULL,
      archived INTEGER NOT NULL,
      UNIQUE (channel, account, external_id)
    ) STRICT;
    CREATE INDEX messages_channel ON messages (channel, seq);
    CREATE INDEX messages_thread ON messages (thread, seq) WHERE thread IS NOT NULL;
    CREATE INDEX messages_unread ON messages (seq) WHERE read = 0 AND archived = 0;
    CREATE INDEX messages_archived ON messages (seq) WHERE archived = 1;
    CREATE VIRTUAL TABLE messages_text USING fts5 (
      text, sender, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER messages_text_insert AFTER INSERT ON messages BEGIN
      INSERT INTO messages_text (rowid, text, sender) VALUES (NEW.seq, NEW.text, NEW.sender);
    END;
    CREATE TRIGGER messages_text_delete AFTER DELETE ON messages BEGIN
      INSERT INTO messages_text (messages_text, rowid, text, sender) VALUES ('delete', OLD.seq, OLD.text, OLD.sender);
    END;
  `,
};
