import { Events, silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import { Beads } from "../../beads/beads.ts";
import { Store } from "../../store/store.ts";

/**
 * The beads of a state directory whose hub is stopped, under the hub's lock, for the length of `use`. Their journal is
 * brought up to date, gates and claims are judged as a hub does at its start.
 * @throws STATE_LOCKED when somebody holds the lock for longer than `lockWaitMs`
 */
export async function withLocalBeads<T>(
  stateDir: string,
  lockWaitMs: number,
  use: (beads: Beads) => Promise<T>,
): Promise<T> {
  const shared = { clock: systemClock, log: silentLog };
  const store = new Store({ ...shared, stateDir, lockWaitMs, trusted: true });
  await store.start();
  try {
    const beads = new Beads({ ...shared, store, random: systemRandom, events: new Events() });
    await beads.start();
    try {
      return await use(beads);
    } finally {
      await beads.stop();
    }
  } finally {
    await store.stop();
  }
}
