import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { CronJob, CronRun } from "../../services.ts";
import { timestamp } from "../format.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family } from "../session.ts";
import type { TableColumn } from "../table.ts";

interface AddOptions {
  readonly at?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly message?: string;
  readonly text?: string;
  readonly to?: string;
  readonly deleteAfterRun?: boolean;
}

/** Longest wait for a run to end. */
const RUN_LIMIT_MS = 600_000;

const JOBS: readonly TableColumn<CronJob>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "name", value: ({ name }) => name },
  { title: "when", value: ({ schedule }) => whenText(schedule) },
  { title: "next", value: ({ enabled, state }) => (enabled ? time(state.nextRunAtMs) : "off") },
  { title: "last", value: ({ state }) => state.lastStatus },
];

const RUNS: readonly TableColumn<CronRun>[] = [
  { title: "time", value: ({ runAtMs }) => time(runAtMs) },
  { title: "job", value: ({ jobName, jobId }) => jobName ?? jobId },
  { title: "status", value: ({ status }) => status },
  { title: "took", value: ({ durationMs }) => `${durationMs} ms` },
  { title: "what", value: ({ error, summary }) => error ?? summary },
];

export const cronFamily: Family = (program, open) => {
  const cron = program.command("cron").description("jobs that run by the clock");

  example(cron.command("list").description("soonest first, those that are off last"), "barnacle cron list").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const jobs = await session.hub(allJobs);
      session.out.list(jobs, JOBS, "no jobs");
    },
  );

  example(
    cron
      .command("add <name>")
      .description("a job that asks the agent (--message), or leaves a text for the main session (--text)")
      .option("--at <time>", "once: ISO 8601, or from now: 20m, 2h")
      .option("--every <duration>", "again and again: 30m, 1h30m, 1d")
      .option("--cron <expression>", "five or six fields: '30 7 * * 1-5'")
      .option("--tz <zone>", "zone of the expression: Europe/Berlin")
      .option("--message <text>", "what the agent is asked")
      .option("--text <text>", "what the main session is told")
      .option("--to <room>", "speak the answer in a room, or `all`")
      .option("--delete-after-run", "remove the job when it has run once"),
    'barnacle cron add bins --cron "0 19 * * 3" --tz Europe/Berlin --text "put the bins out"',
    'barnacle cron add tea --at 4m --message "say that the tea is ready" --to kitchen --delete-after-run',
  ).action(async (name: string, options: AddOptions, command: Command) => {
    const session = open(command);
    const wanted = jobOf(name, options, Date.now());
    const job = await session.hub((client) => client.call<CronJob>("cron.add", wanted));
    session.out.print(shown(job), () => `Job ${job.id}: next at ${time(job.state.nextRunAtMs)}`);
  });

  example(
    cron.command("run <job>").description("run it now, and wait for its end").option("--due", "only if it is due"),
    "barnacle cron run 0197f4c2",
  ).action(async (job: string, options: { due?: boolean }, command: Command) => {
    const session = open(command);
    const result = await session.hub(async (client) => {
      const mode = options.due ? "due" : "force";
      const params = { id: await idOf(client, job), mode, wait: true };
      return client.call<{ ran: boolean; reason?: string }>("cron.run", params, RUN_LIMIT_MS);
    });
    session.out.print(result, () =>
      result.ran ? "It ran; see barnacle cron runs." : `It did not run: ${result.reason}`,
    );
    if (!result.ran) session.fail();
  });

  example(cron.command("rm <job>").description("remove it"), "barnacle cron rm 0197f4c2").action(
    async (job: string, _options: object, command: Command) => {
      const session = open(command);
      const result = await session.hub(async (client) =>
        client.call<{ removed: boolean }>("cron.remove", { id: await idOf(client, job) }),
      );
      session.out.print(result, () => (result.removed ? "Removed." : "There was no such job."));
      if (!result.removed) session.fail();
    },
  );

  example(
    cron
      .command("runs [job]")
      .description("what became of the last runs, newest first")
      .option("--limit <n>", "how many", count, 20),
    "barnacle cron runs --limit 5",
  ).action(async (job: string | undefined, options: { limit: number }, command: Command) => {
    const session = open(command);
    const entries = await session.hub(async (client) => {
      const which = job === undefined ? {} : { id: await idOf(client, job) };
      const page = await client.call<{ entries: CronRun[] }>("cron.runs", { ...which, limit: options.limit });
      return page.entries.toSorted((a, b) => b.ts - a.ts);
    });
    session.out.list(entries, RUNS, "no runs");
  });
};

async function allJobs(client: GatewayClient): Promise<CronJob[]> {
  const { jobs } = await client.call<{ jobs: CronJob[] }>("cron.list", { includeDisabled: true, limit: 5000 });
  return jobs.map(shown);
}

/** Protocol 3 says a single time as a number; `--json` has one shape. */
function shown(job: CronJob): CronJob {
  const { atMs } = job.schedule as { atMs?: number };
  return atMs === undefined ? job : { ...job, schedule: { kind: "at", at: new Date(atMs).toISOString() } };
}

/** By id, by its beginning, or by name. @throws NOT_FOUND, CONFLICT */
async function idOf(client: GatewayClient, given: string): Promise<string> {
  const jobs = await allJobs(client);
  const found = jobs.filter(({ id, name }) => id === given || name === given);
  const matching = found.length > 0 ? found : jobs.filter(({ id }) => id.startsWith(given));
  const [only, another] = matching;
  if (!only) {
    throw new BarnacleError("NOT_FOUND", `no job is called ${given.slice(0, 80)}`, { hint: "See barnacle cron list." });
  }
  if (another)
    throw new BarnacleError("CONFLICT", `${matching.length} jobs are meant by ${given.slice(0, 80)}; give the id`);
  return only.id;
}

function jobOf(name: string, options: AddOptions, now: number): object {
  const { at, every, cron, tz, message, text, to, deleteAfterRun } = options;
  if ([at, every, cron].filter((one) => one !== undefined).length !== 1)
    throw usage("give one of --at, --every, --cron");
  if ((message === undefined) === (text === undefined)) throw usage("give either --message or --text");
  if (text !== undefined && to !== undefined)
    throw usage("--to goes with --message: it says where the answer is spoken");
  return {
    ...{ name, enabled: true, wakeMode: "now", sessionTarget: message === undefined ? "main" : "isolated" },
    schedule: scheduleOf({ at, every, cron, tz }, now),
    payload:
      message === undefined
        ? { kind: "systemEvent", text }
        : { kind: "agentTurn", message, ...(to === undefined ? {} : { deliver: true, channel: "rooms", to }) },
    ...(deleteAfterRun ? { deleteAfterRun } : {}),
  };
}

function scheduleOf({ at, every, cron, tz }: Pick<AddOptions, "at" | "every" | "cron" | "tz">, now: number): object {
  if (cron !== undefined) return { kind: "cron", expr: cron, ...(tz === undefined ? {} : { tz }) };
  if (every !== undefined) {
    const everyMs = durationMs(every);
    if (everyMs === undefined) throw usage(`--every: "${every}" is no duration; expected one like 30m`);
    return { kind: "every", everyMs };
  }
  const fromNow = durationMs(at ?? "");
  const atMs = fromNow === undefined ? Date.parse(at ?? "") : now + fromNow;
  if (Number.isNaN(atMs))
    throw usage(`--at: "${at}" is no time; expected ISO 8601, or 20m for twenty minutes from now`);
  return { kind: "at", atMs };
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationMs(text: string): number | undefined {
  if (!/^(\d+[smhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, n, unit = "s"]) => sum + Number(n) * (UNITS[unit] ?? 0),
    0,
  );
}

function whenText(schedule: CronJob["schedule"]): string {
  if (schedule.kind === "at") return "once";
  if (schedule.kind === "every") return `every ${schedule.everyMs / 1000} s`;
  return [schedule.expr, schedule.tz].filter(Boolean).join(" ");
}

function time(ms: number | undefined): string {
  return ms === undefined ? "" : timestamp(ms);
}

function usage(text: string): BarnacleError {
  return new BarnacleError("USAGE", `barnacle cron add: ${text}`);
}
