import { AUDIO_PATH, MQTT_CONTRACT, type TopicSpec } from "./contract.ts";
import { type NodeAddress, parseTopic, prefixFor } from "./topics.ts";

const SPECS: readonly TopicSpec[] = Object.values(MQTT_CONTRACT);

/** May this node publish here? Only its own node-to-hub topics, and audio streams below its own prefix. */
export function mayPublish(address: NodeAddress, topic: string, qos: number, retain: boolean): boolean {
  if (!topic.startsWith(prefixFor(address))) return false;
  const stream = topic.slice(prefixFor(address).length);
  if (matchesPath(AUDIO_PATH, stream)) return qos === 0 && !retain;
  const parsed = parseTopic(topic);
  if (!parsed) return false;
  const spec: TopicSpec = MQTT_CONTRACT[parsed.name];
  return spec.direction === "node-to-hub" && qos <= spec.qos && retain === spec.retain;
}

/** May this node subscribe to this filter? Only to the hub-to-node paths of its own prefix, wildcards no wider than theirs. */
export function maySubscribe(address: NodeAddress, filter: string): boolean {
  const prefix = prefixFor(address);
  if (!filter.startsWith(prefix)) return false;
  const tail = filter.slice(prefix.length);
  return SPECS.some((spec) => spec.direction === "hub-to-node" && (spec.path === tail || matchesPath(spec.path, tail)));
}

function matchesPath(path: string, tail: string): boolean {
  const want = path.split("/");
  const got = tail.split("/");
  return (
    want.length === got.length &&
    want.every((level, i) => (level === "+" ? /^[a-z0-9_-]{1,64}$/.test(got[i] ?? "") : level === got[i]))
  );
}
