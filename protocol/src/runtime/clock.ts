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

/** Resolves after `ms` of `clock`, or as soon as `signal` is aborted; leaves no timer and no listener behind. */
export function sleepUnless(signal: AbortSignal, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
