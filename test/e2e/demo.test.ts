import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t, { type Test as T } from "tap";
import { HUB_BIN, ROOT, Running, runOnce } from "../support/process.ts";

const clip = (name: string): string => path.join(ROOT, "test", "fixtures", "audio", name);
const STAGES = ["wake", "listen", "endpoint", "recognise", "deliver", "intent", "policy", "route", "command", "reply"];

/** A home of its own, so that nobody's real key, state or configuration is touched. */
function home(t: T): Record<string, string> {
  const directory = mkdtempSync(path.join(tmpdir(), "barnacle-home-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return { HOME: directory, XDG_CONFIG_HOME: "", XDG_STATE_HOME: "", BARNACLE_STATE_DIR: "" };
}

async function once(t: T, ...args: string[]) {
  const ran = await runOnce(HUB_BIN, ["demo", "--once", "--json", ...args], home(t));
  const lines = ran.stdout.trimEnd().split("\n");
  t.equal(lines.length, 1, `one line on standard output\n${ran.stderr}`);
  return { code: ran.code, summary: JSON.parse(lines[0] ?? "") };
}

const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("barnacle-demo-"));

t.test("the bundled recording turns on the kitchen light", async (t) => {
  const before = leftovers();
  const { code, summary } = await once(t);
  t.match(summary, {
    ok: true,
    wake: { engine: "openwakeword", phrase: "hey jarvis", score: Number, latencyMs: Number },
    transcript: "turn on the kitchen light",
    intent: String,
    route: { nodeId: /^[0-9a-f]{64}$/, why: String },
    command: { command: "gpio.write", params: { line: 2, value: 1 } },
    result: Object,
    reply: /kitchen light/i,
    stages: Object,
  });
  t.equal(code, 0);
  for (const stage of [...STAGES, "synthesise", "play", "speechEndToAction"])
    t.type(summary.stages[stage], "number", `the time of ${stage}`);
  t.same(leftovers(), before, "nothing is left behind");
});

t.test("a question is answered without a command", async (t) => {
  const { code, summary } = await once(t, "--audio", clip("cmd-what-time-m3.wav"), "--room", "bedroom");
  t.match(summary, { ok: true, command: null, result: null, route: null, reply: /./ });
  t.equal(code, 0);
});

t.test("what cannot be carried out says why", async (t) => {
  const text = path.join(t.testdir(), "text.wav");
  writeFileSync(text, "no wave file at all");
  const cases: readonly [string, object][] = [
    [clip("neg-talk-rms.wav"), { code: "NO_WAKE", reason: /no wake phrase was heard/, wake: null }],
    [clip("wake-hey-jarvis-slt.wav"), { code: "NO_SPEECH", wake: { phrase: "hey jarvis" } }],
    [text, { code: "AUDIO_FORMAT", reason: /RIFF/, wake: null }],
    ["/nowhere/at-all.wav", { code: "FILE_UNREADABLE", reason: /at-all\.wav/ }],
  ];
  for (const [file, expected] of cases) {
    const { code, summary } = await once(t, "--audio", file);
    t.match(summary, { ok: false, ...expected }, file);
    t.equal(code, 1, file);
  }
});

t.test("the demo stays up, shows its turns, is found by plain commands and stops both processes", async (t) => {
  const env = home(t);
  const state = path.join(env.HOME ?? "", ".local", "state", "barnacle-demo");
  const demo = new Running("demo", HUB_BIN, ["demo"], env);
  t.teardown(() => demo.kill());
  const text = (): string => demo.lines.map((line) => line.text ?? "").join("\n");
  await demo.until("what to try next", () => (text().includes("Ctrl-C stops both") ? true : undefined));
  t.match(text(), /wake .*“hey jarvis”/);
  t.match(text(), /reply +“/);
  t.notOk(text().includes(String.fromCharCode(27)), "no escape sequences in a pipe");
  const asked = await runOnce(HUB_BIN, ["ask", "turn off the kitchen light", "--json"], env);
  t.match(JSON.parse(asked.stdout), { ok: true, commands: [{ command: "gpio.write", params: { line: 2, value: 0 } }] });
  const listed = await runOnce(HUB_BIN, ["devices", "list", "--json"], env);
  t.match(
    JSON.parse(listed.stdout).filter((device: { roles: string[] }) => device.roles.includes("node")),
    [{ displayName: "Kitchen", online: true }],
  );
  t.equal(await demo.stop(), 0);
  const gone = await runOnce(HUB_BIN, ["status", "--json", "--state-dir", state], env);
  t.match(JSON.parse(gone.stderr), { error: { code: "HUB_UNREACHABLE" } });
});
