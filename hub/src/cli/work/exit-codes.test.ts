import type { Command } from "commander";
import t from "tap";
import { programOf } from "../program-of.ts";
import { Session } from "../session.ts";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";
import { WORK_FAMILIES } from "./families.ts";

/** Git and MCP clients speak to these; their words are not a person's. */
const MACHINES = new Set(["githook", "mcp"]);

/** Every command that does something, by its words. */
function leavesOf(command: Command, words: readonly string[] = []): string[][] {
  const own = command.commands.length === 0 ? [[...words]] : [];
  return [...own, ...command.commands.flatMap((child) => leavesOf(child, [...words, child.name()]))];
}

t.test("R6.3 every command of work ends with 2 for a usage that is none, and says so in JSON", async (t) => {
  const home = temporaryHome((fn) => t.teardown(fn));
  const io = capturedIo({ home });
  const leaves = leavesOf(programOf(WORK_FAMILIES, io, () => new Session(io, {}))).filter(
    ([family = ""]) => !MACHINES.has(family),
  );
  t.ok(leaves.length > 150, `${leaves.length} commands`);
  for (const words of leaves) {
    const { code, out, err } = await runCli([...words, "--no-such-option", "--json"], capturedIo({ home }));
    t.same({ code, out }, { code: 2, out: "" }, words.join(" "));
    t.match(JSON.parse(err), { error: { code: "USAGE", message: /unknown option|required option/ } }, words.join(" "));
  }
});

t.test("R6.3 what is done ends with 0, what is refused with 1", async (t) => {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = async (...argv: string[]) => {
    const { code, err } = await runCli([...argv, "--json"], capturedIo({ home }));
    return { code, error: err === "" ? undefined : (JSON.parse(err) as { error: { code: string } }).error.code };
  };
  t.match(await cli("bead", "list"), { code: 1, error: "NOT_FOUND" }, "nothing is kept there yet");
  t.same(await cli("bead", "create", "Fix the gate"), { code: 0, error: undefined });
  for (const [argv, error] of [
    [["bead", "show", "hq-none-such"], "BEAD_UNKNOWN"],
    [["rig", "show", "none"], "RIG_UNKNOWN"],
    [["convoy", "status", "hq-cv-none0"], "BEAD_UNKNOWN"],
    [["sling", "hq-none-such", "none"], "BEAD_UNKNOWN"],
    [["peek", "barn/toast"], "WORKER_UNKNOWN"],
    [["mail", "show", "hq-none-such"], "BEAD_UNKNOWN"],
    [["formula", "show", "none-such"], "NOT_FOUND"],
  ] as const) {
    t.match(await cli(...argv), { code: 1, error }, argv.join(" "));
  }
});
