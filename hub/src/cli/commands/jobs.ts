import type { Command } from "commander";
import type { FleetJob, FleetJobNode } from "../../services.ts";
import { ago, shortId, timestamp } from "../format.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family, type Session } from "../session.ts";
import { renderFields, renderTable } from "../table.ts";
import { contentOf } from "./node-config.ts";

interface Staged {
  readonly stages: string;
  readonly maxFailures: number;
  readonly gate: number;
  readonly deadline: number;
}

interface Package {
  readonly sha256: string;
  readonly packageVersion?: string;
}

export const jobsFamily: Family = (program, open) => {
  const jobs = program.command("jobs").description("changes of many nodes, one stage after another");

  example(jobs.command("list").description("newest first"), "barnacle jobs list").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const list = await session.hub(
        async (client) => (await client.call<{ jobs: FleetJob[] }>("barnacle.jobs.list")).jobs,
      );
      session.out.list(
        list,
        [
          { title: "JOB", value: ({ jobId }) => shortId(jobId) },
          { title: "KIND", value: ({ spec }) => spec.kind },
          { title: "TARGET", value: ({ spec }) => spec.target },
          { title: "STATUS", value: ({ status }) => status },
          { title: "NODES", value: tally },
          { title: "BEGUN", value: ({ createdAtMs }) => ago(createdAtMs, Date.now()) },
        ],
        "No jobs.",
      );
    },
  );

  example(jobs.command("show <job>").description("what became of each node"), "barnacle jobs show 0197f4c2").action(
    async (jobId: string, _options: object, command: Command) => {
      const session = open(command);
      const { job } = await session.hub((client) => client.call<{ job: FleetJob }>("barnacle.jobs.show", { jobId }));
      print(session, job);
    },
  );

  example(
    jobs
      .command("cancel <job>")
      .description("leave out who has not had it; a configuration is taken back from the others"),
    "barnacle jobs cancel 0197f4c2",
  ).action(async (jobId: string, _options: object, command: Command) => {
    const session = open(command);
    const { job } = await session.hub((client) => client.call<{ job: FleetJob }>("barnacle.jobs.cancel", { jobId }));
    print(session, job);
  });

  staged(
    jobs
      .command("config <target> [key=value...]")
      .description("roll a change of the configuration out to fleet, group:NAME, room:NAME or node:DEVICE")
      .option("--file <file>", "the members of a YAML file"),
    "barnacle jobs config fleet wake.threshold=0.6 --stages 1,10%,100%",
  ).action(async (target: string, pairs: string[], options: Staged & { file?: string }, command: Command) => {
    await begin(open(command), { kind: "config", target, config: await contentOf(pairs, options.file) }, options);
  });

  staged(
    jobs.command("restart <target>").description("start the nodes anew, a few at a time"),
    "barnacle jobs restart room:kitchen",
  ).action(async (target: string, options: Staged, command: Command) => {
    await begin(open(command), { kind: "restart", target }, options);
  });

  staged(
    jobs
      .command("update <target> <source>")
      .description("let the nodes install a package: an address, or a path on them")
      .requiredOption("--sha256 <hex>", "of the package")
      .option("--package-version <version>", "what the node must say that it runs afterwards"),
    "barnacle jobs update group:upstairs https://example.org/barnacle-node.deb --sha256 …",
  ).action(async (target: string, source: string, options: Staged & Package, command: Command) => {
    const { sha256, packageVersion: version } = options;
    const wanted = { source, sha256, ...(version === undefined ? {} : { version }) };
    await begin(open(command), { kind: "update", target, package: wanted }, options);
  });
};

function staged(command: Command, line: string): Command {
  return example(
    command
      .option("--stages <list>", "how many have had it after each stage", "1,25%,100%")
      .option("--max-failures <n>", "more of them stop the job", count, 0)
      .option("--gate <seconds>", "a node must be back, well and in sync within", count, 180)
      .option("--deadline <seconds>", "nodes that were away all this time are left out", count, 3600),
    line,
  );
}

async function begin(session: Session, what: object, options: Staged): Promise<void> {
  const { job } = await session.hub((client) =>
    client.call<{ job: FleetJob }>("barnacle.jobs.create", {
      ...what,
      stages: options.stages.split(","),
      ...{ maxFailures: options.maxFailures, gateS: options.gate, deadlineS: options.deadline },
    }),
  );
  session.out.print(
    job,
    () => `Job ${job.jobId}: ${job.nodes.length} nodes; see barnacle jobs show ${shortId(job.jobId)}`,
  );
}

function print(session: Session, job: FleetJob): void {
  session.out.print(job, (style) =>
    [
      renderFields(
        [
          ["job", job.jobId],
          ["kind", job.spec.kind],
          ["target", job.spec.target],
          ["status", job.status],
          ["reason", job.reason],
          ["stages", job.spec.stages.join(", ")],
          ["begun", `${timestamp(job.createdAtMs)} by ${job.createdBy}`],
        ],
        style,
      ),
      renderTable<FleetJobNode>(
        job.nodes,
        [
          { title: "STAGE", value: ({ stage }) => stage + 1 },
          { title: "NODE", value: ({ deviceId }) => shortId(deviceId) },
          { title: "STATUS", value: ({ status }) => status },
          { title: "WHY", value: ({ detail }) => detail },
        ],
        style,
      ),
    ].join("\n\n"),
  );
}

/** "3 done, 1 failed". */
function tally({ nodes }: FleetJob): string {
  const counts = new Map<string, number>();
  for (const { status } of nodes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, n]) => `${n} ${status}`).join(", ");
}
