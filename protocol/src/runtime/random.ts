/** Randomness as a dependency. */
export interface Random {
  /** A number in [0, 1). For jitter only, never for secrets. */
  unit(): number;
  bytes(length: number): Buffer;
  uuid(): string;
}

/** Node's module is loaded with the first secret: short commands need none. */
const crypto = () => process.getBuiltinModule("node:crypto");

export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (length) => crypto().randomBytes(length),
  uuid: () => crypto().randomUUID(),
};

/** Repeatable randomness for tests (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => Math.floor(unit() * 256)));
  return {
    unit,
    bytes,
    uuid() {
      const hex = bytes(16).toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
