import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../writer.ts";
import { refuseOwned } from "./owned.ts";
import { orElsewhere, resolver } from "./resolve.ts";

/** A word, or words in quotes; they may follow a name: `notes="left hinge"`. */
const WORD = /(?:([\w.-]+=)?(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(?=\s|$))|(\S+)/g;

/**
 * One line of a batch: `create <title> [k=v…]`, `update <id> k=v…`, `close <id> [reason]`, `dep add <id> <on> [kind]`,
 * `dep remove <id> <on>`. Empty lines and those that begin with # do nothing.
 * @returns what was done to which bead
 * @throws INPUT_INVALID, and what the change throws
 */
export function batchLine(writer: BeadWriter, line: string): { readonly op: string; readonly id: string } | undefined {
  if (line.trim() === "" || line.trimStart().startsWith("#")) return undefined;
  const words = [...line.matchAll(WORD)].map(
    ([, name = "", double, single, plain]) => plain ?? name + (double?.replace(/\\(.)/g, "$1") ?? single ?? ""),
  );
  const [op = "", ...rest] = words;
  const resolve = resolver(writer);
  const need = (at: number, what: string): string => {
    const word = rest[at];
    if (word !== undefined) return word;
    throw new BarnacleError("INPUT_INVALID", `${op}: expected ${what}`);
  };
  switch (op) {
    case "create": {
      const title = need(0, "a title");
      const { parent, ...fields } = fieldsOf(rest.slice(1));
      const { id } = writer.create({
        title,
        ...fields,
        ...(parent === undefined ? {} : { parent: resolve(String(parent)) }),
      });
      return { op, id };
    }
    case "update": {
      const id = resolve(need(0, "an id"));
      const fields = fieldsOf(rest.slice(1));
      if ("status" in fields) refuseOwned(writer, id);
      writer.update(id, fields);
      return { op, id };
    }
    case "close": {
      const id = resolve(need(0, "an id"));
      const reason = rest.slice(1).join(" ");
      refuseOwned(writer, id);
      writer.closing.close(id, reason === "" ? {} : { reason });
      return { op, id };
    }
    case "dep": {
      const [what] = [need(0, "add or remove")];
      const [id, on] = [resolve(need(1, "an id")), orElsewhere(resolve, need(2, "what it depends on"))];
      if (what === "add") writer.addDependency(id, on, rest[3] ?? "blocks");
      else if (what === "remove") writer.removeDependency(id, on);
      else throw new BarnacleError("INPUT_INVALID", `dep: expected add or remove, found "${what}"`);
      return { op: `dep ${what}`, id };
    }
    default:
      throw new BarnacleError("INPUT_INVALID", `expected create, update, close or dep, found "${op.slice(0, 40)}"`);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  type: "issue_type",
  acceptance: "acceptance_criteria",
  due: "due_at",
};

function fieldsOf(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      if (at <= 0) throw new BarnacleError("INPUT_INVALID", `expected name=value, found "${word.slice(0, 40)}"`);
      const [given, value] = [word.slice(0, at), word.slice(at + 1)];
      const name = NAMES[given] ?? given;
      return [name, name === "labels" ? value.split(",") : value];
    }),
  );
}
