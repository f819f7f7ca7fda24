import { BarnacleError } from "@barnacle/protocol/errors";
import {
  type Json,
  number,
  type OldBead,
  type OldConvoy,
  type OldEvent,
  object,
  priorityOf,
  text,
  texts,
  time,
} from "./old.ts";
import type { KeptWords } from "./words.ts";

export type Old = OldBead | OldConvoy | OldEvent;

/**
 * Reads one record of an older layout by its members:
 * - the store's beads (`bead_type`), events (`event_id`) and convoys (`bead_ids` and an `id`), whose metadata carries the
 *   words of the layers above it;
 * - a workspace's beads (`bead_id`) and convoys (`convoy_id`), with times in seconds;
 * - the extension's convoys (`rig_id` and an `id`), which track no beads.
 * @throws INPUT_INVALID saying what is missing
 */
export function readOld(record: Json): Old {
  if (text(record.event_id) && text(record.bead_id)) return storeEvent(record);
  if (text(record.bead_type)) return storeBead(record);
  if (text(record.bead_id)) return workspaceBead(record);
  if (text(record.convoy_id)) return workspaceConvoy(record);
  if (text(record.id) && Array.isArray(record.bead_ids)) return storeConvoy(record);
  if (text(record.id) && text(record.rig_id) && text(record.title)) return extensionConvoy(record);
  if (text(record.issue_type)) {
    throw new BarnacleError("INPUT_INVALID", "a line of an issue file; take such files in with `barnacle bead import`");
  }
  const members = Object.keys(record).slice(0, 6).join(", ");
  throw new BarnacleError(
    "INPUT_INVALID",
    `no bead, convoy or event of a known layout: it has ${members || "nothing"}`,
  );
}

function storeBead(record: Json): OldBead {
  const metadata = object(record.metadata);
  return {
    ...{
      kind: "bead",
      id: need(record, "id"),
      title: need(record, "title"),
      description: text(record.description) ?? "",
    },
    words: words({ store: need(record, "status"), workspace: metadata.workspace_status }),
    ...{ type: need(record, "bead_type"), priority: priorityOf(record.priority), assignee: text(record.claimed_by) },
    ...{ parent: text(record.parent_id), dependsOn: texts(record.dependencies), labels: texts(record.tags) },
    convoy: text(metadata.convoy_id),
    times: timesOf(record, record.claimed_at),
    ...{ error: text(record.error_message), attempts: number(record.attempt_count) },
    ...{ maxAttempts: number(record.max_attempts), metadata, record },
  };
}

function workspaceBead(record: Json): OldBead {
  const id = need(record, "bead_id");
  return {
    ...{ kind: "bead", id, title: text(record.title) ?? id, description: text(record.description) ?? "" },
    words: words({ workspace: need(record, "status") }),
    ...{
      type: "task",
      priority: 2,
      assignee: text(record.assigned_agent),
      dependsOn: texts(record.depends_on),
      labels: [],
    },
    convoy: text(record.convoy_id),
    ...{ times: timesOf(record), error: text(record.error), metadata: object(record.metadata), record },
  };
}

function storeConvoy(record: Json): OldConvoy {
  const metadata = object(record.metadata);
  return {
    ...{
      kind: "convoy",
      id: need(record, "id"),
      title: need(record, "title"),
      description: text(record.description) ?? "",
    },
    words: words({
      ...{ store: need(record, "status"), workspace: metadata.workspace_status, extension: metadata.gastown_status },
    }),
    ...{ priority: priorityOf(record.priority), beads: texts(record.bead_ids), labels: texts(record.tags) },
    dependsOn: [...new Set([...texts(record.dependencies), ...texts(metadata.depends_on)])],
    parent: text(record.parent_id) ?? text(metadata.parent_convoy),
    times: timesOf(record),
    error: text(record.error_message) ?? text(metadata.error),
    ...{ metadata, record },
  };
}

function workspaceConvoy(record: Json): OldConvoy {
  const id = need(record, "convoy_id");
  const metadata = object(record.metadata);
  return {
    ...{ kind: "convoy", id, title: text(record.name) ?? id, description: text(record.description) ?? "" },
    words: words({ workspace: need(record, "status"), extension: metadata.gastown_status }),
    ...{ priority: 2, beads: texts(record.bead_ids), dependsOn: texts(metadata.depends_on), labels: [] },
    parent: text(metadata.parent_convoy),
    ...{ times: timesOf(record), error: text(record.error), metadata, record },
  };
}

function extensionConvoy(record: Json): OldConvoy {
  // More is more important there, and nothing said is 0.
  const important = number(record.priority) ?? 0;
  return {
    ...{
      kind: "convoy",
      id: need(record, "id"),
      title: need(record, "title"),
      description: text(record.description) ?? "",
    },
    words: words({ extension: need(record, "status") }),
    ...{ priority: important <= 0 ? 2 : important === 1 ? 1 : 0, beads: [], dependsOn: texts(record.depends_on) },
    ...{ parent: text(record.parent_convoy), labels: texts(record.tags), times: timesOf(record) },
    ...{ error: text(record.error), metadata: object(record.metadata), record },
  };
}

function storeEvent(record: Json): OldEvent {
  const at = time(record.timestamp);
  if (at === undefined) throw new BarnacleError("INPUT_INVALID", "timestamp: expected a time");
  return {
    ...{ kind: "event", id: need(record, "event_id"), bead: need(record, "bead_id"), at },
    ...{ what: text(record.event_type) ?? "changed", who: text(record.agent_id) ?? "" },
    ...{ from: text(record.old_status) ?? "", to: text(record.new_status) ?? "" },
  };
}

/** Those that are there, the most exact one last. */
function words(given: { store?: unknown; workspace?: unknown; extension?: unknown }): KeptWords {
  return Object.fromEntries(Object.entries(given).filter(([, word]) => text(word) !== undefined)) as KeptWords;
}

function timesOf(record: Json, started: unknown = record.started_at) {
  const created = time(record.created_at);
  if (created === undefined) throw new BarnacleError("INPUT_INVALID", "created_at: expected a time");
  const updated = time(record.updated_at) ?? created;
  return { created, updated, started: time(started), closed: time(record.completed_at) };
}

function need(record: Json, name: string): string {
  const value = text(record[name]);
  if (value !== undefined) return value;
  const found = JSON.stringify(record[name])?.slice(0, 40) ?? "nothing";
  throw new BarnacleError("INPUT_INVALID", `${name}: expected a text, found ${found}`);
}
