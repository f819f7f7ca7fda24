import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Family, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { lineFor, type Shown } from "./views.ts";

interface HookView {
  readonly target: string;
  readonly role: string;
  readonly has_work: boolean;
  readonly pinned_bead?: Shown;
  readonly attached_at?: string;
  readonly attached_args?: string;
  readonly dispatched_by?: string;
  readonly convoy_id?: string;
  readonly queued?: readonly { readonly bead_id: string; readonly title: string }[];
  readonly next_action?: string;
}

interface HookRow {
  readonly agent: string;
  readonly bead_id: string;
  readonly title: string;
  readonly status: string;
  readonly attached_at: string;
}

const ROWS: readonly TableColumn<HookRow>[] = [
  { title: "agent", value: ({ agent }) => agent },
  { title: "bead", value: ({ bead_id }) => bead_id },
  { title: "status", value: ({ status }) => status },
  { title: "since", value: ({ attached_at }) => attached_at },
  { title: "title", value: ({ title }) => title },
];

/** `barnacle hook`: what hangs on whose hook. */
export const hookFamily: Family = (program, open) => {
  example(
    program
      .command("hook [agent]")
      .description("what hangs on an agent's hook (default: one's own, BARNACLE_ACTOR); --all: on everybody's")
      .option("--all", "of everybody"),
    "barnacle hook barn/toast",
    "barnacle hook --all --json",
  ).action(async (agent: string | undefined, flags: { all?: boolean }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    // `hook status` and `hook show <agent>` are said as well.
    const named = agent === "status" || agent === "show" ? undefined : agent;
    if (flags.all || (named === undefined && !self(session))) {
      session.out.list(await door.read<HookRow[]>("hooks.list"), ROWS, "nothing hangs on any hook");
      return;
    }
    const hook = await door.read<HookView>("hooks.show", { agent: named ?? self(session) });
    session.out.print(hook, (style) =>
      renderFields(
        [
          ["agent", `${hook.target} (${hook.role})`],
          ["work", hook.pinned_bead ? lineFor(hook.pinned_bead) : "none"],
          ["since", hook.attached_at],
          ["from", hook.dispatched_by],
          ["convoy", hook.convoy_id],
          ["said", hook.attached_args],
          ["then", hook.queued?.map(({ bead_id }) => bead_id).join(", ")],
          ["next", hook.next_action],
        ],
        style,
      ),
    );
  });
};

/** `barnacle prime`: what an agent has to know at its start. */
export const primeFamily: Family = (program, open) => {
  example(
    program.command("prime [agent]").description("who an agent is, what is on its hook and how it works here"),
    "barnacle prime",
    "barnacle prime barn/toast --json",
  ).action(async (agent: string | undefined, _flags: object, command: Command) => {
    const session = open(command);
    const who = agent ?? self(session);
    if (!who) throw new BarnacleError("USAGE", "expected an agent's address, as BARNACLE_ACTOR or an argument");
    const prime = await new WorkDoor(session).read<{ readonly text: string }>("hooks.prime", { agent: who });
    session.out.print(prime, () => prime.text);
  });
};

function self({ io: { env } }: Session): string | undefined {
  return env.BARNACLE_ACTOR || env.BD_ACTOR;
}
