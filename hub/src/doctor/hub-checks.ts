import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { toBarnacleError } from "@barnacle/protocol/errors";
import { readStatuses } from "@barnacle/protocol/uplink";
import { megabytes } from "../cli/format.ts";
import type { Io } from "../cli/io.ts";
import type { Check } from "./check.ts";

const NODE_MAJOR = 24;
const LOW_DISK_BYTES = 200 * 1024 * 1024;

export interface HubCheckOptions {
  readonly stateDir: string;
  readonly nodeVersion: string;
  readonly ports: { readonly gateway: number; readonly mqtt: number };
  /** Resolves with the address of a running hub, rejects with why there is none. */
  readonly findHub: (io: Io) => Promise<string>;
  readonly io: Io;
}

/** Whether a hub can run here, or runs already. */
export async function checkHub(options: HubCheckOptions): Promise<Check[]> {
  const running = await findRunning(options);
  const checks = [
    checkNode(options.nodeVersion),
    checkStateDir(options.stateDir),
    checkDisk(options.stateDir),
    running,
    ...checkUplinks(options.stateDir),
    ...(await checkWork(options.stateDir)),
    ...(await checkStop(options.stateDir)),
  ];
  if (running.state === "ok") return checks;
  return [
    ...checks,
    await checkPort("gateway port", options.ports.gateway, "--port"),
    await checkPort("mqtt port", options.ports.mqtt, "--mqtt-port"),
  ];
}

function checkNode(version: string): Check {
  const base = { area: "hub", name: "node.js" } as const;
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return { ...base, state: "ok", detail: version };
  const hint = "`npm run setup` installs it beside the project.";
  return { ...base, state: "bad", detail: `${version}; ${NODE_MAJOR} or newer is needed`, hint };
}

function checkStateDir(stateDir: string): Check {
  const base = { area: "hub", name: "state directory" } as const;
  const existing = nearestExisting(stateDir);
  if (!statSync(existing).isDirectory())
    return {
      ...base,
      state: "bad",
      detail: `${existing} is a file`,
      hint: "Move it, or choose another with --state-dir.",
    };
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    const detail = existsSync(stateDir) ? stateDir : `${stateDir} (will be made)`;
    return { ...base, state: "ok", detail };
  } catch {
    // Only whether it may be written is asked; the reason is always the permissions.
    const hint = "Choose another with --state-dir, or run as the user who owns it.";
    return { ...base, state: "bad", detail: `${stateDir} cannot be written`, hint };
  }
}

function checkDisk(stateDir: string): Check {
  const base = { area: "hub", name: "disk" } as const;
  const { bavail, bsize } = statfsSync(nearestExisting(stateDir));
  const free = bavail * bsize;
  const detail = `${megabytes(free)} free`;
  if (free >= LOW_DISK_BYTES) return { ...base, state: "ok", detail };
  return { ...base, state: "bad", detail, hint: `At least ${megabytes(LOW_DISK_BYTES)} are needed.` };
}

/** Whether what is ready agrees with a count from the beads' own lines. Nothing is said of a store without beads. */
async function checkWork(stateDir: string): Promise<Check[]> {
  const base = { area: "hub", name: "beads" } as const;
  if (!existsSync(path.join(stateDir, "barnacle.db"))) return [];
  const { checkBeads, ReadOnlyFile } = await import("../beads/index.ts");
  try {
    const file = new ReadOnlyFile(stateDir);
    try {
      const found = file.hasBeads ? checkBeads(file) : { beads: 0, ready: 0, blocked: 0, drift: [] };
      if (found.beads === 0) return [];
      const detail = `${found.beads}, ${found.ready} ready, ${found.blocked} blocked`;
      if (found.drift.length === 0) return [{ ...base, state: "ok", detail }];
      const hint = "Repair it: barnacle bead repair";
      return [{ ...base, state: "bad", detail: `columns differ from the lines: ${found.drift.join(", ")}`, hint }];
    } finally {
      file.close();
    }
  } catch (error) {
    const { message, hint } = toBarnacleError(error);
    return [{ ...base, state: "bad", detail: message, hint }];
  }
}

/** Nothing acts while an emergency stop holds, so nothing is well. */
async function checkStop(stateDir: string): Promise<Check[]> {
  if (!existsSync(path.join(stateDir, "barnacle.db"))) return [];
  const [{ ReadOnlyFile }, { stopOf }, { stopText }] = await Promise.all([
    import("../beads/reader.ts"),
    import("../estop/operations.ts"),
    import("../estop/text.ts"),
  ]);
  let file: InstanceType<typeof ReadOnlyFile> | undefined;
  try {
    file = new ReadOnlyFile(stateDir);
    const state = stopOf(file);
    if (!state.stopped) return [];
    const hint = "When it is safe to: barnacle thaw";
    return [{ area: "hub", name: "emergency stop", state: "bad", detail: stopText(state), hint }];
  } catch {
    // The check of the beads names what is wrong with the file.
    return [];
  } finally {
    file?.close();
  }
}

/** Gateways that this hub's nodes joined, each gate that somebody must open with the command that opens it. */
function checkUplinks(stateDir: string): Check[] {
  const root = path.join(stateDir, "uplink");
  const folders = existsSync(root) ? readdirSync(root) : [];
  return folders
    .flatMap((folder) => readStatuses(path.join(root, folder)))
    .map(({ name, gateway, state, reason, device, surface, operator }): Check => {
      const base = { area: "hub", name: `uplink ${name}` } as const;
      const gate = device ?? surface ?? operator;
      if (gate) {
        const detail = `waits to be approved at ${gateway}: ${gate.requestId ?? "see its list of requests"}`;
        return { ...base, state: "off", detail, hint: `There run: ${gate.command}` };
      }
      if (state === "online") return { ...base, state: "ok", detail: gateway };
      return { ...base, state: "off", detail: `${gateway}: ${reason ?? state}` };
    });
}

async function findRunning({ findHub, io }: HubCheckOptions): Promise<Check> {
  const base = { area: "hub", name: "running hub" } as const;
  try {
    return { ...base, state: "ok", detail: await findHub(io) };
  } catch (error) {
    const { message, hint } = toBarnacleError(error);
    return { ...base, state: "off", detail: message, hint };
  }
}

function checkPort(name: string, port: number, flag: string): Promise<Check> {
  const base = { area: "hub", name } as const;
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      resolve({
        ...base,
        state: "bad",
        detail: `${port}: ${error.code === "EADDRINUSE" ? "another program uses it" : error.message}`,
        hint: `Stop the other program, or choose a port with ${flag}.`,
      }),
    );
    server.listen(port, "127.0.0.1", () =>
      server.close(() => resolve({ ...base, state: "ok", detail: `${port} is free` })),
    );
  });
}

function nearestExisting(directory: string): string {
  for (let at = path.resolve(directory); ; at = path.dirname(at))
    if (existsSync(at) || at === path.dirname(at)) return at;
}
