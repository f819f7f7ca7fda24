export interface ConvoyTimes {
  /** Between two looks at what nobody works on, in ms. */
  readonly patrolMs: number;
  /** How long a convoy that was given work by such a look is left alone. */
  readonly coolDownMs: number;
  /** How long who made a convoy has time to give out its work himself. */
  readonly graceMs: number;
  /** Beads handed out by one look. */
  readonly perPatrol: number;
}

export const CONVOY_TIMES: ConvoyTimes = { patrolMs: 30_000, coolDownMs: 600_000, graceMs: 60_000, perPatrol: 3 };

/** As the configuration has them. */
export function convoyTimes(settings: {
  readonly patrolSeconds: number;
  readonly coolDownSeconds: number;
  readonly graceSeconds: number;
  readonly perPatrol: number;
}): ConvoyTimes {
  const { patrolSeconds, coolDownSeconds, graceSeconds, perPatrol } = settings;
  return {
    patrolMs: patrolSeconds * 1000,
    coolDownMs: coolDownSeconds * 1000,
    graceMs: graceSeconds * 1000,
    perPatrol,
  };
}
