import type { AlertView, WitnessStatus } from "../../witness/operations.ts";
import type { Style } from "../output.ts";
import type { Family, Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

const ALERTS: readonly TableColumn<AlertView>[] = [
  { title: "at", value: ({ at }) => at },
  { title: "rig", value: ({ rig }) => rig },
  { title: "kind", value: ({ kind }) => kind, paint: (text, _, style) => style.yellow(text) },
  { title: "what", value: ({ text }) => text },
];

/** `barnacle witness`: who watches the workers of a rig. */
export const witnessFamily: Family = (program, open) => {
  const parent = program
    .command("witness")
    .description("watches workers: silent, stuck, dead, crash loops; nudges, gives work to others, tells people");
  named(parent, "status [rig]", "whether it runs, what is wrong now", "barnacle witness status barn").action(
    async (rig: string | undefined, _flags: object, command) => {
      const session = open(command);
      show(session, await new WorkDoor(session).read<WitnessStatus[]>("witness.status", defined({ rig })));
    },
  );
  named(parent, "alerts [rig]", "what it told of, newest first", "barnacle witness alerts --limit 10")
    .option("-n, --limit <n>", "at most so many", "50")
    .action(async (rig: string | undefined, { limit }: { limit: string }, command) => {
      const session = open(command);
      const alerts = await new WorkDoor(session).read<AlertView[]>("witness.alerts", {
        ...defined({ rig }),
        limit: Number(limit),
      });
      session.out.list(alerts, ALERTS, "no alerts");
    });
  for (const [name, description] of [
    ["start", "watches a rig, or all of them; kept over restarts"],
    ["stop", "watches it no more, until start"],
    ["patrol", "looks now"],
  ] as const) {
    named(parent, `${name} [rig]`, description, `barnacle witness ${name} barn`)
      .option("--as <who>", "in this name")
      .action(async (rig: string | undefined, { as }: { as?: string }, command) => {
        const session = open(command);
        show(session, await new WorkDoor(session).write<WitnessStatus[]>(`witness.${name}`, defined({ rig }), as));
      });
  }
};

function show(session: Session, list: readonly WitnessStatus[]): void {
  session.out.print(list, (style) =>
    list.length === 0 ? "no rigs: barnacle rig add" : list.map((one) => textOf(one, style)).join("\n"),
  );
}

function textOf({ rig, state, stopped_by, troubles, last_report }: WitnessStatus, style: Style): string {
  const head = `${style.bold(rig)}  ${state === "running" ? style.green("watched") : style.yellow(`stopped by ${stopped_by}`)}`;
  const report = last_report
    ? [`  workers ${last_report.workers}, working ${last_report.working}, idle ${last_report.idle} (${last_report.at})`]
    : [];
  const wrong = troubles.map(
    ({ text, since, alerts }) => `  ${style.red("!")} ${text} (since ${since}, told ${alerts}×)`,
  );
  return [head, ...report, ...wrong].join("\n");
}
