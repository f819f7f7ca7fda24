import { BarnacleError } from "../errors/index.ts";
import { MQTT_CONTRACT, TOPIC_ROOT, TOPIC_VERSION, type TopicName } from "./contract.ts";

const LEVEL = /^[a-z0-9_-]{1,64}$/;

/** One node's place on one site. */
export interface NodeAddress {
  readonly site: string;
  readonly node: string;
}

export interface ParsedTopic extends NodeAddress {
  readonly name: TopicName;
  /** What stood at the `+`, if the path has one. */
  readonly id: string | undefined;
}

/** `barnacle/<site>/v1/<node>/<path>`. @throws INPUT_INVALID for a level outside `[a-z0-9_-]` */
export function topicFor(address: NodeAddress, name: TopicName, id?: string): string {
  const { path } = MQTT_CONTRACT[name];
  if (path.includes("+") !== (id !== undefined)) {
    throw new BarnacleError("INPUT_INVALID", `topic ${name} ${id === undefined ? "needs an id" : "takes no id"}`);
  }
  const tail = id === undefined ? path : path.replace("+", level(id, "id"));
  return `${prefixFor(address)}${tail}`;
}

/** The filter a node subscribes to, or the hub with `node: "+"`. */
export function filterFor(address: NodeAddress, name: TopicName): string {
  const node = address.node === "+" ? "+" : level(address.node, "node");
  return `${TOPIC_ROOT}/${level(address.site, "site")}/${TOPIC_VERSION}/${node}/${MQTT_CONTRACT[name].path}`;
}

export function prefixFor(address: NodeAddress): string {
  return `${TOPIC_ROOT}/${level(address.site, "site")}/${TOPIC_VERSION}/${level(address.node, "node")}/`;
}

/** Reads a topic back; undefined when it is none of the contract's. */
export function parseTopic(topic: string): ParsedTopic | undefined {
  const [root, site, version, node, ...rest] = topic.split("/");
  if (root !== TOPIC_ROOT || version !== TOPIC_VERSION || !site || !node) return undefined;
  if (!LEVEL.test(site) || !LEVEL.test(node)) return undefined;
  for (const [name, spec] of Object.entries(MQTT_CONTRACT)) {
    const levels = spec.path.split("/");
    if (levels.length !== rest.length) continue;
    const id = rest[levels.indexOf("+")];
    if (!levels.every((want, i) => (want === "+" ? LEVEL.test(rest[i] ?? "") : want === rest[i]))) continue;
    return { site, node, name: name as TopicName, id: levels.includes("+") ? id : undefined };
  }
  return undefined;
}

function level(text: string, what: string): string {
  if (LEVEL.test(text)) return text;
  throw new BarnacleError(
    "INPUT_INVALID",
    `${what} "${text}" is not a topic level: 1 to 64 of a-z, 0-9, "_" and "-" were expected`,
  );
}
