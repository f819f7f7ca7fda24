import { Readable } from "node:stream";
import type { Test as T } from "tap";
import { benchMissing } from "./artefacts.ts";
import { Guest, type GuestOptions } from "./guest.ts";

export interface JobOptions extends GuestOptions {
  /** A reason beyond a missing bench. */
  readonly skip?: string | false | undefined;
  /** Looks at what the job left in the guest's folder. */
  readonly after?: (t: T, guest: Guest) => void | Promise<void>;
}

const JOBS = "/mnt/host/test/hil/jobs";
const FLAGS = "--disable-warning=ExperimentalWarning";

/**
 * One test of the host that is a file of `jobs/`, run in a guest: a tap program like any other test, as root, in an
 * empty directory on the guest's own disk. Its assertions appear here one by one.
 */
export function guestTest(t: T, name: string, job: string, options: JobOptions = {}): void {
  const { limitS = 300, after } = options;
  const skip = options.skip || benchMissing() || false;
  void t.test(name, { skip, timeout: (limitS + 30) * 1000 }, async (t) => {
    // The job's own patience, half a minute otherwise, is the guest's.
    const guest = new Guest({ ...options, limitS, env: { TAP_TIMEOUT: String(limitS), ...options.env } });
    t.teardown(() => guest.close());
    const script = `mkdir -p /var/tmp/job && cd /var/tmp/job\nnode ${FLAGS} ${JOBS}/${job} > /mnt/job/job.tap 2> /mnt/job/job.err`;
    const result = await guest.run(script);
    const tap = guest.read("job.tap");
    await t.stdin(job, { tapStream: Readable.from([tap === "" ? "Bail out! the job said nothing\n" : tap]) });
    if (result.code !== 0) {
      const how = result.code === undefined ? `the guest ended early, or after ${limitS} s` : `exit ${result.code}`;
      t.fail(`${job}: ${how}`, {
        output: tail(result.output),
        errors: tail(guest.read("job.err")),
        console: tail(result.console),
      });
    }
    await after?.(t, guest);
  });
}

function tail(text: string): string[] {
  return text.trimEnd().split("\n").slice(-60);
}
