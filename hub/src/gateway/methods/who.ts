import type { Principal } from "../../services.ts";

/** In whose name something is done: an agent's own, always; anybody else's may be named. */
export function whoActs({ kind, name, id }: Principal, actor: string | undefined): string {
  if (kind === "agent") return id;
  return actor ?? name ?? id;
}
