import { Escalations } from "../escalations/index.ts";
import { type Deliver, Mail, Nudges } from "../mail/index.ts";
import type { TownBase } from "./part.ts";
import { settingsOf } from "./settings.ts";

/** What messages need of the agents there are. */
export interface MessageWays {
  readonly deliver: Deliver;
}

/** Mail, nudges and calls for help, joined with each other and with the agents. */
export function messageParts(base: TownBase, { deliver }: MessageWays) {
  const settings = settingsOf(base);
  const nudges = new Nudges({ ...base, deliver });
  const mail = new Mail({
    ...base,
    ports: {
      addresses: () => deliver.agents().map(({ address }) => address),
      tell: (to, from, text, urgent) =>
        nudges.nudge(from, { to, text, kind: "mail", ifRunning: true, mode: urgent ? "immediate" : "wait-idle" }),
    },
  });
  const escalations = new Escalations({
    ...{ ...base, settings: () => settings().escalation },
    notify() {
      const { notify } = settings().escalation;
      const say = base.hub?.say;
      return notify && say && ((text, key) => say({ ...notify, text, key }));
    },
  });
  return { mail, nudges, escalations };
}

/** Beside a stopped hub nobody runs. */
export const NOBODY: Deliver = { agents: () => [], deliver: async () => false };
