import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";

/** What issue and readme promise: "OK" in systemd's own words. */
const MOST_EXPOSED = 2.0;
const UNITS = ["barnacle-hub", "barnacle-node"];
const fileOf = (unit: string): string => path.join(import.meta.dirname, `${unit}.service`);

const analyze = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
const major = Number(/systemd (\d+)/.exec(analyze.stdout ?? "")?.[1] ?? 0);
// Before 250 it could not look at a file.
const skip = major >= 250 ? false : `systemd-analyze 250 or later is not here (found ${major || "none"})`;
if (skip) t.comment(`skipped: ${skip}`);

for (const unit of UNITS) {
  t.test(`${unit} is exposed by at most ${MOST_EXPOSED}`, { skip }, async (t) => {
    const { stdout, stderr } = spawnSync(
      "systemd-analyze",
      ["security", "--offline=yes", "--no-pager", "--json=short", fileOf(unit)],
      { encoding: "utf8" },
    );
    const table = JSON.parse(stdout) as { name: string; json_field: string; exposure: string | null }[];
    t.ok(table.length > 60, stderr);
    const { stdout: words } = spawnSync("systemd-analyze", ["security", "--offline=yes", "--no-pager", fileOf(unit)], {
      encoding: "utf8",
    });
    const exposure = Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(words)?.[1]);
    t.ok(exposure > 0 && exposure <= MOST_EXPOSED, `${exposure}`);

    // Whatever costs exposure stands in the unit, with its reason.
    const text = readFileSync(fileOf(unit), "utf8");
    const costly = table.filter((row) => row.exposure !== null && Number(row.exposure) > 0);
    t.ok(costly.length > 3);
    for (const { name } of costly) {
      const key = name.replace(/=.*/, "");
      const family = /AF_\w+/.exec(name)?.[0];
      const said = new RegExp(`^#.*\\b${family ?? key}\\b|^${key}=`, "m").test(text);
      t.ok(said, `${name} is explained`);
    }
  });

  t.test(`${unit} is supervised, unprivileged and restarted`, async (t) => {
    const text = readFileSync(fileOf(unit), "utf8");
    for (const line of ["Type=notify", "Restart=always", "NoNewPrivileges=yes", "CapabilityBoundingSet="])
      t.ok(text.includes(`\n${line}\n`), line);
    t.match(text, /^WatchdogSec=\d+$/m);
    const account = /^User=(.+)$/m.exec(text)?.[1] as string;
    const accounts = readFileSync(path.join(import.meta.dirname, "sysusers", `${unit}.conf`), "utf8");
    t.match(accounts, new RegExp(`^u ${account} `, "m"), "the account is made by sysusers.d");
    const groups = /^SupplementaryGroups=(.+)$/m.exec(text)?.[1]?.split(" ") ?? [];
    for (const group of groups) t.match(accounts, new RegExp(`^m ${account} ${group}$`, "m"), group);
    const devices = [...text.matchAll(/^DeviceAllow=(.+)$/gm)].map(([, device]) => device);
    const wanted = ["char-alsa rw", "char-gpiochip rw", "char-hidraw rw"];
    t.same(devices, unit === "barnacle-node" ? wanted : [], "no device that is not needed");
  });
}
