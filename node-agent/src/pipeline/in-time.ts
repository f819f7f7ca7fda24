import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";

/** @throws TIMEOUT saying what was waited for; `work` itself goes on */
export function inTime<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new BarnacleError("TIMEOUT", `${what} within ${ms} ms`));
    const cancel = clock.after(ms, late);
    work.then(resolve, reject).finally(cancel);
  });
}
