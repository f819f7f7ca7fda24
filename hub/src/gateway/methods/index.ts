import { agentMethods } from "./agent.ts";
import { agentsMethods } from "./agents.ts";
import { approvalMethods } from "./approvals.ts";
import { beadMethods } from "./beads.ts";
import { channelMethods } from "./channels.ts";
import { chatMethods } from "./chat.ts";
import { commandMethods } from "./commands.ts";
import { configMethods } from "./config.ts";
import { cronMethods } from "./cron.ts";
import { devicePairingMethods } from "./device-pairing.ts";
import { deviceScopeMethods } from "./device-scopes.ts";
import { deviceSetupMethods } from "./device-setup.ts";
import { deviceMethods } from "./devices.ts";
import { emptyMethods } from "./empty.ts";
import { execApprovalsMethods } from "./exec-approvals.ts";
import { fleetMethods } from "./fleet.ts";
import { heartbeatMethods } from "./heartbeat.ts";
import { homeMethods } from "./home.ts";
import { ledgerMethods } from "./ledgers.ts";
import { machineMethods } from "./machine.ts";
import type { Method } from "./method.ts";
import { modelMethods } from "./models.ts";
import { nodeApprovalMethods } from "./node-approvals.ts";
import { nodePairingMethods } from "./node-pairing.ts";
import { nodeSideMethods } from "./node-side.ts";
import { nodeMethods } from "./nodes.ts";
import { notHereMethods } from "./not-here.ts";
import { operationMethods } from "./operations.ts";
import { questionMethods } from "./questions.ts";
import { recordMethods } from "./records.ts";
import { routeMethods } from "./routes.ts";
import { sessionExtraMethods } from "./sessions-extra.ts";
import { sessionReadMethods } from "./sessions-read.ts";
import { sessionUsageMethods } from "./sessions-usage.ts";
import { sessionWatchMethods } from "./sessions-watch.ts";
import { sessionWriteMethods } from "./sessions-write.ts";
import { skillMethods } from "./skills.ts";
import { statusMethods } from "./status.ts";
import { talkMethods } from "./talk.ts";
import { toolMethods } from "./tools.ts";
import { townMethods } from "./town-families.ts";
import { ttsMethods } from "./tts.ts";
import { usageMethods } from "./usage.ts";
import { userMethods } from "./users.ts";
import { wakeWordMethods } from "./wake-words.ts";

/**
 * What phone apps call on their node connection: a small set to look and to chat. Their own gateway refuses it, so views of
 * the app stay empty there.
 */
const NODES_TOO = new Set(`health config.get voicewake.get sessions.list chat.history chat.send chat.abort`.split(" "));

const FAMILIES: readonly Method[] = [
  ...statusMethods,
  ...nodeMethods,
  ...nodeSideMethods,
  ...nodeApprovalMethods,
  ...devicePairingMethods,
  ...deviceScopeMethods,
  ...deviceSetupMethods,
  ...nodePairingMethods,
  ...machineMethods,
  ...wakeWordMethods,
  ...deviceMethods,
  ...homeMethods,
  ...routeMethods,
  ...recordMethods,
  ...configMethods,
  ...channelMethods,
  ...beadMethods,
  ...townMethods,
  ...cronMethods,
  ...skillMethods,
  ...usageMethods,
  ...ttsMethods,
  ...talkMethods,
  ...heartbeatMethods,
  ...fleetMethods,
  ...approvalMethods,
  ...ledgerMethods,
  ...operationMethods,
  ...execApprovalsMethods,
  ...questionMethods,
  ...userMethods,
  ...chatMethods,
  ...agentMethods,
  ...agentsMethods,
  ...sessionReadMethods,
  ...sessionWriteMethods,
  ...sessionWatchMethods,
  ...sessionUsageMethods,
  ...sessionExtraMethods,
  ...modelMethods,
  ...toolMethods,
  ...commandMethods,
  ...emptyMethods,
  ...notHereMethods,
];

const ALL = FAMILIES.map((one) => (NODES_TOO.has(one.name) ? { ...one, nodesToo: true } : one));

/** Each name once; tested. */
export const ALL_NAMES: readonly string[] = ALL.map((method) => method.name);

/** Every method by name, but for `connect`, which belongs to the handshake. */
export const METHODS: ReadonlyMap<string, Method> = new Map(ALL.map((method) => [method.name, method]));

/** `features.methods`: what does something here. Clients hide what is not among them. */
export const METHOD_NAMES: readonly string[] = ALL.filter(isHere).map((method) => method.name);

export function isHere({ support }: Method): boolean {
  return typeof support === "string" || !("none" in support);
}
