import { BarnacleError } from "@barnacle/protocol/errors";
import { systemClock, systemRandom } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import { findSupervisor } from "@barnacle/protocol/supervisor";
import { Agent } from "../agent.ts";
import { chooseStateDir, resolveConfig } from "../config/index.ts";
import { findHardware } from "../hardware/find.ts";
import { Wanted } from "../wanted/index.ts";
import { printEvents } from "./event-lines.ts";
import { LOG_LEVELS, type LogLevel, makeLog } from "./log.ts";
import { COMMON, noMoreArguments, parseFlags } from "./options.ts";
import { superviseNode } from "./service.ts";

const FLAGS = {
  ...COMMON,
  hub: { type: "string" },
  setup: { type: "string" },
  uplink: { type: "string" },
  token: { type: "string" },
  "setup-code": { type: "string" },
  name: { type: "string" },
  room: { type: "string" },
  events: { type: "boolean", default: false },
  "log-level": { type: "string", default: "info" },
} as const;

const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const FOREVER_MS = 2 ** 30;

/** Runs the node until a signal stops it. @throws USAGE, CONFIG_INVALID, and what `Agent.start` throws */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(args, FLAGS);
  noMoreArguments(positionals);
  const flags = {
    ...{ config: values.config, stateDir: values["state-dir"], hub: values.hub, setup: values.setup },
    ...{ uplink: values.uplink, token: values.token, name: values.name, room: values.room },
  };
  const log = makeLog(levelOf(values["log-level"]), process.stderr);
  const resolve = (over: JsonObject | undefined) => resolveConfig(flags, process.env, over);
  const wanted = new Wanted({
    stateDir: chooseStateDir(flags.stateDir, process.env),
    resolve,
    clock: systemClock,
    log,
  });
  const config = wanted.boot();
  const { promise: broken, resolve: broke } = Promise.withResolvers<string>();
  const agent = new Agent({
    ...{ config, wanted },
    leave: broke,
    setupCode: values["setup-code"],
    clock: systemClock,
    random: systemRandom,
    log,
    searchPath: () => process.env.PATH,
    find: findHardware,
  });
  const service = superviseNode(agent, findSupervisor({ env: process.env, pid: process.pid, clock: systemClock, log }));
  if (values.events) printEvents(agent.events, (line) => void process.stdout.write(line), Date.now);
  // Barnacle's timers never keep a process alive; a node that waits for its hub has nothing else that would.
  const alive = setInterval(() => {}, FOREVER_MS);
  const signal = nextSignal();
  try {
    await agent.start();
    const home = config.uplink ? { uplink: config.uplink.url } : { hub: config.hub };
    log.info({ name: config.name, ...home, stateDir: config.stateDir, file: config.file }, "node is up");
    service.ready();
    const end = await Promise.race([signal.then((name) => ({ signal: name })), broken.then((reason) => ({ reason }))]);
    log.info(end, "stopping");
    service.stopping();
    await agent.stop();
    return "reason" in end ? 1 : 0;
  } finally {
    clearInterval(alive);
  }
}

/** The first signal asks for a clean stop, the second one ends the process where it stands. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const name of STOP_SIGNALS) {
      process.on(name, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(name);
      });
    }
  });
}

/** @throws USAGE */
function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level) return level;
  throw new BarnacleError("USAGE", `--log-level ${text}: one of ${LOG_LEVELS.join(", ")} was expected`);
}
