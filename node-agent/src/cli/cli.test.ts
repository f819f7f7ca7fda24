import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Events } from "@barnacle/protocol/runtime";
import t from "tap";
import type { NodeEventMap } from "../events.ts";
import { printEvents } from "./event-lines.ts";
import { shortLine } from "./log.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/audio", import.meta.url));

function start(args: string[], env: Record<string, string> = {}) {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = start(args);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

t.test("help names every command and ends well", async (t) => {
  const { code, out } = await run("--help");
  t.equal(code, 0);
  for (const word of ["run", "doctor", "wake-test", "config", "--setup-code", "--events"]) t.match(out, word);
});

t.test("a wrong command line is exit status 2, and JSON when asked for", async (t) => {
  const flag = await run("--no-such-flag", "--json");
  t.equal(flag.code, 2);
  t.match(JSON.parse(flag.err), { error: { code: "USAGE", message: /no-such-flag/, hint: String } });
  const command = await run("dance");
  t.equal(command.code, 2);
  t.match(command.err, /no command "dance"/);
  for (const args of [["config"], ["wake-test"], ["--log-level", "loud"], ["run", "extra"]]) {
    t.equal((await run(...args)).code, 2, args.join(" "));
  }
});

t.test("the configuration is checked before anything starts", async (t) => {
  const dir = t.testdir({ "bad.yaml": "rom: kitchen\n", "good.yaml": "room: kitchen\n" });
  const bad = await run("config", "check", "--config", path.join(dir, "bad.yaml"), "--json");
  t.equal(bad.code, 1);
  t.match(JSON.parse(bad.err).error, { code: "CONFIG_INVALID", message: /bad\.yaml:1: rom/ });
  const started = await run("--config", path.join(dir, "bad.yaml"), "--state-dir", dir);
  t.equal(started.code, 1);
  const good = await run("config", "check", "--config", path.join(dir, "good.yaml"), "--state-dir", dir, "--json");
  t.match(JSON.parse(good.out), { ok: true, room: "kitchen" });
  const schema = JSON.parse((await run("config", "schema")).out);
  t.match(schema, { type: "object", additionalProperties: false, properties: { wake: Object } });
});

t.test("a recording that is missing or of another format is named, and the others still count", async (t) => {
  const dir = t.testdir({ "text.wav": "not a sound" });
  const heard = path.join(FIXTURES, "wake-hey-jarvis-slt.wav");
  const { code, out } = await run(
    "wake-test",
    "--json",
    heard,
    path.join(dir, "text.wav"),
    path.join(dir, "absent.wav"),
  );
  t.equal(code, 1);
  const [first, second, third] = JSON.parse(out);
  t.match(first, {
    file: heard,
    detections: [{ engine: "openwakeword", phrase: "hey jarvis", score: Number, atMs: Number }],
  });
  // The phrase ends at 1457 ms of the file.
  t.ok(first.detections[0].atMs > 800 && first.detections[0].atMs < 2400, `at ${first.detections[0].atMs}`);
  t.match(second, { error: { code: "AUDIO_FORMAT" } });
  t.match(third, { error: { code: "FILE_UNREADABLE" } });
});

t.test("a wake engine that does not exist is named with those that do", async (t) => {
  const { code, err } = await run("wake-test", "--engine", "ear", "--json", "x.wav");
  t.equal(code, 1);
  t.match(JSON.parse(err).error, { code: "ENGINE_UNKNOWN", message: /openwakeword.*porcupine-keyless/ });
});

t.test("doctor tells of every engine whether it can be used, why not, and its licence", async (t) => {
  const { code, out } = await run("doctor", "--json", "--state-dir", t.testdir({}));
  t.equal(code, 0);
  const report = JSON.parse(out);
  for (const part of ["microphone", "wake", "endpoint", "speech", "voice"]) {
    for (const { availability } of report[part]) t.ok(availability.available || availability.reason, part);
  }
  t.match(report.wake[0].models[0], { licence: String, file: String });
  t.match((await run("doctor", "--state-dir", t.testdirName)).out, /openwakeword/);
});

t.test("a node runs without its hub, says what it does, and stops cleanly on SIGTERM", async (t) => {
  const dir = t.testdir({
    "node.yaml": "microphone: {driver: none}\nvoice: {engine: none, player: none}\nspeech: {engine: none}\n",
  });
  const child = start(["--state-dir", dir, "--hub", "http://127.0.0.1:9", "--events"]);
  const seen: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const event = JSON.parse(line);
    seen.push(`${event.part} ${event.state}`);
    if (event.state === "ready") child.kill("SIGTERM");
  });
  const [code] = await once(child, "close");
  t.equal(code, 0);
  t.match(seen, ["agent starting"]);
  t.ok(seen.includes("agent ready"));
  t.equal(seen.at(-1), "agent stopped");
});

t.test("events are one JSON line each, and sound in commands is left out", async (t) => {
  const events = new Events<NodeEventMap>();
  const lines: Record<string, unknown>[] = [];
  printEvents(
    events,
    (line) => lines.push(JSON.parse(line)),
    () => 42.5,
  );
  events.emit("state", { part: "link", state: "online" });
  const request = {
    commandId: "c",
    command: "audio.play",
    params: { wav: "A".repeat(100) },
    idempotencyKey: "k",
    timeoutMs: 1,
  };
  const result = { commandId: "c", idempotencyKey: "k", ok: true, duplicate: false, startedAt: 1, durationMs: 2 };
  events.emit("command", { request, result });
  t.match(lines, [
    { event: "state", at: 42, part: "link", state: "online" },
    { event: "command", command: "audio.play", params: { wav: "100 characters" }, ok: true },
  ]);
});

t.test("a log line for a terminal is short", async (t) => {
  const line = shortLine(JSON.stringify({ level: 40, time: 0, msg: "lost", code: "X", n: 1 }));
  t.equal(line, "00:00:00 warn  lost  code=X n=1\n");
});
