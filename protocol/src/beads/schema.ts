import { type Static, Type } from "@sinclair/typebox";

const Text = Type.Optional(Type.String());
const Flag = Type.Optional(Type.Boolean());
const Count = Type.Optional(Type.Integer({ minimum: 0 }));
const Time = Type.String({ description: "RFC 3339, up to nanoseconds, any zone" });
const Texts = Type.Optional(Type.Array(Type.String()));

export const BeadDependencySchema = Type.Object(
  {
    issue_id: Text,
    depends_on_id: Type.String(),
    type: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: "default: blocks" })),
    created_at: Type.Optional(Time),
    created_by: Text,
    metadata: Type.Optional(Type.Unknown()),
    thread_id: Text,
  },
  { additionalProperties: true },
);

export const BeadCommentSchema = Type.Object(
  {
    id: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
    issue_id: Text,
    author: Text,
    text: Type.String(),
    created_at: Type.Optional(Time),
  },
  { additionalProperties: true },
);

/**
 * A line of an issue file that is a bead, in both published shapes; members that are not named are allowed and kept. For who
 * reads or writes such files; the store itself checks what it works with by `parseLine`, which a short command can afford.
 */
export const BeadRecordSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ description: "made by the store when it is missing" })),
    title: Type.String({ description: "at most 500 characters where it is given by hand" }),
    ...{ description: Text, design: Text, acceptance_criteria: Text, notes: Text, spec_id: Text },
    status: Type.Optional(Type.String({ description: "default: open" })),
    priority: Type.Optional(Type.Integer({ description: "0 (most urgent) to 4; missing: 0" })),
    issue_type: Type.Optional(Type.String({ description: "default: task" })),
    ...{ assignee: Text, owner: Text, estimated_minutes: Count },
    ...{ created_at: Type.Optional(Time), created_by: Text, updated_at: Type.Optional(Time) },
    ...{ started_at: Type.Optional(Time), closed_at: Type.Optional(Time), close_reason: Text, closed_by_session: Text },
    ...{ due_at: Type.Optional(Time), defer_until: Type.Optional(Time) },
    external_ref: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    source_system: Text,
    metadata: Type.Optional(Type.Unknown()),
    ...{ compaction_level: Count, compacted_at: Type.Optional(Time), compacted_at_commit: Text, original_size: Count },
    labels: Texts,
    dependencies: Type.Optional(Type.Array(BeadDependencySchema)),
    comments: Type.Optional(Type.Array(BeadCommentSchema)),
    ...{
      sender: Text,
      ephemeral: Flag,
      wisp: Flag,
      no_history: Flag,
      wisp_type: Text,
      pinned: Flag,
      is_template: Flag,
    },
    bonded_from: Type.Optional(Type.Array(Type.Unknown())),
    ...{ await_type: Text, await_id: Text, waiters: Texts },
    timeout: Type.Optional(Type.Integer({ description: "nanoseconds" })),
    ...{ source_formula: Text, source_location: Text, mol_type: Text, work_type: Text },
    ...{ event_kind: Text, actor: Text, target: Text, payload: Text },
    ...{ deleted_at: Type.Optional(Time), deleted_by: Text, delete_reason: Text, original_type: Text },
    ...{ attempts: Count, max_attempts: Count, not_work: Flag },
    ...{ dependency_count: Count, dependent_count: Count, comment_count: Count, parent: Text },
    ...{ agent_state: Text, hook_bead: Text, role_bead: Text, rig: Text, last_activity: Text },
  },
  { additionalProperties: true, title: "bead" },
);

export type BeadLine = Static<typeof BeadRecordSchema>;
