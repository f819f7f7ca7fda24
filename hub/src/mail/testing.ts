import { Events, silentLog } from "@barnacle/protocol/runtime";
import type { Test } from "tap";
import { testBeads } from "../beads/testing.ts";
import { StoredInbox } from "../inbox/index.ts";
import type { Store } from "../store/index.ts";
import type { TownChange, TownEvents, TownHub } from "../town/part.ts";
import { Mail } from "./mail.ts";
import { type Deliver, type Nudgeable, Nudges } from "./nudges.ts";

/** Agents that a test puts to rest and to life. */
export class FakeAgents implements Deliver {
  readonly states = new Map<string, Nudgeable["state"]>();
  readonly delivered: { to: string; text: string; kind: string; id: string }[] = [];
  broken = false;

  agents(): readonly Nudgeable[] {
    return [...this.states].map(([address, state]) => {
      const parts = address.split("/");
      const role = parts[1] === "polecats" ? "polecat" : (parts[1] ?? "mayor");
      return { address, state, role, rig: parts.length > 1 && parts[1] !== "" ? parts[0] : undefined };
    });
  }

  async deliver(to: string, text: string, kind: "nudge" | "mail", id: string): Promise<boolean> {
    if (this.broken) return false;
    this.delivered.push({ to, text, kind, id });
    return true;
  }
}

/** Mail and nudges on a store of their own, with a real inbox. */
export async function testMail(t: Test, options: { store?: Store } = {}) {
  const base = await testBeads(t, options);
  const { beads, store, clock, random } = base;
  const agents = new FakeAgents();
  const events = new Events<TownEvents>();
  const told: TownChange[] = [];
  events.on("changed", (change) => told.push(change));
  const inbox = new StoredInbox({ store, clock, random });
  const shared = { store, beads, clock, random, log: silentLog, events, hub: { inbox } as unknown as TownHub };
  const nudges = new Nudges({ ...shared, deliver: agents });
  const mail = new Mail({
    ...shared,
    ports: {
      addresses: () => agents.agents().map(({ address }) => address),
      tell: (to, from, text, urgent) =>
        nudges.nudge(from, { to, text, kind: "mail", ifRunning: true, mode: urgent ? "immediate" : "wait-idle" }),
    },
  });
  await nudges.start();
  await mail.start();
  t.teardown(async () => {
    await mail.stop();
    await nudges.stop();
  });
  const reading = { sql: store, reads: beads.reads, now: () => clock.now(), stateDir: store.stateDir };
  /** An agent's state is another: nudges hear of it as in a town. */
  const become = (address: string, state: Nudgeable["state"]) => {
    agents.states.set(address, state);
    events.emit("changed", { noun: "workers", id: address, kind: "state", at: clock.now() });
  };
  return { ...base, shared, agents, events, told, inbox, nudges, mail, reading, become };
}

/** Lets what is in flight come to its end, without any clock. */
export async function settled(rounds = 15): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
