import { Type } from "@sinclair/typebox";
import type { ExecApprovalsSnapshot } from "../../services.ts";
import { type Method, method } from "./method.ts";

const Word = Type.Optional(Type.String({ maxLength: 100 }));
const Defaults = { security: Word, ask: Word, askFallback: Word, autoAllowSkills: Type.Optional(Type.Boolean()) };
const File = Type.Object({
  version: Type.Literal(1),
  socket: Type.Optional(Type.Object({ path: Type.Optional(Type.String()), token: Type.Optional(Type.String()) })),
  defaults: Type.Optional(Type.Object(Defaults)),
  agents: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({
        ...Defaults,
        allowlist: Type.Optional(Type.Array(Type.Object({ pattern: Type.String() }), { maxItems: 5000 })),
      }),
    ),
  ),
});

const KEPT = { partial: "kept for its clients; the hub runs no commands on its own machine" } as const;

/** The hub's own list of what may run without asking. */
export const execApprovalsMethods: readonly Method[] = [
  method({
    name: "exec.approvals.get",
    access: "admin",
    support: KEPT,
    params: Type.Unknown(),
    run: (_params, { hub }) => answer(hub.execApprovals.read()),
  }),
  method({
    name: "exec.approvals.set",
    access: "admin",
    support: KEPT,
    records: "config",
    params: Type.Object({ file: File, baseHash: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) }),
    run: async ({ file, baseHash }, { hub, caller }) =>
      answer(await hub.execApprovals.write(file, baseHash, caller.principal)),
  }),
];

function answer(snapshot: ExecApprovalsSnapshot) {
  return {
    ...snapshot,
    resolvedDefaults: { security: "deny", ask: "on-miss", askFallback: "deny", autoAllowSkills: false },
  };
}
