import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { ReadName, WriteName } from "../../beads/index.ts";
import type { Noun, View } from "../../town/nouns.ts";
import { defaultStateDir, stateDirCandidates } from "../places.ts";
import type { Session } from "../session.ts";
import { HubSocket } from "./socket.ts";

const LOCK_TRIES = 20;
const LOCK_WAIT_MS = 500;
const AWAY_TRIES = 120;
const AWAY_MS = 250;
const RETRY_MS = 50;
const CALL_MS = 120_000;

/** `list`: of beads; `convoys.list`: of another noun. */
type Asked = ReadName | `${Noun | View}.${string}`;
type Done = WriteName | "gates" | `${Noun}.${string}`;

/**
 * The way to the beads, and to the town that works on them.
 *
 * - An address that was given (`--url`, BARNACLE_URL): the gateway there, for everything.
 * - Reading: the state directory's database, opened for reading, whether a hub runs or not.
 * - Writing: the running hub, by its socket. Without one the database itself, under the lock that a hub would hold; a lock
 *   that another command holds for its moment is waited for.
 */
export class WorkDoor {
  readonly #session: Session;
  readonly stateDir: string;
  readonly #far: boolean;

  constructor(session: Session) {
    this.#session = session;
    const { options, io } = session;
    this.#far = Boolean(options.url ?? io.env.BARNACLE_URL);
    this.stateDir = options.stateDir ?? nearest(session);
  }

  async read<T>(name: Asked, params: object = {}): Promise<T> {
    if (this.#far) return this.#gateway(name, params);
    const { ReadOnlyFile } = await import("../../beads/reader.ts");
    const { READS, readingOf } = await import("../../beads/operations/reads.ts");
    const file = new ReadOnlyFile(this.stateDir);
    try {
      if (!file.hasBeads) {
        throw new BarnacleError("NOT_FOUND", `the store in ${this.stateDir} is from a version before beads`, {
          hint: "Start the hub once: it brings the store up to date.",
        });
      }
      const reading = readingOf(file, () => Date.now());
      if (name.includes(".")) {
        const { townRead } = await import("../../town/operations.ts");
        return (await (
          await townRead(name)
        )({ ...reading, stateDir: this.stateDir }, params)) as T;
      }
      const ask = READS[name as ReadName] as (reading: unknown, params: unknown) => unknown;
      return ask(reading, params) as T;
    } finally {
      file.close();
    }
  }

  /** In the name of `actor`, or of who runs the command. */
  async write<T>(name: Done, params: object, actor = this.#who()): Promise<T> {
    if (this.#far) return this.#gateway(name, { ...params, actor });
    const worker = this.#session.io.env.BARNACLE_AGENT_TOKEN !== undefined;
    for (let tries = 1; ; tries++) {
      const socket = await HubSocket.open(this.stateDir);
      if (socket) return this.#overSocket(socket, name, { ...params, actor });
      if (worker) {
        // What a worker may is for the hub to say; one that starts again is back in a moment.
        if (tries >= AWAY_TRIES) throw new BarnacleError("HUB_UNREACHABLE", `no hub runs with ${this.stateDir}`);
        await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
        continue;
      }
      try {
        return await this.#alone<T>(name, params, actor);
      } catch (error) {
        if (!hasCode(error, "STATE_LOCKED")) throw error;
        // A hub whose directory is too deep for a socket.
        if (existsSync(path.join(this.stateDir, "hub.json"))) return this.#gateway(name, { ...params, actor });
        if (tries >= LOCK_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random())));
      }
    }
  }

  async #overSocket<T>(socket: HubSocket, name: string, params: object): Promise<T> {
    try {
      const { result } = await socket.call<{ result: T }>(
        methodOf(name),
        params,
        this.#session.io.env.BARNACLE_AGENT_TOKEN,
      );
      return result;
    } finally {
      socket.close();
    }
  }

  async #gateway<T>(name: string, params: object): Promise<T> {
    return this.#session.hub(async (client) => {
      const { result } = await client.call<{ result: T }>(methodOf(name), params, CALL_MS);
      return result;
    });
  }

  async #alone<T>(name: Done, params: object, actor: string): Promise<T> {
    if (name.includes(".")) return this.#aloneInTown(name, params, actor);
    const { withLocalBeads } = await import("./alone.ts");
    return withLocalBeads(this.stateDir, LOCK_WAIT_MS, async (beads) => {
      if (name === "gates") return (await beads.checkGates((params as { dryRun?: boolean }).dryRun)) as T;
      const { WRITES } = await import("../../beads/operations/writes.ts");
      const change = WRITES[name as WriteName] as (writer: unknown, params: unknown) => unknown;
      return beads.write(actor, (writer) => change(writer, params)) as Promise<T>;
    });
  }

  async #aloneInTown<T>(name: string, params: object, who: string): Promise<T> {
    const { townWrite } = await import("../../town/operations.ts");
    const { alone, run } = await townWrite(name);
    if (!alone) {
      throw new BarnacleError("HUB_UNREACHABLE", `${name} needs a running hub, and none runs with ${this.stateDir}`, {
        hint: "Start it: barnacle hub, or systemctl start barnacle-hub",
      });
    }
    const { withLocalTown } = await import("./alone-town.ts");
    return withLocalTown(this.stateDir, LOCK_WAIT_MS, (town) => run({ town, who }, params) as Promise<T>);
  }

  /** Of the hub that runs with this state directory, as far as its notice says; undefined when it is gone. */
  hubPid(): number | undefined {
    try {
      const { pid } = JSON.parse(readFileSync(path.join(this.stateDir, "hub.json"), "utf8")) as { pid?: number };
      if (pid === undefined) return undefined;
      process.kill(pid, 0);
      return pid;
    } catch {
      return undefined;
    }
  }

  #who(): string {
    const { env } = this.#session.io;
    return env.BARNACLE_ACTOR || env.BD_ACTOR || env.BEADS_ACTOR || env.USER || "cli";
  }
}

function methodOf(name: string): string {
  return name.includes(".") ? name : `beads.${name}`;
}

/** The directory of a hub that runs, else of one that ran, else where one would. */
function nearest({ io }: Session): string {
  const candidates = stateDirCandidates(io);
  const holds = (name: string) => candidates.find((dir) => existsSync(path.join(dir, name)));
  return holds("hub.json") ?? holds("barnacle.db") ?? defaultStateDir(io);
}
