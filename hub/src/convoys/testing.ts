import { Events, type FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { Beads, BeadWriter, NewBead } from "../beads/index.ts";
import { testBeads } from "../beads/testing.ts";
import { postMail } from "../mail/index.ts";
import type { Store } from "../store/index.ts";
import type { TownChange, TownEvents } from "../town/part.ts";
import { Convoys, type ConvoysOptions } from "./convoys.ts";
import type { SlingOrder } from "./ports.ts";

export interface TestConvoys {
  readonly convoys: Convoys;
  readonly beads: Beads;
  readonly store: Store;
  readonly clock: FakeClock;
  /** What was told. */
  readonly told: TownChange[];
  readonly nudged: { readonly to: string; readonly text: string }[];
  /** What was handed out by `slinger`, which hooks beads on `ben` until `room` is used up. */
  readonly slung: SlingOrder[];
  readonly hands: { room: number; refuses: Set<string>; dead: Set<string> };
  add(bead?: Partial<NewBead>): Promise<string>;
  write<T>(change: (writer: BeadWriter) => T): Promise<T>;
  /** Closes a bead and waits until the convoys have seen it. */
  close(bead: string, reason?: string): Promise<void>;
  /** Mail of type notification: addressee and subject. */
  mail(): string[];
}

/** Convoys on a store of their own. */
export async function testConvoys(
  t: { teardown(fn: () => unknown): void },
  options: Partial<ConvoysOptions> & { store?: Store; start?: boolean } = {},
): Promise<TestConvoys> {
  const { store: given, start = true, ...ports } = options;
  const { beads, store, clock, random, add } = await testBeads(t, given === undefined ? {} : { store: given });
  const events = new Events<TownEvents>();
  const told: TownChange[] = [];
  events.on("changed", (change) => told.push(change));
  const nudged: { to: string; text: string }[] = [];
  const slung: SlingOrder[] = [];
  const hands = { room: Number.POSITIVE_INFINITY, refuses: new Set<string>(), dead: new Set<string>() };
  const write = <T>(change: (writer: BeadWriter) => T) => beads.write("anna", change);
  const convoys = new Convoys({
    ...{ store, beads, clock, random, log: silentLog, events, post: postMail },
    nudger: { nudge: async (_who, nudge) => nudged.push(nudge) },
    slinger: {
      async sling(_who, order) {
        if (hands.refuses.has(order.bead)) throw new TypeError("no room in the garden");
        if (hands.room <= 0) return undefined;
        hands.room--;
        slung.push(order);
        await write((writer) => writer.update(order.bead, { status: "hooked", assignee: "ben" }));
        return { agent: "ben" };
      },
    },
    workers: { alive: (address) => !hands.dead.has(address) },
    ...ports,
  });
  if (start) await convoys.start();
  t.teardown(() => convoys.stop());
  const close = async (bead: string, reason?: string) => {
    await write((writer) => writer.closing.close(bead, reason === undefined ? {} : { reason }));
    await convoys.settled();
  };
  const mail = () =>
    beads.reads
      .list({ type: "message", all: true, limit: 0, sortBy: "file" })
      .map(({ assignee, title }) => `${assignee}: ${title}`);
  return { ...{ convoys, beads, store, clock, told, nudged, slung, hands }, ...{ add, write, close, mail } };
}
