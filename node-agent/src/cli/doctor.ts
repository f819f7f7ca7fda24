import path from "node:path";
import { createBoardMonitor } from "@barnacle/hardware/board";
import { endpointInfos } from "@barnacle/hardware/endpoint";
import { gpioInfos } from "@barnacle/hardware/gpio";
import { hidInfos } from "@barnacle/hardware/hid";
import { microphoneInfos } from "@barnacle/hardware/microphone";
import { recogniserInfos } from "@barnacle/hardware/speech";
import { voiceInfos } from "@barnacle/hardware/voice";
import { wakeEngineInfos } from "@barnacle/hardware/wake";
import { readStatuses } from "@barnacle/protocol/uplink";
import { resolveConfig } from "../config/index.ts";
import { wakeOptions } from "../hardware/wake-options.ts";
import { probeStateDir } from "../state/index.ts";
import { AGENT_VERSION } from "../version.ts";
import { COMMON, noMoreArguments, parseFlags } from "./options.ts";

/** Gateways that this node joined, each gate that somebody must open with the command that opens it. */
function uplinks(stateDir: string): Info[] {
  return readStatuses(path.join(stateDir, "uplink")).map((status) => {
    const { gateway, state, device, surface, operator, reason, unknownWakeWords = [] } = status;
    const gates = [device, surface, operator].flatMap((gate) => (gate ? [gate] : []));
    const waiting = gates.map(({ requestId, command }) => `${requestId ?? "a request"} waits: ${command}`);
    const deaf =
      unknownWakeWords.length > 0 ? ` (its wake words without an engine here: ${unknownWakeWords.join(", ")})` : "";
    const problems = [...waiting, ...(state === "online" ? [] : [`${state}${reason ? `: ${reason}` : ""}`])];
    return {
      name: `${gateway}${deaf}`,
      availability: {
        available: problems.length === 0,
        ...(problems.length === 0 ? {} : { reason: problems.join("; ") }),
      },
    };
  });
}

/** The common shape of what drivers and engines tell of themselves. */
interface Info {
  readonly engine?: string;
  readonly driver?: string;
  readonly name?: string;
  readonly profiles?: readonly string[];
  readonly availability: {
    readonly available: boolean;
    readonly detail?: string;
    readonly reason?: string;
    readonly hint?: string;
  };
  /** Pins. */
  readonly lines?: readonly { line: string; available: boolean; reason: string }[];
  readonly models?: readonly { name: string; file: string; present: boolean; licence: string; note?: string }[];
}

/** What of the hardware and engines can be used here. Opens no device; always exit status 0 when it could look. */
export async function doctor(args: readonly string[], write: (text: string) => void): Promise<number> {
  const { values, positionals } = parseFlags(args, COMMON);
  noMoreArguments(positionals);
  const config = resolveConfig({ config: values.config, stateDir: values["state-dir"] }, process.env);
  const { modelDirectory } = config.wake;
  const { engine, library, model } = config.speech;
  const report = {
    agentVersion: AGENT_VERSION,
    nodeVersion: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    board: await createBoardMonitor().model(),
    config: config.file ?? null,
    stateDir: config.stateDir,
    storage: [{ name: "state directory", availability: probeStateDir(config.stateDir) }],
    microphone: await microphoneInfos(),
    wake: wakeEngineInfos(wakeOptions(config)),
    endpoint: endpointInfos(modelDirectory),
    speech: await recogniserInfos(engine === "none" ? {} : { [engine]: { library, model } }),
    voice: await voiceInfos(),
    gpio: await gpioInfos(config.gpio.chip, config.gpio.lines),
    hid: await hidInfos(),
    uplink: uplinks(config.stateDir),
  };
  if (values.json) write(`${JSON.stringify(report)}\n`);
  else write(asText(report));
  return 0;
}

function asText(report: Record<string, unknown>): string {
  const lines: string[] = [];
  for (const [part, value] of Object.entries(report)) {
    if (!Array.isArray(value)) lines.push(`${part.padEnd(13)} ${value ?? "none"}`);
    else {
      lines.push("", part);
      for (const info of value as Info[]) lines.push(...infoLines(info));
    }
  }
  return `${lines.join("\n")}\n`;
}

function infoLines({
  engine,
  driver,
  name: called,
  availability,
  models = [],
  profiles = [],
  lines = [],
}: Info): string[] {
  const name = (engine ?? driver ?? called ?? "").padEnd(18);
  const head = availability.available
    ? `  yes  ${name} ${availability.detail ?? ""}`
    : `  no   ${name} ${availability.reason ?? ""}`;
  const hint = availability.available || !availability.hint ? [] : [`       ${"".padEnd(18)} ${availability.hint}`];
  const files = models.map(
    (model) => `         ${model.present ? "" : "MISSING "}${model.name}: ${model.licence}  ${model.file}`,
  );
  const kinds = profiles.length === 0 ? [] : [`       ${"".padEnd(18)} profiles: ${profiles.join(", ")}`];
  const pins = lines.map(
    ({ line, available, reason }) => `         ${available ? "" : "NOT USABLE "}line ${line}: ${reason}`,
  );
  return [head.trimEnd(), ...hint, ...kinds, ...files, ...pins];
}
