import { readFileSync } from "node:fs";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { ConfigLayer, NodeConfigState } from "../../services.ts";
import { ago, shortId } from "../format.ts";
import { example, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";

type Open = (command: Command) => Session;

const STATES: readonly TableColumn<NodeConfigState>[] = [
  { title: "NAME", value: ({ displayName }) => displayName },
  { title: "STATE", value: ({ online }) => (online ? "online" : "offline") },
  { title: "CONFIG", value: syncText },
  { title: "ID", value: ({ deviceId }) => shortId(deviceId) },
];

/** `devices config …`: what nodes are wanted to be, and what they are. */
export function nodeConfig(devices: Command, open: Open): void {
  const config = devices.command("config").description("what nodes are wanted to be, and what they are");

  example(
    config.command("status").description("nodes that are not as they are wanted").option("--all", "the others too"),
    "barnacle devices config status",
  ).action(async (options: { all?: boolean }, command: Command) => {
    const session = open(command);
    const { states } = await session.hub((client) =>
      client.call<{ states: NodeConfigState[] }>("barnacle.fleet.config.status", { all: options.all === true }),
    );
    session.out.list(states, STATES, "Every node is as it is wanted.");
  });

  example(
    config.command("show <device>").description("one node: wanted, in force, and why they differ"),
    "barnacle devices config show Kitchen",
  ).action(async (device: string, _options: object, command: Command) => {
    const session = open(command);
    const { state } = await session.hub((client) =>
      client.call<{ state: NodeConfigState }>("barnacle.fleet.config.show", { device }),
    );
    session.out.print(state, (style) =>
      renderFields(
        [
          ["node", state.displayName],
          ["config", syncText(state)],
          ["layers", state.layers.join(", ") || "none"],
          ["said", ago(state.actualAtMs, Date.now())],
          ["kept", state.actual?.kept.join(", ")],
          ["wanted", JSON.stringify(state.config)],
        ],
        style,
      ),
    );
  });

  example(
    config
      .command("set <scope> [key=value...]")
      .description(
        "change a layer at once: fleet, group:NAME, room:NAME or node:DEVICE; a value is YAML, null takes it away",
      )
      .option("--file <file>", "the members of a YAML file")
      .option("--replace", "instead of what the layer says now"),
    "barnacle devices config set room:kitchen telemetry.intervalS=30",
    "barnacle devices config set fleet --file fleet.yaml --replace",
  ).action(async (scope: string, pairs: string[], options: { file?: string; replace?: boolean }, command: Command) => {
    const session = open(command);
    const wanted = await contentOf(pairs, options.file);
    const { layer } = await session.hub((client) =>
      client.call<{ layer: ConfigLayer }>("barnacle.fleet.config.set", {
        ...{ scope, config: wanted },
        ...(options.replace ? { replace: true } : {}),
      }),
    );
    session.out.print(layer, () => `${layer.scope} is at version ${layer.version}.`);
  });

  example(
    config.command("history <scope>").description("every version of a layer, newest first"),
    "barnacle devices config history fleet",
  ).action(async (scope: string, _options: object, command: Command) => {
    const session = open(command);
    const { versions } = await session.hub((client) =>
      client.call<{ versions: ConfigLayer[] }>("barnacle.fleet.config.history", { scope }),
    );
    session.out.list(
      versions,
      [
        { title: "VERSION", value: ({ version }) => version },
        { title: "CHANGED", value: ({ changedAtMs }) => ago(changedAtMs, Date.now()) },
        { title: "BY", value: ({ changedBy }) => changedBy },
        { title: "CONFIG", value: (layer) => JSON.stringify(layer.config) },
      ],
      "Nothing was ever set.",
    );
  });

  example(
    config.command("retry <device>").description("let a node try once more what it has refused or given up"),
    "barnacle devices config retry Kitchen",
  ).action(async (device: string, _options: object, command: Command) => {
    const session = open(command);
    const answer = await session.hub((client) => client.call<object>("barnacle.fleet.config.retry", { device }));
    session.out.print(answer, () => "It was asked again; see barnacle devices config status.");
  });
}

/** "in sync", "wanted 12ab…, refused: wake.threshold: expected …". */
export function syncText({ inSync, wanted, actual }: Pick<NodeConfigState, "inSync" | "wanted" | "actual">): string {
  if (inSync) return wanted === null ? "its own" : `in sync (${wanted})`;
  const refused = actual?.refused;
  if (refused !== undefined && refused.revision === wanted) {
    const [first] = refused.problems;
    return `refused: ${first?.key ? `${first.key}: ` : ""}${first?.message ?? ""}`;
  }
  return `wanted ${wanted ?? "nothing"}, has ${actual?.revision ?? "its own"}`;
}

/** `a.b=1` and a file, as one object. @throws USAGE */
export async function contentOf(pairs: readonly string[], file: string | undefined): Promise<Record<string, unknown>> {
  // YAML is for those few commands that need it.
  const { contentOf: parse } = await import("@barnacle/protocol/config");
  const content = file === undefined ? {} : ((parse(read(file)) ?? {}) as Record<string, unknown>);
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw usage(`"${pair}": key=value was expected`);
    const keys = pair.slice(0, at).split(".");
    let place = content;
    for (const key of keys.slice(0, -1)) {
      const below = place[key];
      if (typeof below !== "object" || below === null) place[key] = {};
      place = place[key] as Record<string, unknown>;
    }
    const { value } = parse(`value: ${pair.slice(at + 1)}`) as { value: unknown };
    place[keys.at(-1) as string] = value;
  }
  if (Object.keys(content).length === 0 && file === undefined) throw usage("key=value or --file was expected");
  return content;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function usage(text: string): BarnacleError {
  return new BarnacleError("USAGE", text);
}
