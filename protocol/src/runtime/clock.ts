/** Time as a dependency, so that no test waits on a real clock. */
export interface Clock {
  /** Wall clock, milliseconds since 1970; may jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start; for durations. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. A timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` every `ms`; the returned function ends it. */
  every(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(ms, fn) {
    const timer = setInterval(fn, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `ms` of `clock`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
