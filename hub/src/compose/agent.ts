import { readFile } from "node:fs/promises";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import {
  Agents,
  type ChatResponder,
  HomeSentences,
  HomeTools,
  LastWord,
  ModelEndpoint,
  ModelResponder,
  Models,
  NodeTools,
  ProgramResponder,
  Runs,
  SlashCommands,
  Toolbox,
  type ToolSource,
  VoiceBridge,
  type VoiceBridgeOptions,
} from "../agent/index.ts";
import type { HubConfig } from "../config/schema.ts";
import type {
  Channels,
  Commands,
  Devices,
  Household,
  NodeOffers,
  Principal,
  Router,
  RunRequest,
  TurnRecord,
  VoiceTurns,
} from "../services.ts";
import { StoredSessions } from "../sessions/index.ts";
import type { Store } from "../store/index.ts";

export interface AgentPartsOptions {
  readonly config: HubConfig;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly devices: Devices;
  readonly household: Household;
  readonly router: Router;
  readonly commands: Commands;
  /** Asked late: voice in turn asks the agent. */
  readonly voice: () => VoiceTurns;
  /** Who hears what is said after a wake phrase. */
  readonly wakeTarget?: VoiceBridgeOptions["wakeTarget"];
  /** Asked late: a channel in turn brings messages. */
  readonly channels: () => Channels;
  /** What native nodes offer. */
  readonly offers: NodeOffers;
  /** Tools besides the home's and the nodes'. */
  readonly toolSources?: readonly ToolSource[];
  /** Answers instead of this hub's own agent: a gateway that was joined. */
  readonly elsewhere?: ChatResponder | undefined;
}

export interface AgentParts {
  readonly sessions: StoredSessions;
  readonly runs: Runs;
  readonly agents: Agents;
  readonly models: Models;
  readonly toolbox: Toolbox;
  /** For the voice turns: answers what no sentence covers. */
  answerFreely(turn: TurnRecord, principal: Principal): ReturnType<VoiceBridge["answer"]>;
  /** To be started after voice, in this order. */
  units(): readonly Unit[];
}

/** Sessions, runs, responders and tools: everything behind chat. */
export function agentParts(options: AgentPartsOptions): AgentParts {
  const { config, store, clock, random, log, household } = options;
  const agents = new Agents({ profiles: config.agents, hubName: config.name });
  const sessions = new StoredSessions({ store, clock, random, defaultAgent: agents.default.id });
  const models = new Models(config.agent);
  const asked: Pick<VoiceTurns, "understands" | "ask"> = {
    understands: (text) => options.voice().understands(text),
    ask: (text, more) => options.voice().ask(text, more),
  };
  const toolbox = new Toolbox([
    new HomeTools({ ...options, voice: asked }),
    new NodeTools(options),
    ...(options.toolSources ?? []),
  ]);
  const places = { readFile: (path: string) => readFile(path, "utf8"), env: process.env };
  const answering: ChatResponder[] = [
    new SlashCommands({ sessions, models }),
    new HomeSentences({ voice: asked }),
    ...(options.elsewhere ? [options.elsewhere] : []),
    new ModelResponder({
      ...{ models, toolbox, household, clock },
      endpoint: new ModelEndpoint({ fetch: (...args) => fetch(...args), places, clock }),
      systemPrompt: config.agent.systemPrompt,
      toolRounds: config.agent.toolRounds,
    }),
  ];
  const { command, timeoutMs, queueMode, rooms } = config.agent;
  if (command) answering.push(new ProgramResponder({ config: command, models, clock, env: process.env }));
  const answersFreely = options.elsewhere !== undefined || models.default.provider !== "barnacle";
  const responders = [...answering, new LastWord({ free: answersFreely })];
  const deliver = async ({ runId, principal, origin }: RunRequest, text: string) => {
    const { channel, to } = origin ?? {};
    await options.channels().send({
      ...{ text, principal, idempotencyKey: `deliver-${runId}` },
      ...(typeof channel === "string" ? { channel } : {}),
      ...(typeof to === "string" ? { to } : {}),
    });
  };
  const runs = new Runs({ store, sessions, agents, responders, clock, log, timeoutMs, queueMode, deliver });
  const bridge = (voice: Pick<VoiceTurns, "events" | "list">) =>
    new VoiceBridge({ voice, runs, agents, rooms, answersFreely, log, wakeTarget: options.wakeTarget });
  let built: VoiceBridge | undefined;
  const voiceBridge = () => {
    built ??= bridge(options.voice());
    return built;
  };
  return {
    ...{ sessions, runs, agents, models, toolbox },
    answerFreely: (turn, principal) => voiceBridge().answer(turn, principal),
    units: () => [sessions, { start: () => runs.open(), stop: () => runs.close() }, voiceBridge()],
  };
}
