import type { TownCall, TownReading } from "../town/index.ts";
import { addressOf } from "./address.ts";
import { levelOf, levels } from "./levels.ts";
import { type NewNudge, nudgesFor } from "./nudges.ts";
import type { Level } from "./words.ts";

interface Of {
  readonly address: string;
}

export const READS = {
  list: ({ sql, now }: TownReading, { address }: Of) => nudgesFor(sql, addressOf(address), now()),
  level: ({ sql }: TownReading, { address }: Of) => ({
    address: addressOf(address),
    level: levelOf(sql, addressOf(address)),
  }),
  levels: ({ sql }: TownReading, _: object) => levels(sql),
};

/** Beside a stopped hub nobody runs, so what is sent is kept until somebody does. */
export const WRITES = {
  nudge: { alone: true, run: ({ town, who }: TownCall, nudge: NewNudge) => town.nudges.nudge(who, nudge) },
  broadcast: {
    alone: false,
    run: ({ town, who }: TownCall, nudge: Omit<NewNudge, "to"> & { rig?: string; role?: string; to?: string }) =>
      town.nudges.broadcast(who, nudge),
  },
  take: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { address }: Partial<Of>) =>
      town.nudges.take(principal?.kind === "agent" ? who : (address ?? who)),
  },
  dnd: {
    alone: true,
    run: async ({ town, who, principal }: TownCall, { address = who, on }: Partial<Of> & { readonly on: boolean }) => {
      const of = principal?.kind === "agent" ? who : address;
      return { address: addressOf(of), level: await town.nudges.dnd(of, on) };
    },
  },
  notify: {
    alone: true,
    run: async (
      { town, who, principal }: TownCall,
      { address = who, level }: Partial<Of> & { readonly level: Level },
    ) => {
      const of = principal?.kind === "agent" ? who : address;
      return { address: addressOf(of), level: await town.nudges.setLevel(of, level) };
    },
  },
};
