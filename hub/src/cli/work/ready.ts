import type { Command } from "commander";
import { example, type Family, type Session } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { defined, type FilterFlags, filterOf, filterOptions } from "./filter-options.ts";
import { leaseOf } from "./values.ts";
import { BLOCKED, beadText, LISTED, type Shown } from "./views.ts";

interface ReadyFlags extends FilterFlags {
  readonly sort?: string;
  readonly explain?: boolean;
  readonly claim?: boolean;
  readonly as?: string;
  readonly lease?: string;
  readonly includeEphemeral?: boolean;
  readonly includeDeferred?: boolean;
}

interface Explained {
  readonly ready: readonly (Shown & { reason: string })[];
  readonly blocked: readonly Shown[];
  readonly cycles: readonly (readonly string[])[];
  readonly summary: { readonly total_ready: number; readonly total_blocked: number; readonly cycle_count: number };
}

/** `barnacle ready`, and the same as `barnacle bead ready`. */
export const readyFamily: Family = (program, open) => addReady(program, open);

export function addReady(parent: Command, open: (command: Command) => Session): void {
  const name = parent.parent ? "barnacle bead ready" : "barnacle ready";
  const command = filterOptions(
    parent.command("ready").description("work that can be started now: open, and nothing in its way"),
    "100",
  )
    .option("-s, --sort <order>", "priority (default), oldest or hybrid")
    .option("--explain", "also what is blocked, by what, and rings")
    .option("--claim", "claim the first of them")
    .option("--as <who>", "claim in this name")
    .option("--lease <length>", "the claim ends without a heartbeat for so long: 10m")
    .option("--include-ephemeral", "also ephemeral beads")
    .option("--include-deferred", "also those put off until later");
  example(command, `${name} --limit 5`, `${name} --explain`, `${name} --claim --as alice`).action(
    async (flags: ReadyFlags, command: Command) => {
      const session = open(command);
      const { out } = session;
      const door = new WorkDoor(session);
      const { sort, includeEphemeral, includeDeferred } = flags;
      const query = { ...filterOf(flags), ...defined({ sort, includeEphemeral, includeDeferred }) };
      if (flags.claim) {
        const claimed = await door.write<Shown | null>("claimNext", { ...query, ...leaseOf(flags) }, flags.as);
        if (out.json) out.line(JSON.stringify(claimed === null ? [] : [claimed]));
        else out.line(claimed === null ? "nothing is ready" : beadText(claimed, out.style));
        return;
      }
      if (!flags.explain) {
        out.list(await door.read<Shown[]>("ready", query), LISTED, "nothing is ready");
        return;
      }
      const explained = await door.read<Explained>("explain", query);
      out.print(explained, (style) => {
        const { summary } = explained;
        const ready = explained.ready.map((bead) => `  ${bead.id}  P${bead.priority}  ${bead.title}  (${bead.reason})`);
        const blocked = explained.blocked.map((bead) => `  ${BLOCKED.map((column) => column.value(bead)).join("  ")}`);
        const cycles = explained.cycles.map((ring) => `  ${ring.join(" → ")}`);
        return [
          ...[
            style.bold(`ready ${summary.total_ready}`),
            ...ready,
            style.bold(`blocked ${summary.total_blocked}`),
            ...blocked,
          ],
          ...(cycles.length > 0 ? [style.bold(`rings ${summary.cycle_count}`), ...cycles] : []),
        ].join("\n");
      });
    },
  );
}
