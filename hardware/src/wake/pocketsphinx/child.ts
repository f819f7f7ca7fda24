/** Entry of the process that holds the spotter. It ends with its parent. */
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { FromSpotter, ToSpotter } from "./messages.ts";
import { Spotter } from "./spotter.ts";

let spotter: Spotter | undefined;
let last: Promise<void> = Promise.resolve();

async function handle(message: ToSpotter): Promise<FromSpotter | undefined> {
  try {
    if (message.kind === "open") {
      spotter = await Spotter.open(message.phrases, message.threshold);
      return { kind: "done" };
    }
    if (!spotter) throw new BarnacleError("HARDWARE_UNAVAILABLE", "the pocketsphinx spotter is not open");
    if (message.kind === "feed") return { kind: "done", phrase: spotter.feed(message.samples) };
    spotter.reset();
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
