import t from "tap";
import { environmentOf } from "./environment.ts";
import { PRESETS } from "./presets.ts";
import { commandOf, runnerOf } from "./runners.ts";
import { saidIn } from "./wire.ts";

t.test("a runner is a preset, a changed preset, or any command", async (t) => {
  const plain = runnerOf("codex", {});
  t.same(commandOf(plain, { prompt: "do it", repo: "/r.git", resume: false }), {
    program: "codex",
    args: ["exec", "--sandbox", "workspace-write", "--add-dir", "/r.git", "--json", "-"],
  });
  t.match(commandOf(plain, { prompt: "", resume: true }).args.join(" "), /resume --last -$/);
  const changed = runnerOf("mine", { mine: { preset: "claude", args: ["--model", "opus"], passEnv: ["MY_KEY"] } });
  t.equal(changed.prompt, "stdin");
  t.same(changed.argv.slice(-2), ["--model", "opus"]);
  t.same(changed.resume?.slice(-2), ["--model", "opus"]);
  t.ok(changed.passEnv.includes("MY_KEY") && changed.passEnv.includes("ANTHROPIC_API_KEY"));
  const any = runnerOf("any", { any: { argv: ["./agent", "--go"] } });
  t.match(any, { argv: ["./agent", "--go"], prompt: "protocol", passEnv: [] });
  t.equal(any.resume, undefined);
  t.throws(() => runnerOf("nobody", { any: { argv: ["x"] } }), {
    code: "RUNNER_UNKNOWN",
    message: /any, claude, codex/,
  });
  t.throws(() => runnerOf("empty", { empty: { args: ["x"] } }), { code: "RUNNER_UNKNOWN" });
});

t.test("a prompt goes in as it is, whatever signs it has", async (t) => {
  const runner = runnerOf("opencode", {});
  const prompt = "cost: $& $1 {repo} `x`";
  t.equal(commandOf(runner, { prompt, resume: false }).args.at(-1), prompt);
});

t.test("each preset says how it learns its work, and shows it", async (t) => {
  for (const [name, preset] of Object.entries(PRESETS)) {
    const shows = preset.argv.includes("{prompt}");
    t.equal(preset.prompt === "argument", shows, name);
    if (preset.resume) t.equal(preset.prompt === "argument", preset.resume.includes("{prompt}"), `${name} resumed`);
  }
});

t.test("no variable of the hub reaches a worker but those that are meant for it", async (t) => {
  const hub = {
    ...{ PATH: "/usr/bin", HOME: "/home/anna", LANG: "C.UTF-8", ANTHROPIC_API_KEY: "key" },
    ...{
      BARNACLE_TOKEN: "canary",
      AWS_SECRET_ACCESS_KEY: "canary",
      NODE_OPTIONS: "--canary",
      OPENAI_API_KEY: "canary",
    },
  };
  const facts = {
    ...{ address: "barn/polecats/toast", role: "polecat", rig: "barn", bead: "bn-1", worktree: "/w", stateDir: "/s" },
    ...{ token: "t", runId: "r", bin: "/s/bin" },
  };
  const env = environmentOf(
    hub,
    { ...PRESETS.claude, passEnv: ["ANTHROPIC_API_KEY", "BARNACLE_TOKEN"], env: {} },
    facts,
  );
  t.notMatch(JSON.stringify(env), /canary/);
  t.match(env, {
    ...{
      ANTHROPIC_API_KEY: "key",
      PATH: "/s/bin:/usr/bin",
      HOME: "/home/anna",
      GIT_AUTHOR_NAME: "barn/polecats/toast",
    },
    ...{ BARNACLE_ACTOR: "barn/polecats/toast", BD_ACTOR: "barn/polecats/toast", BARNACLE_ROLE: "polecat" },
    ...{ BARNACLE_RIG: "barn", BARNACLE_BEAD: "bn-1", BARNACLE_WORKTREE: "/w", BARNACLE_STATE_DIR: "/s" },
    ...{ BARNACLE_AGENT_TOKEN: "t", BARNACLE_RUN: "r" },
  });
});

t.test("lines that say something are told from log", async (t) => {
  t.same(saidIn('{"type":"heartbeat"}'), { type: "heartbeat" });
  t.same(saidIn('{"type":"progress","percent":140,"text":"half"}'), { type: "progress", percent: 100, text: "half" });
  t.same(saidIn('{"type":"progress"}'), { type: "progress" });
  t.same(saidIn('{"type":"done"}'), { type: "done", status: "COMPLETED" });
  t.same(saidIn('{"type":"done","status":"DEFERRED","summary":"later"}'), {
    ...{ type: "done", status: "DEFERRED", summary: "later" },
  });
  t.match(saidIn('{"type":"escalate","severity":"loud"}'), { severity: "medium", subject: "help is needed" });
  t.same(saidIn('{"type":"handoff","message":"next"}'), { type: "handoff", message: "next" });
  for (const log of [
    "",
    "hello",
    "{",
    '{"type":"assistant"}',
    "[1]",
    "null",
    `{"type":"done","summary":"${"x".repeat(70_000)}"}`,
  ]) {
    t.equal(saidIn(log), undefined, log.slice(0, 20));
  }
});
