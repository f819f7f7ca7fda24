import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";

/** @throws TIMEOUT naming what did not come */
export function withDeadline<T>(promise: Promise<T>, ms: number, clock: Clock, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () =>
      reject(new BarnacleError("TIMEOUT", `waited ${Math.round(ms / 1000)} s for ${what}`)),
    );
    promise.then(resolve, reject).finally(cancel);
  });
}

/** Undefined when `ms` pass first. */
export function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}
