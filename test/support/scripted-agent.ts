/**
 * An agent that does what a small file says: real commits in its worktree, and every way in which agents go wrong. Started as
 * a runner: `argv: [node, scripted-agent.ts, <directory of scripts>]`, `prompt: protocol`.
 *
 * Its script is `<directory>/<bead>.script`, else `<directory>/<name of the agent>.script`, else `<directory>/default.script`.
 * One command a line; `#` begins a remark; lengths are `200ms`, `2s`, `1m`:
 *
 * | command | what it does |
 * | --- | --- |
 * | `heartbeat <length>` | says so often from now on that it goes on |
 * | `progress <percent> [text]` | says how far it is |
 * | `write <file> <text>` | a file with this text and a line end |
 * | `append <file> <text>` | a line more |
 * | `commit <message>` | everything in the worktree, as one commit |
 * | `fail-tests` | commits a file `TESTS_FAIL`, which a rig's test command may look for |
 * | `run <command>` | by the shell, in the worktree; its failure is the agent's |
 * | `barnacle <words>` | the command line, as this agent; its failure is only told |
 * | `say <text>` | into the log |
 * | `sleep <length>` | does nothing for so long |
 * | `wait-nudge` | waits until somebody nudges it |
 * | `escalate <severity> <subject>` | asks for help |
 * | `handoff [subject]` | ends this session; the next life goes on |
 * | `done [COMPLETED, ESCALATED or DEFERRED] [summary]` | says that it is done, and ends when that was accepted |
 * | `offline <length>` | hears and says nothing for so long; what it says meanwhile is said afterwards |
 * | `hang` | is silent for ever, and ends neither when asked nor by SIGTERM |
 * | `crash [code]` | ends (3) |
 * | `kill` | is killed (SIGKILL) |
 * | `life <n> <command>`, `life >n <command>` | only in its n-th life on this bead; in every later one |
 *
 * Every life is a line of `<directory>/lives.jsonl`: `{bead, agent, life, pid, at}`. A script that ends says `done`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

interface Heard {
  readonly type: string;
  readonly [member: string]: unknown;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const directory = process.argv[2] ?? ".";
const agent = process.env.BARNACLE_ACTOR ?? "nobody";
const heard: Heard[] = [];
const waiting = new Set<() => void>();
let offline = false;
let deaf = false;
const kept: object[] = [];

function say(line: object): void {
  if (offline) kept.push(line);
  else process.stdout.write(`${JSON.stringify(line)}\n`);
}

function log(text: string): void {
  process.stdout.write(`${text}\n`);
}

function lengthOf(text = ""): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  return Number(number ?? 1) * (UNITS[unit] ?? 1000);
}

/** The first line heard from now on, or before, that fits. */
async function hear(fits: (line: Heard) => boolean): Promise<Heard> {
  for (;;) {
    const at = heard.findIndex(fits);
    if (at >= 0) return heard.splice(at, 1)[0] as Heard;
    await new Promise<void>((resolve) => {
      waiting.add(resolve);
    });
  }
}

function lifeOf(bead: string): number {
  const file = path.join(directory, "lives.jsonl");
  const before = existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
  const life = before.filter((line) => JSON.parse(line).bead === bead).length + 1;
  appendFileSync(file, `${JSON.stringify({ bead, agent, life, pid: process.pid, at: Date.now() })}\n`);
  return life;
}

function scriptFor(bead: string): string[] {
  const names = [bead, agent.split("/").at(-1) ?? "", "default"];
  const file = names.map((name) => path.join(directory, `${name}.script`)).find((one) => existsSync(one));
  return file === undefined ? [] : readFileSync(file, "utf8").split("\n");
}

function git(...args: string[]): void {
  execFileSync("git", args, { stdio: "ignore" });
}

async function perform(line: string): Promise<void> {
  const [word = "", ...words] = line.trim().split(/\s+/);
  const [first = "", ...rest] = words;
  switch (word) {
    case "heartbeat":
      say({ type: "heartbeat" });
      setInterval(() => deaf || say({ type: "heartbeat" }), lengthOf(first)).unref();
      return;
    case "progress":
      return say({ type: "progress", percent: Number(first), text: rest.join(" ") });
    case "write":
      return writeFileSync(first, `${rest.join(" ")}\n`);
    case "append":
      return appendFileSync(first, `${rest.join(" ")}\n`);
    case "commit":
      git("add", "-A");
      return git("commit", "-q", "-m", words.join(" ") || "work");
    case "fail-tests":
      writeFileSync("TESTS_FAIL", "yes\n");
      git("add", "-A");
      return git("commit", "-q", "-m", "A change that breaks the tests");
    case "run":
      execFileSync("/bin/sh", ["-c", words.join(" ")], { stdio: "inherit" });
      return;
    case "barnacle": {
      const { status, stdout, stderr } = spawnSync("barnacle", words, { encoding: "utf8" });
      return log(`barnacle ${words.join(" ")}: ${status} ${stdout.trim()} ${stderr.trim()}`);
    }
    case "say":
      return log(words.join(" "));
    case "sleep":
      await pause(lengthOf(first));
      return;
    case "wait-nudge":
      await hear(({ type }) => type === "nudge" || type === "mail");
      return;
    case "escalate":
      say({ type: "escalate", severity: first, subject: rest.join(" ") });
      await hear(({ of }) => of === "escalate");
      return;
    case "handoff":
      say({ type: "handoff", subject: words.join(" ") });
      await hear(({ type }) => type === "stop");
      return process.exit(0);
    case "done":
      return finish(words);
    case "offline":
      offline = true;
      await pause(lengthOf(first));
      offline = false;
      for (const line of kept.splice(0)) say(line);
      return;
    case "hang":
      deaf = true;
      process.on("SIGTERM", () => {});
      setInterval(() => {}, 60_000);
      return new Promise(() => {});
    case "crash":
      return process.exit(Number(first || 3));
    case "kill":
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => {});
    default:
      log(`no such command: ${line}`);
      process.exit(64);
  }
}

async function finish(words: readonly string[]): Promise<void> {
  const [first = ""] = words;
  const status = /^(COMPLETED|ESCALATED|DEFERRED)$/.test(first) ? first : undefined;
  const summary = words.slice(status === undefined ? 0 : 1).join(" ") || "done";
  say({ type: "done", status: status ?? "COMPLETED", summary });
  const answer = await hear(({ of }) => of === "done");
  if (answer.type === "accepted") process.exit(0);
  log(`not done: ${answer.message}`);
  process.exit(1);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  let said: Heard;
  try {
    said = JSON.parse(line);
  } catch {
    return;
  }
  if (said.type === "stop" && !deaf && !offline) process.exit(0);
  heard.push(said);
  for (const wake of [...waiting]) {
    waiting.delete(wake);
    wake();
  }
});

const task = await hear(({ type }) => type === "task");
const life = lifeOf(String(task.bead));
log(`life ${life} on ${task.bead}`);
for (const line of [...scriptFor(String(task.bead)), "done"]) {
  if (line.trim() === "" || line.trim().startsWith("#")) continue;
  const [, later, wanted, command] = /^life (>?)(\d+) (.*)$/.exec(line.trim()) ?? [];
  if (command === undefined) await perform(line);
  else if (later ? life > Number(wanted) : life === Number(wanted)) await perform(command);
}
