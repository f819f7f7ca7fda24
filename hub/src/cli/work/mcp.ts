import { example, type Family } from "../session.ts";
import { WorkDoor } from "./door.ts";

type Asked = Parameters<WorkDoor["read"]>[0];
type Done = Parameters<WorkDoor["write"]>[0];

/** `barnacle mcp`: the verbs of work for coding agents, on standard input and output. */
export const mcpFamily: Family = (program, open) => {
  example(
    program
      .command("mcp")
      .description(
        "serves work to coding agents as an MCP server on standard input and output; over HTTP a hub serves /mcp",
      )
      .option("--actor <who>", "what is done is done in this name (default BARNACLE_ACTOR, else the user)"),
    "barnacle mcp --actor garden/crew/anna",
    "claude mcp add barnacle -- barnacle mcp",
    "claude mcp add --transport http barnacle http://HUB:18789/mcp --header 'Authorization: Bearer TOKEN'",
  ).action(async (flags: { actor?: string }, command) => {
    const door = new WorkDoor(open(command));
    const { serveStdio } = await import("../../mcp/stdio.ts");
    // Beads are what the door means without a noun.
    const short = (method: string) => method.replace(/^beads\./, "");
    await serveStdio(
      {
        read: (method, params) => door.read(short(method) as Asked, params),
        write: (method, params) => {
          const { actor = flags.actor, ...rest } = params as { actor?: string };
          return door.write(short(method) as Done, rest, actor);
        },
      },
      process.stdin,
      process.stdout,
    );
  });
};
