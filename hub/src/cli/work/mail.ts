import type { Command } from "commander";
import type { Family } from "../session.ts";
import { addMailPlaces } from "./mail-places.ts";
import { addMailReads } from "./mail-reads.ts";
import { addMailWrites } from "./mail-writes.ts";

/** `barnacle mail`: with or without a running hub. */
export const mailFamily: Family = (program, open) => {
  const mail: Command = program
    .command("mail")
    .description("messages between agents and people; read, then acknowledge: two steps");
  for (const add of [addMailReads, addMailWrites, addMailPlaces]) add(mail, open);
};
