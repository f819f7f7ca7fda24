import { existsSync } from "node:fs";
import { loadConfig } from "@barnacle/protocol/config";
import { messageOf } from "@barnacle/protocol/errors";
import { type Log, systemClock } from "@barnacle/protocol/runtime";
import { findSupervisor, type Supervisor } from "@barnacle/protocol/supervisor";
import { defaultConfigFile, HubConfig } from "../config/index.ts";
import type { HubOptions, RunningHub } from "../hub.ts";
import type { Io } from "./io.ts";

export interface HubRunsOptions extends Omit<HubOptions, "config" | "log" | "restart"> {
  readonly io: Io;
  readonly stopped: Promise<void>;
  /** Once, when the first hub serves. */
  readonly ready: (hub: RunningHub) => void;
}

/**
 * Runs a hub until `stopped`, and again whenever it asks for a restart: within this process, so that it works under any
 * supervisor and under none. A port that was picked freely stays the same.
 */
export async function runHubs(options: HubRunsOptions): Promise<void> {
  const { io, stopped, ready, ...wanted } = options;
  const [{ startHub }, { hubLog }] = await Promise.all([import("../hub.ts"), import("./log.ts")]);
  let config = loadConfig(HubConfig, fileOf(options));
  let ports: Ports = { port: wanted.port, mqttPort: wanted.mqttPort, mqttTlsPort: wanted.mqttTlsPort };
  const supervisor = supervisorFor(io, hubLog(config.log.level, io));
  for (let first = true; ; first = false) {
    const log = hubLog(config.log.level, io);
    const restart = Promise.withResolvers<"restart">();
    const configFile = fileOf(options);
    const hub = await startHub({
      ...wanted,
      ...ports,
      config,
      configFile,
      log,
      restart: () => restart.resolve("restart"),
    });
    if (first) ready(hub);
    supervisor.ready(`gateway ${hub.gatewayUrl}, mqtt ${hub.mqttUrl}`);
    if (first) supervisor.watch();
    ports = {
      port: keptPort(wanted.port, hub.gatewayUrl),
      mqttPort: keptPort(wanted.mqttPort, hub.mqttUrl),
      mqttTlsPort: (wanted.mqttTlsPort ?? wanted.mqttPort) === 0 ? hub.mqttTlsPort : wanted.mqttTlsPort,
    };
    const why = await Promise.race([stopped, restart.promise]);
    if (why === "restart") supervisor.status("restarting with a changed configuration");
    else supervisor.stopping("stopping");
    await hub.stop();
    if (why !== "restart") return;
    try {
      config = loadConfig(HubConfig, fileOf(options));
    } catch (error) {
      log.error({ problem: messageOf(error) }, "the configuration cannot be used; the hub goes on with what it had");
    }
  }
}

function supervisorFor(io: Io, log: Log): Supervisor {
  return findSupervisor({ env: io.env, pid: process.pid, clock: systemClock, log });
}

type Ports = Pick<HubOptions, "port" | "mqttPort" | "mqttTlsPort">;

/** The file that was named, else the state directory's own once there is one. */
function fileOf({ configFile, stateDir }: HubRunsOptions): string | undefined {
  const own = defaultConfigFile(stateDir);
  return configFile ?? (existsSync(own) ? own : undefined);
}

function keptPort(wanted: number | undefined, url: string): number | undefined {
  return wanted === 0 ? Number(new URL(url).port) : wanted;
}
