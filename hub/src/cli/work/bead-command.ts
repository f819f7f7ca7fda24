import type { Command } from "commander";
import { example } from "../session.ts";

export function beadCommand(program: Command): Command {
  return program.command("bead").description("work items: what is to do, in which order, who does it");
}

/** A command that says what it does and how it is used. */
export function named(parent: Command, usage: string, description: string, line: string): Command {
  return example(parent.command(usage).description(description), line);
}
