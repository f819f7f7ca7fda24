import { Appliance, literals, RoomName, SiteId } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import { AgentConfig, AgentProfile, HooksConfig } from "./agent.ts";
import { CronConfig, HeartbeatConfig, SpeechConfig } from "./everyday.ts";
import { UplinkConfig } from "./uplink.ts";
import { WorkConfig } from "./work.ts";

const strict = { additionalProperties: false } as const;
const Port = Type.Integer({ minimum: 0, maximum: 65_535, description: "port; 0 picks a free one" });

/** Who may do what. Rules are tried in order, deny before ask before allow; nothing matches: denied. `*` matches any run of characters. */
export const PolicyRule = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 60 }),
    effect: literals(["allow", "ask", "deny"]),
    principals: Type.Optional(Type.Array(Type.String(), { description: "operator, voice, node, system, or kind:id" })),
    names: Type.Optional(Type.Array(Type.String(), { description: "commands or methods, `gpio.*`" })),
    rooms: Type.Optional(Type.Array(RoomName)),
    devices: Type.Optional(Type.Array(Type.String(), { description: "device ids" })),
  },
  strict,
);
export type PolicyRule = Static<typeof PolicyRule>;

/** The hub's one configuration file. */
export const HubConfig = Type.Object(
  {
    site: Type.Unsafe<string>({ ...SiteId, default: "home" }),
    name: Type.String({
      default: "Barnacle",
      minLength: 1,
      maxLength: 60,
      description: "the hub's name, as operators see it",
    }),
    gateway: Type.Object(
      {
        port: Type.Unsafe<number>({ ...Port, default: 18_789 }),
        bind: Type.Unsafe<"loopback" | "lan">({ ...literals(["loopback", "lan"]), default: "loopback" }),
        token: Type.Optional(
          Type.String({
            minLength: 16,
            maxLength: 200,
            description: "shared operator token; made and kept in the state directory when absent",
          }),
        ),
        password: Type.Optional(
          Type.String({
            minLength: 8,
            maxLength: 200,
            description: "shared operator password, accepted besides the token",
          }),
        ),
        trustedProxies: Type.Array(Type.String({ pattern: "^[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?$" }), {
          default: [],
          description: "addresses or networks of proxies whose X-Forwarded-For is believed",
        }),
        nodeCommands: Type.Unsafe<"by-protocol" | "with-device" | "separate">({
          ...literals(["by-protocol", "with-device", "separate"]),
          default: "by-protocol",
          description:
            "whether approving a gateway node approves the commands it names; by-protocol: for protocol 3 only, whose operators know one approval",
        }),
        tls: Type.Unsafe<"auto" | "off" | "required">({
          ...literals(["auto", "off", "required"]),
          default: "auto",
          description:
            "encryption on the gateway's port, beside plain text; auto: when other machines may connect; required: plain text for this machine only",
        }),
        publicUrl: Type.Optional(
          Type.String({
            pattern: "^wss?://",
            maxLength: 300,
            description: "where clients elsewhere find this gateway, for setup codes; ws://… or wss://…",
          }),
        ),
        maxConnections: Type.Integer({
          default: 6000,
          minimum: 1,
          maximum: 100_000,
          description: "open gateway connections, admitted or not",
        }),
        controlUi: Type.Object(
          {
            root: Type.Optional(
              Type.String({
                minLength: 1,
                description: "folder of an installed OpenClaw's `dist/control-ui`; served when it is set",
              }),
            ),
            basePath: Type.String({
              default: "/",
              pattern: "^/([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$",
              description: "where the web application is found: `/` or `/ui`",
            }),
          },
          { ...strict, default: {}, description: "the web application of an installed OpenClaw" },
        ),
        requestsPerMinute: Type.Integer({
          default: 60_000,
          minimum: 60,
          maximum: 100_000_000,
          description: "requests of one gateway connection; more are refused with RATE_LIMITED",
        }),
      },
      { ...strict, default: {} },
    ),
    discovery: Type.Object(
      {
        mdns: Type.Unsafe<"minimal" | "full" | "off">({
          ...literals(["minimal", "full", "off"]),
          default: "minimal",
          description: "announcement on the LAN, when other machines may connect; full: with ways to log in",
        }),
      },
      { ...strict, default: {} },
    ),
    mqtt: Type.Object(
      {
        port: Type.Unsafe<number>({ ...Port, default: 1883, description: "plain text, for this machine only" }),
        tlsPort: Type.Unsafe<number>({
          ...Port,
          default: 8883,
          description: "TLS, for the network; open when other machines may connect",
        }),
        maxConnections: Type.Integer({
          default: 2000,
          minimum: 1,
          maximum: 100_000,
          description: "open MQTT connections, admitted or not; each needs a file descriptor",
        }),
      },
      { ...strict, default: {} },
    ),
    household: Type.Object(
      {
        rooms: Type.Array(RoomName, { default: [], description: "rooms besides those of the nodes" }),
        areas: Type.Record(Type.String({ minLength: 1, maxLength: 48 }), Type.Array(RoomName), {
          default: {},
          description: "parts of the house by name, with their rooms: `downstairs: [kitchen, hallway]`",
        }),
        appliances: Type.Array(Appliance, { default: [], description: "appliances besides those that nodes declare" }),
        tasks: Type.Array(Type.String(), {
          default: [],
          description: "task texts that can be spoken after `add a task`",
        }),
        shopping: Type.Array(Type.String(), {
          default: [],
          description: "items that can be put on the shopping list by voice",
        }),
        announcements: Type.Array(Type.String(), {
          default: [],
          description: "texts that can be spoken after `announce that`",
        }),
        pronunciations: Type.Record(Type.String(), Type.String(), {
          default: {},
          description: "ARPAbet of names outside the dictionary",
        }),
      },
      { ...strict, default: {} },
    ),
    uplink: Type.Optional({ ...UplinkConfig, description: "somebody's gateway that this hub's nodes join" }),
    wakeWords: Type.Array(Type.String({ minLength: 1, maxLength: 80 }), {
      default: ["hey jarvis"],
      description: "first value of the global wake words",
    }),
    ui: Type.Object(
      {
        seamColor: Type.Optional(
          Type.String({ pattern: "^#?[0-9a-fA-F]{6}$", description: "accent colour of the apps: `#7b2d26`" }),
        ),
        assistant: Type.Object(
          {
            name: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: "what apps call the hub" })),
            avatar: Type.Optional(
              Type.String({ minLength: 1, maxLength: 200, description: "a letter, an emoji or an address" }),
            ),
          },
          { ...strict, default: {} },
        ),
      },
      { ...strict, default: {}, description: "how the apps show the hub" },
    ),
    approvals: Type.Object(
      {
        timeoutSeconds: Type.Integer({
          minimum: 5,
          maximum: 1800,
          default: 120,
          description: "a command that waits for an approval is denied after this",
        }),
        selfApprove: Type.Boolean({ default: false, description: "whoever asks for an approval may give it as well" }),
      },
      { ...strict, default: {}, description: "commands that a person must approve" },
    ),
    agent: AgentConfig,
    agents: Type.Array(AgentProfile, {
      default: [],
      description: "assistants; the first is the default, `main` with the hub's name when none is given",
    }),
    hooks: HooksConfig,
    cron: CronConfig,
    work: WorkConfig,
    heartbeat: HeartbeatConfig,
    speech: SpeechConfig,
    policy: Type.Object({ rules: Type.Array(PolicyRule, { default: [] }) }, { ...strict, default: {} }),
    log: Type.Object(
      { level: Type.Unsafe<string>({ ...literals(["debug", "info", "warn", "error"]), default: "info" }) },
      { ...strict, default: {} },
    ),
  },
  strict,
);
export type HubConfig = Static<typeof HubConfig>;
