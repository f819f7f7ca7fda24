/** A refinery in a process of its own: it merges what waits, or kills itself at one step of that. */
import { Events, silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import { Beads } from "../../hub/src/beads/index.ts";
import { postMail } from "../../hub/src/mail/index.ts";
import { Refinery } from "../../hub/src/refinery/index.ts";
import { rigPort, TestRig } from "../../hub/src/refinery/testing.ts";
import { Store } from "../../hub/src/store/index.ts";
import type { TownEvents } from "../../hub/src/town/part.ts";

const [stateDir = "", root = "", settings = "{}", deadly = ""] = process.argv.slice(2);

const shared = { clock: systemClock, log: silentLog, random: systemRandom };
const store = new Store({ ...shared, stateDir });
await store.start();
const beads = new Beads({ ...shared, store, events: new Events() });
await beads.start();
const refinery = new Refinery({
  ...{ ...shared, store, beads, events: new Events<TownEvents>(), env: process.env, post: postMail },
  rigs: rigPort(new TestRig(root, "garden", JSON.parse(settings))),
  step: (name) => {
    if (name === deadly) process.kill(process.pid, "SIGKILL");
  },
});
await refinery.start();
await refinery.settled();
await refinery.stop();
await beads.stop();
await store.stop();
