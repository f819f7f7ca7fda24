import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { AuditRecord } from "../../services.ts";
import { timestamp } from "../format.ts";
import type { GatewayClient } from "../gateway/client.ts";
import { count } from "../gateway/parse.ts";
import { example, type Family } from "../session.ts";

type Verdict =
  | { readonly ok: true; readonly records: number; readonly head: string }
  | { readonly ok: false; readonly records: number; readonly seq: number; readonly problem: string };

const PAGE = 500;

export const auditFamily: Family = (program, open) => {
  const audit = program.command("audit").description("what was decided and done; append-only, hash-chained");

  example(
    audit.command("list").description("the last records").option("--limit <n>", "how many", count, 20),
    "barnacle audit list --limit 5",
  ).action(async (options: { limit: number }, command: Command) => {
    const session = open(command);
    const { records } = await session.hub((client) =>
      client.call<{ records: readonly AuditRecord[] }>("barnacle.audit.list", { limit: options.limit }),
    );
    session.out.list(
      records,
      [
        { title: "SEQ", value: (record) => record.seq },
        { title: "TIME", value: (record) => timestamp(record.at), paint: (text, _r, style) => style.dim(text) },
        { title: "KIND", value: (record) => record.kind },
        {
          title: "WHO",
          value: (record) => `${record.principal.kind}:${record.principal.name ?? record.principal.id.slice(0, 12)}`,
        },
        { title: "SUBJECT", value: (record) => record.subject },
        { title: "DATA", value: (record) => JSON.stringify(record.data) },
      ],
      "No records yet.",
    );
  });

  example(
    audit
      .command("verify")
      .description("check the whole chain of the hub, or of an exported file")
      .option("--file <file>", "an export (JSON lines); needs no hub"),
    "barnacle audit verify",
    "barnacle audit verify --file audit.jsonl",
  ).action(async (options: { file?: string }, command: Command) => {
    const session = open(command);
    const verdict = await (options.file === undefined
      ? session.hub((client) => client.call<Verdict>("barnacle.audit.verify", {}, 120_000))
      : verifyFile(options.file));
    if (!verdict.ok)
      throw new BarnacleError("AUDIT_BROKEN", `record ${verdict.seq} of ${verdict.records}: ${verdict.problem}`, {
        details: { ...verdict },
      });
    session.out.print(
      verdict,
      (style) => `${style.green("✓")} ${verdict.records} records, unbroken; head ${verdict.head.slice(0, 16)}…`,
    );
  });

  example(
    audit.command("export").description("every record as JSON lines on standard output"),
    "barnacle audit export > audit.jsonl",
  ).action(async (_options: object, command: Command) => {
    const session = open(command);
    await session.hub(async (client) => {
      for await (const record of everyRecord(client)) session.out.line(JSON.stringify(record));
    });
  });
};

async function* everyRecord(client: GatewayClient): AsyncGenerator<AuditRecord> {
  for (let after = 0; ; ) {
    const { records } = await client.call<{ records: readonly AuditRecord[] }>("barnacle.audit.export", {
      after,
      limit: PAGE,
    });
    yield* records;
    const last = records.at(-1);
    if (!last || records.length < PAGE) return;
    after = last.seq;
  }
}

async function verifyFile(file: string): Promise<Verdict> {
  const { verifyExport } = await import("../audit-file.ts");
  return verifyExport(file);
}
