/**
 * Appends audit records as fast as it can and prints the number of each once it is acknowledged, until it is killed.
 * Argument: the state directory.
 */
import { silentLog, systemClock } from "@barnacle/protocol/runtime";
import { Store } from "../store/index.ts";
import { AuditTrail } from "./trail.ts";

const store = new Store({ stateDir: process.argv[2] ?? "", clock: systemClock, log: silentLog });
await store.start();
const trail = new AuditTrail({ store, clock: systemClock, log: silentLog });

async function writer(id: string): Promise<never> {
  for (;;) {
    const { seq } = await trail.append({
      kind: "outcome",
      principal: { kind: "system", id },
      subject: "kill",
      data: { text: "x".repeat(150) },
    });
    process.stdout.write(`${seq}\n`);
  }
}

await Promise.all(["a", "b", "c"].map(writer));
