// The Debian packages in a system with systemd, as a household has them: both daemons under their own hardened units.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test as T } from "tap";

const UNITS = ["barnacle-hub", "barnacle-node"] as const;
type Unit = (typeof UNITS)[number];
const STATE = { "barnacle-hub": "/var/lib/barnacle", "barnacle-node": "/var/lib/barnacle-node" } as const;
const PATIENCE_MS = 240_000;
const EXPOSURE = 2.0;

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: "utf8" }).trim();
const dpkg = (t: T, ...args: string[]): void => {
  const result = spawnSync("dpkg", ["--force-unsafe-io", ...args], { encoding: "utf8" });
  t.equal(result.status, 0, `dpkg ${args.join(" ")}`);
  if (result.status !== 0) t.comment(result.stdout, result.stderr);
};
const debs = (version: string): string[] =>
  ["hub", "node", "phrases"].map((name) => `/mnt/debs/${version}/${name}.deb`);
const show = (unit: Unit, property: string): string => run("systemctl", "show", "--value", "-p", property, unit);
const barnacle = <R>(...args: string[]): R =>
  JSON.parse(run("barnacle", ...args, "--json", "--state-dir", STATE["barnacle-hub"])) as R;

async function until<R>(what: string, probe: () => R | undefined | false): Promise<R> {
  let last: unknown;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(300)) {
    try {
      const found = probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
  }
  const journal = run("journalctl", "--no-pager", "-n", "60", "-u", UNITS[0], "-u", UNITS[1]);
  throw new Error(`${what} did not come about: ${String(last)}\n${journal}`);
}

interface Device {
  readonly deviceId: string;
  readonly online: boolean;
  readonly roles: readonly string[];
}

const node = (): Device | undefined =>
  barnacle<Device[]>("devices", "list").find(({ roles }) => roles.includes("node"));
const online = (): Promise<Device> =>
  until("the node's return", () => {
    const device = node();
    return device?.online ? device : undefined;
  });
const active = (unit: Unit): Promise<true> => until(`${unit} to be up`, () => show(unit, "ActiveState") === "active");

/** Waits until the service manager has started the unit once more than before. */
async function restarted(unit: Unit, before: number, pid: string): Promise<void> {
  await until(`${unit} to be started again`, () => Number(show(unit, "NRestarts")) > before);
  await until(`${unit} to be ready`, () => show(unit, "ActiveState") === "active" && show(unit, "MainPID") !== pid);
}

let deviceId = "";

t.test("installed: both units are ready by their own word, the node is paired and obeys", async (t) => {
  dpkg(t, "-i", ...debs("old"));
  for (const unit of UNITS) {
    await active(unit);
    t.equal(show(unit, "Type"), "notify");
    t.equal(show(unit, "WatchdogUSec"), "30s");
    t.equal(run("stat", "-c", "%U %a", STATE[unit]), `${unit === "barnacle-hub" ? "barnacle" : unit} 700`);
  }
  const [request] = await until("a request to be paired", () => {
    const pending = barnacle<{ requestId: string }[]>("devices", "pending");
    return pending.length > 0 ? pending : undefined;
  });
  barnacle("devices", "approve", request?.requestId ?? "");
  deviceId = (await online()).deviceId;
  t.match(barnacle("invoke", deviceId, "device.info", "{}"), { ok: true });
});

t.test("exposure", async (t) => {
  for (const unit of UNITS) {
    const words = run("systemd-analyze", "security", "--no-pager", `${unit}.service`).split("\n").at(-1) ?? "";
    const exposure = Number(/: (\d+\.\d+) /.exec(words)?.[1]);
    t.ok(exposure <= EXPOSURE, words);
  }
});

t.test("kill -9: started again, paired still", async (t) => {
  for (const unit of UNITS) {
    const before = Number(show(unit, "NRestarts"));
    const pid = show(unit, "MainPID");
    run("kill", "-9", pid);
    await restarted(unit, before, pid);
  }
  t.equal((await online()).deviceId, deviceId);
});

t.test("a busy loop: the watchdog ends it", async (t) => {
  const pid = show("barnacle-node", "MainPID");
  const before = Number(show("barnacle-node", "NRestarts"));
  // Node opens its inspector at this signal; what it is told to do there is what a bug would do.
  run("kill", "-USR1", pid);
  const [{ webSocketDebuggerUrl } = { webSocketDebuggerUrl: "" }] = await inspector();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "for (;;) {}" } }));
  await restarted("barnacle-node", before, pid);
  socket.close();
  t.match(run("journalctl", "--no-pager", "-u", "barnacle-node"), /Watchdog timeout/);
  t.equal((await online()).deviceId, deviceId);
  t.match(barnacle("invoke", deviceId, "device.info", "{}"), { ok: true });
});

t.test("stopped: a clean end", async (t) => {
  for (const unit of UNITS.toReversed()) {
    run("systemctl", "stop", unit);
    t.equal(show(unit, "Result"), "success");
    t.equal(show(unit, "ExecMainStatus"), "0", `${unit} ends by itself`);
    run("systemctl", "start", unit);
  }
  t.equal((await online()).deviceId, deviceId);
});

t.test("upgraded: state and configuration are kept", async (t) => {
  writeFileSync("/etc/barnacle/node.yaml", "name: Renamed\nroom: attic\n");
  const turn = barnacle<{ turnId: string }>("ask", "what time is it");
  dpkg(t, "--force-confold", "-i", ...debs("new"));
  for (const unit of UNITS) {
    await active(unit);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own format.
    t.equal(run("dpkg-query", "-W", "-f=${Version}", unit), "0.0.2");
  }
  t.equal((await online()).deviceId, deviceId, "the same node, without a new approval");
  t.match(barnacle("turns", "show", turn.turnId), { turnId: turn.turnId });
  t.match(barnacle("audit", "verify"), { ok: true });
  t.equal(readFileSync("/etc/barnacle/node.yaml", "utf8"), "name: Renamed\nroom: attic\n");
});

t.test("removed: state stays; purged: it is gone", async (t) => {
  dpkg(t, "-r", "barnacle-wake-phrases", ...UNITS);
  for (const unit of UNITS) {
    t.not(show(unit, "ActiveState"), "active");
    t.ok(existsSync(STATE[unit]), `${STATE[unit]} is kept`);
  }
  dpkg(t, "-P", ...UNITS);
  for (const unit of UNITS) t.notOk(existsSync(STATE[unit]), `${STATE[unit]} is gone`);
  t.notOk(existsSync("/etc/barnacle/node.yaml"));
  t.equal(spawnSync("pgrep", ["-u", "barnacle-node"]).status, 1, "nothing of it runs");
});

function inspector(): Promise<{ webSocketDebuggerUrl: string }[]> {
  return until("the inspector", () => {
    const answer = spawnSync(process.execPath, ["-e", INSPECTORS], { encoding: "utf8" });
    return answer.status === 0 ? (JSON.parse(answer.stdout) as { webSocketDebuggerUrl: string }[]) : undefined;
  });
}

const INSPECTORS = `fetch("http://127.0.0.1:9229/json").then((r) => r.text()).then((text) => process.stdout.write(text))`;
