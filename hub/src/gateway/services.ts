import type { Clock, Log, Random } from "@barnacle/protocol/runtime";
import type { Agents, Models, Toolbox } from "../agent/index.ts";
import type { EmergencyStop } from "../estop/index.ts";
import type { NativeNodes } from "../nodes/index.ts";
import type {
  AgentRuns,
  Approvals,
  Audit,
  BeadsService,
  Channels,
  CommandLedger,
  Commands,
  ConfigFile,
  Counters,
  Cron,
  Devices,
  ExecApprovalsFile,
  FleetConfig,
  FleetJobs,
  GatewayEndpoint,
  Heartbeats,
  Household,
  Inbox,
  Lifecycle,
  LogFile,
  Owner,
  Policy,
  Questions,
  RoutedCommands,
  Router,
  SessionBook,
  Skills,
  TalkSessions,
  TownService,
  Usage,
  Voices,
  VoiceTurns,
  WakeRouting,
  WakeWords,
} from "../services.ts";
import type { WsLink } from "./ws-link.ts";

/** What the gateway's methods work on. */
export interface GatewayServices {
  readonly hubName: string;
  readonly site: string;
  readonly version: string;
  readonly devices: Devices;
  readonly commands: Commands;
  readonly router: Router;
  readonly routed: RoutedCommands;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly beads: BeadsService;
  readonly town: TownService;
  readonly estop: EmergencyStop;
  readonly inbox: Inbox;
  readonly voice: VoiceTurns;
  readonly runs: AgentRuns;
  readonly channels: Channels;
  readonly voices: Voices;
  readonly skills: Skills;
  readonly usage: Usage;
  readonly talk: TalkSessions;
  readonly cron: Cron;
  readonly heartbeats: Heartbeats;
  readonly fleetConfig: FleetConfig;
  readonly fleetJobs: FleetJobs;
  readonly wakeRouting: WakeRouting;
  readonly sessions: SessionBook;
  readonly agents: Agents;
  readonly models: Models;
  readonly toolbox: Toolbox;
  readonly household: Household;
  readonly wakeWords: WakeWords;
  readonly owner: Owner;
  readonly configFile: ConfigFile;
  readonly approvals: Approvals;
  readonly ledger: CommandLedger;
  readonly logFile: LogFile;
  readonly execApprovals: ExecApprovalsFile;
  readonly questions: Questions;
  readonly lifecycle: Lifecycle;
  readonly counters: Counters;
  /** What a device did wrong on the MQTT side since the start, by kind. */
  readonly faultsOf: (deviceId: string) => Readonly<Record<string, number>>;
  readonly wsLink: WsLink;
  readonly nodes: NativeNodes;
  /** The hub's own key. */
  readonly identity: { readonly deviceId: string; readonly publicKey: string };
  readonly endpoint: () => GatewayEndpoint;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
