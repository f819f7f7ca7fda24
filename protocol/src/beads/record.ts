/**
 * A bead as its line in an issue file has it, in both published shapes. Members that are not named here are kept as they
 * are. `parseLine` checks those that the store works with; plain types, because a short command loads them.
 */
export interface BeadRecord {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  readonly design?: string;
  readonly acceptance_criteria?: string;
  readonly notes?: string;
  readonly spec_id?: string;
  readonly status: string;
  /** 0 is the most urgent, 4 the least. */
  readonly priority: number;
  readonly issue_type: string;
  readonly assignee?: string;
  readonly owner?: string;
  readonly estimated_minutes?: number;
  /** RFC 3339, with up to nanoseconds and any zone, as all times here. */
  readonly created_at: string;
  readonly created_by?: string;
  readonly updated_at: string;
  readonly started_at?: string;
  /** Set if and only if the status is `closed`. */
  readonly closed_at?: string;
  readonly close_reason?: string;
  readonly closed_by_session?: string;
  readonly due_at?: string;
  readonly defer_until?: string;
  readonly external_ref?: string | null;
  readonly source_system?: string;
  readonly metadata?: unknown;
  readonly compaction_level?: number;
  readonly compacted_at?: string;
  readonly compacted_at_commit?: string;
  readonly original_size?: number;
  readonly labels?: readonly string[];
  readonly dependencies?: readonly BeadDependency[];
  readonly comments?: readonly BeadComment[];
  readonly sender?: string;
  readonly ephemeral?: boolean;
  /** Older word for `ephemeral`. */
  readonly wisp?: boolean;
  readonly no_history?: boolean;
  readonly wisp_type?: string;
  readonly pinned?: boolean;
  readonly is_template?: boolean;
  readonly bonded_from?: readonly unknown[];
  readonly await_type?: string;
  readonly await_id?: string;
  /** Nanoseconds. */
  readonly timeout?: number;
  readonly waiters?: readonly string[];
  readonly source_formula?: string;
  readonly source_location?: string;
  readonly mol_type?: string;
  readonly work_type?: string;
  readonly event_kind?: string;
  readonly actor?: string;
  readonly target?: string;
  readonly payload?: string;
  /** Only of a tombstone, as the three after it. */
  readonly deleted_at?: string;
  readonly deleted_by?: string;
  readonly delete_reason?: string;
  readonly original_type?: string;
  /** Claims that came to nothing. */
  readonly attempts?: number;
  readonly max_attempts?: number;
  /** A record that is not offered as work, whatever its type. */
  readonly not_work?: boolean;
  /** Computed, as the three after it; ignored on import. */
  readonly dependency_count?: number;
  readonly dependent_count?: number;
  readonly comment_count?: number;
  readonly parent?: string;
  readonly [more: string]: unknown;
}

/** `issue_id` depends on `depends_on_id`. */
export interface BeadDependency {
  readonly issue_id?: string;
  readonly depends_on_id: string;
  readonly type: string;
  readonly created_at?: string;
  readonly created_by?: string;
  readonly metadata?: unknown;
  readonly thread_id?: string;
}

export interface BeadComment {
  /** A number in old files, a UUID in newer ones. */
  readonly id?: number | string;
  readonly issue_id?: string;
  readonly author?: string;
  readonly text: string;
  readonly created_at?: string;
}
