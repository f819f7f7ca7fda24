import { type Static, type TInteger, type TNumber, Type } from "@sinclair/typebox";

const strict = { additionalProperties: false } as const;

function seconds(value: number, description: string): TNumber {
  return Type.Number({ default: value, minimum: 0.05, maximum: 604_800, description });
}

function whole(value: number, description: string, minimum = 1): TInteger {
  return Type.Integer({ default: value, minimum, maximum: 10_000, description });
}

/** Who watches workers. Times in seconds. */
export const WitnessConfig = Type.Object(
  {
    patrolSeconds: seconds(30, "how often workers with something to do are looked at"),
    healthSeconds: seconds(60, "how often failures are counted"),
    reportSeconds: seconds(300, "how often a summary is kept"),
    heartbeatTimeoutSeconds: seconds(120, "a worker that says nothing for so long is silent"),
    spawnGraceSeconds: seconds(300, "a worker that just started is given so long for its first heartbeat"),
    stuckSeconds: seconds(600, "work without progress for so long is stuck"),
    hungSeconds: seconds(
      1800,
      "as stuck counts a worker that does not say what it does and writes nothing for so long",
    ),
    unstartedSeconds: seconds(1800, "work on a hook that is not taken up for so long"),
    nudgeWaitSeconds: seconds(120, "how long the answer to a nudge is waited for"),
    alertCooldownSeconds: seconds(300, "one alert for one cause within this"),
    errorRate: Type.Number({ default: 0.2, minimum: 0.01, maximum: 1, description: "share of attempts that may fail" }),
    errorSamples: whole(5, "attempts from which on their share of failures means something"),
    errorWindowSeconds: seconds(900, "attempts of so long are counted"),
    crashes: whole(3, "deaths of one worker that make a crash loop"),
    crashWindowSeconds: seconds(600, "within so long"),
    massDeaths: whole(3, "deaths in one rig that are an alarm"),
    massDeathSeconds: seconds(30, "within so long"),
  },
  { ...strict, default: {}, description: "who watches workers" },
);
export type WitnessConfig = Static<typeof WitnessConfig>;

export const MayorConfig = Type.Object(
  {
    leaseSeconds: seconds(60, "a mayor that is not heard of for so long is taken over"),
    feedsPerRound: whole(3, "stranded convoys that are fed at once"),
    feedCooldownSeconds: seconds(600, "one convoy is fed again after so long"),
  },
  { ...strict, default: {}, description: "who turns goals into work" },
);
export type MayorConfig = Static<typeof MayorConfig>;

export const SupervisorConfig = Type.Object(
  {
    heartbeatSeconds: seconds(180, "how often roles, hooks and the queue are looked after while there is work"),
    staleHookSeconds: seconds(3600, "work that belongs to nobody who is known is given back after so long"),
  },
  { ...strict, default: {}, description: "who looks after the roles" },
);
export type SupervisorConfig = Static<typeof SupervisorConfig>;

export const SchedulerConfig = Type.Object(
  {
    maxWorkers: whole(10, "workers at work at once; 0: work is given out at once, without bound", 0),
    maxPerRig: whole(0, "of them in one rig; 0: as many as in all", 0),
    failures: whole(3, "times that giving out one bead may fail before a person is told"),
    backoffSeconds: seconds(30, "wait after the first failure; twice as long after each more"),
    redispatchSeconds: Type.Number({
      default: 300,
      minimum: 0,
      maximum: 604_800,
      description: "a bead that came back is given out again this long after the last time",
    }),
    agingSeconds: seconds(600, "waiting for so long counts as one priority more"),
  },
  { ...strict, default: {}, description: "when waiting work is given to workers" },
);
export type SchedulerConfig = Static<typeof SchedulerConfig>;
