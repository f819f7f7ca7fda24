/** Entry of the process that listens. It ends with its parent. */
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { Listener } from "./listener.ts";
import type { FromSpotter, ToSpotter } from "./messages.ts";

let listener: Listener | undefined;
let last: Promise<void> = Promise.resolve();

async function handle(message: ToSpotter): Promise<FromSpotter | undefined> {
  try {
    if (message.kind === "open") {
      listener = await Listener.open(message.phrases);
      return { kind: "done" };
    }
    if (!listener) throw new BarnacleError("HARDWARE_UNAVAILABLE", "pocketsphinx is not open");
    if (message.kind === "feed") return { kind: "done", phrase: listener.feed(message.samples) };
    listener.reset();
    return undefined;
  } catch (error) {
    return { kind: "failed", error: toBarnacleError(error, "HARDWARE_UNAVAILABLE").toShape() };
  }
}

process.on("message", (message: ToSpotter) => {
  last = last.then(async () => {
    const answer = await handle(message);
    if (answer) process.send?.(answer);
  });
});
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C reaches the whole process group; the parent decides when this one ends.
process.on("SIGINT", () => {});
