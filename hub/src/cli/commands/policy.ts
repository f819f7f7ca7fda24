import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Family } from "../session.ts";
import { oneLine } from "../table.ts";
import { showDevice } from "./devices.ts";

interface Explanation {
  readonly effect: "allow" | "deny";
  readonly rule: string;
  readonly reason: string;
  readonly rules?: readonly {
    readonly id: string;
    readonly effect: string;
    readonly matched: boolean;
    readonly why?: string;
  }[];
}

interface ExplainOptions {
  readonly as: string;
  readonly device?: string;
  readonly room?: string;
}

const KINDS = ["operator", "node", "voice", "system"];

export const policyFamily: Family = (program, open) => {
  const policy = program.command("policy").description("who may do what");
  example(
    policy
      .command("explain <command>")
      .description("what the policy would decide, and by which rule; nothing is done")
      .option("--as <who>", "operator, voice, node or system, or kind:id", "operator")
      .option("--device <device>", "on this device")
      .option("--room <room>", "in this room"),
    "barnacle policy explain gpio.write --as voice --room kitchen",
  ).action(async (name: string, options: ExplainOptions, command: Command) => {
    const session = open(command);
    const [kind = "", ...id] = options.as.split(":");
    if (!KINDS.includes(kind))
      throw new BarnacleError("USAGE", `--as ${options.as}: expected one of ${KINDS.join(", ")}, or kind:id`);
    const answer = await session.hub(async (client) => {
      const device = options.device === undefined ? undefined : await showDevice(client, options.device);
      return client.call<Explanation>("barnacle.policy.explain", {
        principal: { kind, id: id.join(":") || "someone" },
        action: "command",
        name,
        ...(device && { deviceId: device.deviceId }),
        ...((options.room ?? device?.room) && { room: options.room ?? device?.room }),
      });
    });
    session.out.print(answer, (style) => {
      const paint = answer.effect === "allow" ? style.green : style.red;
      const rules = (answer.rules ?? []).map(
        (rule) =>
          `  ${rule.matched ? "●" : style.dim("○")} ${rule.id} ${style.dim(`(${rule.effect})${rule.why ? ` ${oneLine(rule.why)}` : ""}`)}`,
      );
      return [`${paint(answer.effect)} by rule ${style.bold(answer.rule)}: ${answer.reason}`, ...rules].join("\n");
    });
    if (answer.effect === "deny") session.fail();
  });
};
