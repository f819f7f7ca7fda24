import { BarnacleError } from "@barnacle/protocol/errors";
import { Events, FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { Appliance, JsonObject, VoiceTurnReply, VoiceTurnReport } from "@barnacle/protocol/schema";
import { LazyBeads } from "../beads/lazy.ts";
import { demoAppliances, demoHousehold } from "../demo/household.ts";
import { EmergencyStop } from "../estop/index.ts";
import { HouseholdModel } from "../household/index.ts";
import type {
  CommandCall,
  CommandOutcome,
  Commands,
  DeviceEvents,
  DeviceRecord,
  Inbox,
  InboxEntered,
  InboxEntry,
  InboxMessage,
  RouteCandidate,
  RouteDecision,
  RouteRequest,
  Router,
} from "../services.ts";
import { temporaryStore } from "../store/testing.ts";
import { Tasks } from "../tasks/index.ts";
import { Timers } from "../timers/index.ts";
import { HomeResponder } from "./home/responder.ts";
import type { Otherwise } from "./plan.ts";
import { VoiceTurnService } from "./turns.ts";

export const KITCHEN = "a".repeat(64);
export const BEDROOM = "b".repeat(64);

type Teardown = Parameters<typeof temporaryStore>[0];

/** A paired node with these appliances. */
export function node(
  deviceId: string,
  name: string,
  room: string,
  appliances: readonly Appliance[] = [],
): DeviceRecord {
  return {
    deviceId,
    publicKey: "",
    displayName: name,
    roles: ["node"],
    scopes: [],
    tokens: [],
    room,
    blocked: false,
    createdAtMs: 0,
    approvedAtMs: 0,
    approvedBy: "local",
    online: true,
    transport: "mqtt",
    manifest: {
      name,
      room,
      platform: "linux",
      agentVersion: "0",
      capabilities: [],
      commands: [],
      appliances: [...appliances],
    },
  };
}

/** A registry of devices in memory. */
export class FakeDevices {
  readonly events = new Events<DeviceEvents>();
  readonly records = new Map<string, DeviceRecord>();

  constructor(records: readonly DeviceRecord[]) {
    for (const record of records) this.records.set(record.deviceId, record);
  }

  list(): readonly DeviceRecord[] {
    return [...this.records.values()];
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.records.get(deviceId);
  }

  change(deviceId: string, change: Partial<DeviceRecord>): void {
    const device = { ...(this.records.get(deviceId) as DeviceRecord), ...change };
    this.records.set(deviceId, device);
    if (change.online !== undefined) this.events.emit("presence", { device, online: change.online });
    this.events.emit("changed", { device });
  }
}

/** Ranks the room's own node first, then by id; devices that are away are rejected. */
export class FakeRouter implements Router {
  readonly #devices: FakeDevices;

  constructor(devices: FakeDevices) {
    this.#devices = devices;
  }

  route(request: RouteRequest): RouteDecision {
    const asked = this.#devices
      .list()
      .filter((one) => request.deviceId === undefined || one.deviceId === request.deviceId);
    const candidate = (one: DeviceRecord): RouteCandidate => ({
      deviceId: one.deviceId,
      displayName: one.displayName,
      room: one.room,
      score: one.room === request.room ? 100 : 0,
      why: one.room === request.room ? "same room" : "offers it",
    });
    const ranked = asked
      .filter((one) => one.online)
      .map(candidate)
      .sort((a, b) => b.score - a.score || (a.deviceId < b.deviceId ? -1 : 1));
    const rejected = asked
      .filter((one) => !one.online)
      .map(({ deviceId, displayName }) => ({ deviceId, displayName, reason: "offline" }));
    return { ...(ranked[0] ? { chosen: ranked[0] } : {}), ranked, rejected };
  }
}

/** Executes at most once per key, as a node does, and remembers it over a restart of the hub. */
export class FakeCommands implements Commands {
  readonly calls: CommandCall[] = [];
  readonly executed: { readonly deviceId: string; readonly command: string; readonly params: JsonObject }[] = [];
  readonly #journal = new Map<string, JsonObject>();
  answer: (call: CommandCall) => Promise<JsonObject> | JsonObject = (call) => ({ ...call.params });

  async invoke(call: CommandCall): Promise<CommandOutcome> {
    this.calls.push(call);
    const key = `${call.deviceId}/${call.idempotencyKey}`;
    const before = this.#journal.get(key);
    if (!before) {
      const payload = await this.answer(call);
      this.#journal.set(key, payload);
      this.executed.push({ deviceId: call.deviceId, command: call.command, params: call.params });
    }
    return {
      commandId: key,
      deviceId: call.deviceId,
      command: call.command,
      payload: this.#journal.get(key) ?? {},
      durationMs: 1,
      duplicate: before !== undefined,
      decision: { effect: "allow", rule: "test", reason: "" },
      policyMs: 0,
    };
  }

  refuse(code: ConstructorParameters<typeof BarnacleError>[0]): void {
    this.answer = () => {
      throw new BarnacleError(code, "refused by the test");
    };
  }
}

/** Messages in memory. */
export class FakeInbox implements Inbox {
  readonly events: Inbox["events"] = new Events();
  readonly messages: InboxMessage[] = [];

  async enter(entry: InboxEntry, alongside?: (entered: InboxEntered) => void): Promise<InboxEntered> {
    const known = this.messages.find((one) => one.externalId === entry.externalId && one.account === entry.account);
    const message = known ?? { ...entry, id: `m${this.messages.length}`, read: false, archived: false, receivedAt: 0 };
    const entered = { message, created: known === undefined };
    alongside?.(entered);
    if (!known) this.messages.push(message);
    return entered;
  }

  get(): never {
    throw new BarnacleError("INTERNAL", "not needed here");
  }

  list = this.get;
  mark = this.get;
  trim = this.get;
  counts = this.get;
}

/** The voice part of a hub over a real store, everything around it a fake. */
export async function voiceHub(
  t: Teardown,
  options: { nodes?: readonly DeviceRecord[]; clock?: FakeClock; otherwise?: Otherwise } = {},
) {
  const clock = options.clock ?? new FakeClock(Date.UTC(2026, 4, 4, 15, 5));
  const store = await temporaryStore(t, clock);
  const devices = new FakeDevices(
    options.nodes ?? [node(KITCHEN, "Kitchen", "kitchen", demoAppliances), node(BEDROOM, "Bedroom", "bedroom")],
  );
  const commands = new FakeCommands();
  const inbox = new FakeInbox();
  const replies: (VoiceTurnReply & { deviceId: string })[] = [];
  const router = new FakeRouter(devices);
  const shared = { store, clock, random: seededRandom(1), log: silentLog, commands, router };

  const estop = new EmergencyStop(shared);

  async function boot() {
    const household = new HouseholdModel({ config: demoHousehold, devices, clock });
    const timers = new Timers(shared);
    const beads = new LazyBeads(shared);
    const tasks = new Tasks({ ...shared, beads });
    const home = new HomeResponder({ household, devices, timers, tasks, clock, estop, timeZone: "UTC" });
    const messenger = { reply: (deviceId: string, reply: VoiceTurnReply) => void replies.push({ deviceId, ...reply }) };
    const more = options.otherwise === undefined ? {} : { otherwise: options.otherwise };
    const turns = new VoiceTurnService({
      ...shared,
      inbox,
      devices,
      household,
      messenger,
      responders: [home],
      ...more,
    });
    for (const unit of [household, timers, beads, tasks, turns]) await unit.start();
    const stop = async () => {
      for (const unit of [turns, tasks, beads, timers, household]) await unit.stop();
    };
    t.teardown(async () => {
      const stopped = stop();
      // An answer that a test left hanging is waited for on this clock.
      await clock.advance(5000);
      await stopped;
    });
    return { household, timers, tasks, turns, stop };
  }

  return { clock, store, estop, devices, commands, inbox, router, replies, boot, ...(await boot()) };
}

/** What a node reports of one utterance. */
export function report(
  turnId: string,
  transcript: string | undefined,
  extra: Partial<VoiceTurnReport> = {},
): VoiceTurnReport {
  return {
    turnId,
    startedAt: Date.UTC(2026, 4, 4, 15, 5) - 2000,
    wake: { engine: "fake", phrase: "hey jarvis", score: 1, latencyMs: 40 },
    outcome: transcript === undefined ? "rejected" : "transcript",
    ...(transcript === undefined ? {} : { transcript, confidence: 0.9 }),
    spans: [
      { stage: "wake", startMs: 0, durationMs: 40 },
      { stage: "listen", startMs: 40, durationMs: 1500 },
      { stage: "recognise", startMs: 1540, durationMs: 60 },
    ],
    ...extra,
  };
}

/** Lets what is in flight (commits, promises) come to its end, without any clock. */
export async function settled(rounds = 25): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
