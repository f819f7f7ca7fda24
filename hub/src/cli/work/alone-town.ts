import { Events, silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import { Beads } from "../../beads/beads.ts";
import { Store } from "../../store/store.ts";
import { Town } from "../../town/town.ts";

/**
 * The town of a state directory whose hub is stopped, under the hub's lock, for the length of `use`. It is not started: no
 * process, no timer.
 * @throws STATE_LOCKED when somebody holds the lock for longer than `lockWaitMs`
 */
export async function withLocalTown<T>(
  stateDir: string,
  lockWaitMs: number,
  use: (town: Town) => Promise<T>,
): Promise<T> {
  const shared = { clock: systemClock, log: silentLog, random: systemRandom };
  const store = new Store({ ...shared, stateDir, lockWaitMs, trusted: true });
  await store.start();
  try {
    const beads = new Beads({ ...shared, store, events: new Events() });
    await beads.start();
    try {
      return await use(new Town({ ...shared, store, beads, events: new Events() }));
    } finally {
      await beads.stop();
    }
  } finally {
    await store.stop();
  }
}
