import type { JsonObject } from "@barnacle/protocol/schema";
import type { RunStatus, SessionKind, SessionRecord, TranscriptMessage } from "../services.ts";
import type { Row } from "../store/index.ts";

export function toSession(row: Row): SessionRecord {
  return {
    key: String(row.session_key),
    agentId: String(row.agent_id),
    sessionId: String(row.session_id),
    kind: String(row.kind) as SessionKind,
    createdVia: String(row.created_via),
    settings: JSON.parse(String(row.settings)) as JsonObject,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    lastSeq: Number(row.last_seq),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    totalTokens: Number(row.total_tokens),
    ...texts(row, { label: "label", display_name: "displayName", title: "title", preview: "preview" }),
    ...texts(row, { provider: "provider", model: "model", run_id: "runId", run_error: "runError" }),
    ...(row.run_status === null ? {} : { runStatus: String(row.run_status) as RunStatus }),
    ...numbers(row, { interaction_at: "interactionAt", read_at: "readAt", unread_at: "unreadAt" }),
    ...numbers(row, { pinned_at: "pinnedAt", archived_at: "archivedAt" }),
  };
}

export function toMessage(row: Row): TranscriptMessage {
  return {
    id: String(row.message_id),
    seq: Number(row.seq),
    sessionId: String(row.session_id),
    ...(row.run_id === null ? {} : { runId: String(row.run_id) }),
    role: String(row.role) as TranscriptMessage["role"],
    message: JSON.parse(String(row.message)) as JsonObject,
    at: Number(row.at),
  };
}

function texts<T extends string>(row: Row, names: Readonly<Record<string, T>>): { [K in T]?: string } {
  const found: { [K in T]?: string } = {};
  for (const [column, name] of Object.entries(names)) if (row[column] !== null) found[name] = String(row[column]);
  return found;
}

function numbers<T extends string>(row: Row, names: Readonly<Record<string, T>>): { [K in T]?: number } {
  const found: { [K in T]?: number } = {};
  for (const [column, name] of Object.entries(names)) if (row[column] !== null) found[name] = Number(row[column]);
  return found;
}
