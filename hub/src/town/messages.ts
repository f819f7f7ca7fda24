import { type Deliver, Mail, Nudges } from "../mail/index.ts";
import type { TownBase } from "./part.ts";

/** What messages need of the agents there are. */
export interface MessageWays {
  readonly deliver: Deliver;
}

/** Mail and nudges, joined with each other and with the agents. */
export function messageParts(base: TownBase, { deliver }: MessageWays) {
  const nudges = new Nudges({ ...base, deliver });
  const mail = new Mail({
    ...base,
    ports: {
      addresses: () => deliver.agents().map(({ address }) => address),
      tell: (to, from, text, urgent) =>
        nudges.nudge(from, { to, text, kind: "mail", ifRunning: true, mode: urgent ? "immediate" : "wait-idle" }),
    },
  });
  return { mail, nudges };
}

/** Beside a stopped hub nobody runs. */
export const NOBODY: Deliver = { agents: () => [], deliver: async () => false };
