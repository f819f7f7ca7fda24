import type { SessionQuery } from "../services.ts";

export interface SqlFilter {
  readonly where: string;
  readonly parameters: readonly (string | number)[];
}

/** A list query as SQL. Sessions whose id is put aside are left out unless asked for. */
export function filterOf(query: SessionQuery): SqlFilter {
  const terms: string[] = [];
  const parameters: (string | number)[] = [];
  const add = (term: string, ...values: (string | number)[]): void => {
    terms.push(term);
    parameters.push(...values);
  };
  if (query.agentId !== undefined) add("agent_id = ?", query.agentId.toLowerCase());
  if (query.label !== undefined) add("label = ?", query.label);
  if (query.spawnedBy !== undefined) add("json_extract(settings, '$.spawnedBy') = ?", query.spawnedBy);
  if (query.activeSince !== undefined) add("updated_at >= ?", query.activeSince);
  if (query.archived !== "all") add(query.archived === true ? "archived_at IS NOT NULL" : "archived_at IS NULL");
  if (query.includeGlobal === false) add("kind <> 'global'");
  if (query.includeUnknown === false) add("kind <> 'unknown'");
  const search = query.search?.trim().toLowerCase();
  if (search) {
    const fields = ["session_key", "session_id", "label", "display_name", "title", "preview"];
    const like = fields.map((field) => `lower(coalesce(${field}, '')) LIKE ? ESCAPE '\\'`).join(" OR ");
    const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
    add(`(${like})`, ...fields.map(() => pattern));
  }
  return { where: terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`, parameters };
}
