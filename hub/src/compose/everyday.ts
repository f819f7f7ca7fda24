import { join } from "node:path";
import type { Recogniser } from "@barnacle/hardware/speech";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import { HouseChannels, RoomsChannel } from "../channels/index.ts";
import type { HubConfig } from "../config/schema.ts";
import { CronJobs, type PayloadOptions } from "../cron/index.ts";
import { HEARTBEAT_PROMPT, HeartbeatRuns } from "../heartbeat/index.ts";
import type { AgentRuns, Commands, Devices, Household, Inbox, NodeOffers, Router, Sessions } from "../services.ts";
import { SkillShelf, SkillTools } from "../skills/index.ts";
import { HubVoices, machineVoices, RecognisedTalk, type VoiceEngines } from "../speech/index.ts";
import type { Store } from "../store/index.ts";
import { TranscriptUsage } from "../usage/index.ts";
import { StoredWakeRouting } from "../wakewords/index.ts";

export interface EverydayPartsOptions {
  readonly config: Pick<HubConfig, "cron" | "heartbeat" | "speech">;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
  /** Whether a model or a program is configured. */
  readonly answersFreely: boolean;
  readonly inbox: Pick<Inbox, "enter">;
  readonly household: Pick<Household, "rooms" | "grammar">;
  /** The synthesisers of this machine unless given. */
  readonly engines?: () => Promise<VoiceEngines>;
  /** Made from the configuration unless given. */
  readonly recogniser?: Recogniser;
  readonly devices: Pick<Devices, "list">;
  readonly offers: Pick<NodeOffers, "skills">;
  readonly router: Router;
  readonly commands: Commands;
}

/** What a household does by the clock and by itself. */
export function everydayParts(options: EverydayPartsOptions) {
  const { config, store, clock, random, log, runs, sessions } = options;
  const shared = { clock, random, log, runs, sessions };
  const rooms = new RoomsChannel({ ...options, now: () => clock.now() });
  const channels = new HouseChannels({ store, clock, inbox: options.inbox, channels: [rooms] });
  const deliver: PayloadOptions["deliver"] = async (where, text, idempotencyKey) => {
    // `last` is what clients say for "wherever it came from"; that is the default here.
    const { channel, ...to } = where;
    const named = channel === undefined || channel === "last" ? {} : { channel };
    await channels.send({ ...to, ...named, text, idempotencyKey, principal: { kind: "system", id: "announcements" } });
  };
  const { every, prompt = HEARTBEAT_PROMPT, target, agentId } = config.heartbeat;
  const heartbeats = new HeartbeatRuns({
    ...shared,
    answersFreely: options.answersFreely,
    every,
    prompt,
    target,
    agentId,
    deliver,
  });
  const cron = new CronJobs({
    ...{ ...shared, store, enabled: config.cron.enabled, deliver },
    wake: (reason, sessionKey) => heartbeats.wake(reason, sessionKey),
  });
  const voices = new HubVoices({ store, engines: options.engines ?? machineVoices });
  const { recogniser: engine, library, model } = config.speech;
  const paths = { ...(library ? { library } : {}), ...(model ? { model } : {}) };
  const talk = new RecognisedTalk({
    ...{ clock, random, log, engine },
    grammar: () => options.household.grammar(),
    // Loaded with the first dictation: most hubs never hear one.
    create: async () =>
      options.recogniser ??
      (await import("@barnacle/hardware/speech")).createRecogniser(engine, { ...paths, clock, log }),
    async available() {
      if (options.recogniser) return true;
      const { recogniserInfos } = await import("@barnacle/hardware/speech");
      return (await recogniserInfos({ [engine]: paths })).some(
        (info) => info.engine === engine && info.availability.available,
      );
    },
  });
  const skills = new SkillShelf({
    folder: join(store.stateDir, "skills"),
    offers: options.offers,
    path: process.env.PATH ?? "",
  });
  const usage = new TranscriptUsage({ store });
  const wakeRouting = new StoredWakeRouting({ store, clock });
  /** To be started after the agent, in this order. */
  const units = (): readonly Unit[] => [wakeRouting, talk, heartbeats, cron];
  return {
    services: { channels, skills, usage, voices, talk, cron, heartbeats, wakeRouting },
    skillTools: new SkillTools(skills),
    units,
  };
}
