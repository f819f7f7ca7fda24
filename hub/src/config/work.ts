import { type Static, Type } from "@sinclair/typebox";
import { ConvoyConfig } from "./convoys.ts";
import { EscalationConfig } from "./escalation.ts";
import { MayorConfig, SchedulerConfig, SupervisorConfig, WitnessConfig } from "./roles.ts";
import { WORKERS } from "./workers.ts";

const strict = { additionalProperties: false } as const;

/** Work items and those who do them. */
export const WorkConfig = Type.Object(
  {
    ...WORKERS,
    convoys: ConvoyConfig,
    scheduler: SchedulerConfig,
    witness: WitnessConfig,
    mayor: MayorConfig,
    supervisor: SupervisorConfig,
    escalation: EscalationConfig,
  },
  { ...strict, default: {}, description: "work items and those who do them" },
);
export type WorkConfig = Static<typeof WorkConfig>;
