import type { Log } from "@barnacle/protocol/runtime";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { ReadName, WriteName } from "../../beads/index.ts";
import {
  ClaimNextParams,
  CloseParams,
  CreateManyParams,
  CreateParams,
  EventParams,
  FilterParams,
  Id,
  IdsParams,
  LeaseMs,
  Lines,
  ReadyParams,
  Text,
  UpdateParams,
  Who,
} from "./beads-params.ts";
import { type Method, method } from "./method.ts";
import { whoActs } from "./who.ts";

/** Work items. All of it lies in `hub/src/beads/operations`, loaded with the first call. */
export const beadMethods: readonly Method[] = [
  read("show", Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 500 }) })),
  read("list", FilterParams),
  read("ready", ReadyParams),
  read("explain", ReadyParams),
  read("blocked", FilterParams),
  read("events", EventParams),
  read("children", Type.Object({ id: Id })),
  read("tree", Type.Object({ id: Id, up: Type.Optional(Type.Boolean()), depth: Type.Optional(Type.Integer()) })),
  read("lint", FilterParams),
  read("cycles", Type.Object({})),
  read("labels", Type.Object({})),
  read("export", Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0 })) })),
  read("unread", Type.Object({ lines: Lines })),
  read("count", FilterParams),
  read("stats", Type.Object({})),
  read("config", Type.Object({})),
  read("epics", Type.Object({ eligible: Type.Optional(Type.Boolean()) })),
  read("stale", FilterParams),
  write("create", CreateParams),
  write("createMany", CreateManyParams),
  write("update", UpdateParams),
  write("close", CloseParams),
  write("reopen", IdsParams),
  write("claim", Type.Object({ id: Id, leaseMs: LeaseMs, ...Who })),
  write("claimNext", ClaimNextParams),
  write("release", IdsParams),
  write("heartbeat", Type.Object({ id: Id, leaseMs: LeaseMs, ...Who })),
  write("fail", Type.Object({ id: Id, reason: Text, ...Who })),
  write("comment", Type.Object({ id: Id, text: Text, ...Who })),
  write(
    "depAdd",
    Type.Object({ id: Id, on: Id, kind: Type.Optional(Id), metadata: Type.Optional(Type.Unknown()), ...Who }),
  ),
  write("depRemove", Type.Object({ id: Id, on: Id, ...Who })),
  write("delete", IdsParams),
  write("configure", Type.Object({ key: Id, value: Type.Optional(Type.String({ maxLength: 10_000 })), ...Who })),
  write("repair", Type.Object({ ...Who })),
  write("import", Type.Object({ lines: Lines, dryRun: Type.Optional(Type.Boolean()), ...Who })),
  write(
    "legacy",
    Type.Object({
      call: literals(["create", "assign", "start", "complete", "fail", "skip"]),
      ...{ id: Type.Optional(Id), title: Type.Optional(Text), description: Type.Optional(Text) },
      ...{ agent: Type.Optional(Id), reason: Type.Optional(Text), ...Who },
    }),
  ),
  write("batch", Type.Object({ lines: Lines, ...Who })),
  method({
    name: "beads.gates",
    access: "write",
    records: "work",
    params: Type.Object({ dryRun: Type.Optional(Type.Boolean()) }),
    run: async ({ dryRun }, { hub }) => ({ result: await (await hub.beads.open()).checkGates(dryRun) }),
  }),
];

/** Answers are `{result}`: many of them are lists. */
function read(name: ReadName, params: ReturnType<typeof Type.Object>): Method {
  return method({
    name: `beads.${name}`,
    access: "read",
    params,
    async run(asked, { hub }) {
      const [beads, { READS }] = await Promise.all([hub.beads.open(), import("../../beads/index.ts")]);
      const answer = READS[name] as (reading: unknown, params: unknown) => unknown;
      return { result: answer(beads.reading(), asked) };
    },
  });
}

function write(name: WriteName, params: ReturnType<typeof Type.Object>): Method {
  return method({
    name: `beads.${name}`,
    access: "write",
    records: "work",
    // Lines can be megabytes; the events of beads have them.
    recordAs: (given) => {
      const { lines, ...rest } = given as { lines?: readonly string[] };
      return JSON.parse(JSON.stringify(lines === undefined ? rest : { ...rest, lines: lines.length }));
    },
    params,
    async run(asked, { hub, caller }) {
      const { actor, ...rest } = asked as { actor?: string };
      if (name === "legacy") warnOnce(hub.log);
      const [beads, { WRITES }] = await Promise.all([hub.beads.open(), import("../../beads/index.ts")]);
      const change = WRITES[name] as (writer: unknown, params: unknown) => unknown;
      return { result: await beads.write(whoActs(caller.principal, actor), (writer) => change(writer, rest)) };
    },
  });
}

let warned = false;

function warnOnce(log: Log): void {
  if (warned) return;
  warned = true;
  log.warn({ method: "beads.legacy" }, "a client uses calls of an older bead store; their answers name today's");
}
