import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import { NodeWanted, WantedProblem, WantedRevision } from "@barnacle/protocol/node-config";
import type { Log } from "@barnacle/protocol/runtime";
import { validator } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";

/** What a node knows of the configuration that its hub wants. */
const Kept = Type.Object({
  /** In force since it was proven; absent: the node's own file alone. */
  current: Type.Optional(NodeWanted),
  /** Being tried: it becomes current once the hub was reached with it. */
  trial: Type.Optional(Type.Object({ wanted: NodeWanted, starts: Type.Integer({ minimum: 0 }) })),
  refused: Type.Optional(Type.Object({ revision: WantedRevision, problems: Type.Array(WantedProblem) })),
});
export type Kept = Static<typeof Kept>;

const check = validator(Kept);

/** `wanted.json` in the state directory: read before anything else of the node, and replaced as a whole. */
export class WantedFile {
  readonly #file: string;
  readonly #log: Log;

  constructor(stateDir: string, log: Log) {
    this.#file = path.join(stateDir, "wanted.json");
    this.#log = log;
  }

  /** What cannot be read is as good as nothing: the hub sends it again. */
  read(): Kept {
    if (!existsSync(this.#file)) return {};
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#file, "utf8"));
      if (check.check(kept)) return kept;
      this.#log.warn(
        { file: this.#file },
        "what the hub wanted is not in a known form; the node's own file holds alone",
      );
    } catch (error) {
      this.#log.warn({ file: this.#file, reason: messageOf(error) }, "what the hub wanted cannot be read");
    }
    return {};
  }

  /** On disk when it returns, whatever ends the node. @throws when the disk does not take it */
  write(kept: Kept): void {
    const next = `${this.#file}.next`;
    const handle = openSync(next, "w", 0o600);
    try {
      writeSync(handle, JSON.stringify(kept));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(next, this.#file);
    const directory = openSync(path.dirname(this.#file), "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}
