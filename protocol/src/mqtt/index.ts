export { type Decoded, decode, encode, MAX_PAYLOAD_BYTES, type Stamp } from "./codec.ts";
export {
  AUDIO_PATH,
  type Direction,
  GrammarConfig,
  LinkToken,
  MQTT_CONTRACT,
  NodeConfig,
  NodeState,
  NoticeEvent,
  StoredAck,
  type TopicBody,
  type TopicName,
  type TopicSpec,
  WakeEvent,
} from "./contract.ts";
export { mayPublish, maySubscribe } from "./permission.ts";
export { filterFor, type NodeAddress, type ParsedTopic, parseTopic, prefixFor, topicFor } from "./topics.ts";
