import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { benchMissing } from "./bench/artefacts.ts";
import { Guest } from "./bench/guest.ts";
import { guestTest } from "./bench/job.ts";

const skip = benchMissing() ?? false;

t.setTimeout(600_000);

guestTest(t, "simulated pins, a virtual HID device and a loopback card", "devices.ts");

t.test("a script's output and exit code come back; the checkout cannot be written", { skip }, async (t) => {
  const guest = new Guest({ env: { WORD: "it's" }, shares: { gift: t.testdir({ note: "hello" }) } });
  t.teardown(() => guest.close());
  const result = await guest.run(
    'echo "$WORD $(cat /mnt/gift/note)"; echo back > /mnt/gift/answer; touch /mnt/host/no; exit 3',
  );
  t.match(result, { code: 3, output: /it's hello\n.*Read-only/s });
  t.equal(readFileSync(`${t.testdirName}/answer`, "utf8"), "back\n");
});

t.test("a guest that hangs is killed with everything in it", { skip }, async (t) => {
  const guest = new Guest({ limitS: 15 });
  t.teardown(() => guest.close());
  const result = await guest.run("echo hanging; sync; sleep 1000 & sleep 1000");
  t.equal(result.code, undefined);
  t.match(result.output, "hanging");
  t.strictSame(processesOf(guest.folder), [], "no process of the guest is left");
});

t.test("every guest starts from the same clean file system", { skip }, async (t) => {
  for (const _ of [1, 2]) {
    const guest = new Guest();
    t.teardown(() => guest.close());
    t.match(await guest.run("[ ! -e /etc/mark ] && touch /etc/mark"), { code: 0 });
  }
});

/** Command lines of live processes that name the folder. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(folder));
}
