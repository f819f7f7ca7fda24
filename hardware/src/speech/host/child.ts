/** Entry of the child process that holds one native recogniser. It ends with its parent. */
import { flushCompileCache } from "node:module";
import type { EngineSpec, SpeechEngine } from "../engine.ts";
import type { ToChild } from "./messages.ts";
import { EngineSession } from "./session.ts";

async function open(spec: EngineSpec): Promise<SpeechEngine> {
  // Imported by need: the child stays as small as its one engine.
  if (spec.engine === "vosk") {
    const { openVosk } = await import("../vosk/engine.ts");
    return openVosk(spec);
  }
  const { openPocketsphinx } = await import("../pocketsphinx/engine.ts");
  return openPocketsphinx(spec);
}

const session = new EngineSession(open, (message) => process.send?.(message));
let last: Promise<void> = Promise.resolve();
process.on("message", (message: ToChild) => {
  last = last.then(() => session.handle(message));
  // It is ended by a signal, and Node writes the cache only at an orderly end; without it, stripping types costs 18 MB.
  if (message.type === "load") void last.then(flushCompileCache);
});
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C reaches the whole process group; the parent decides when this one ends.
process.on("SIGINT", () => {});
