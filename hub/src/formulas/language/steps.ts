import { canonicalType } from "@barnacle/protocol/beads";
import { parseLength } from "@barnacle/protocol/beads/instant";
import { parseRuntimeCondition, RUNTIME_FORMS } from "../molecules/condition.ts";
import { originAt, type Path, type SourceDocument } from "../source/document.ts";
import type { Origin, Problems } from "../source/problems.ts";
import { CONDITION_FORMS, parseCondition } from "./conditions.ts";
import type { Loop, Step } from "./formula.ts";
import { parseRange } from "./range.ts";
import type { StepSource } from "./schema.ts";

const PLACEHOLDER = /\{\{?[A-Za-z_][\w.]*\}?\}/;

/** Steps as files have them, into one form; says of each what the schema cannot. */
export class StepReader {
  readonly #document: SourceDocument;
  readonly #problems: Problems;

  readonly #types: readonly string[];

  constructor(document: SourceDocument, problems: Problems, types: readonly string[]) {
    this.#types = types;
    this.#document = document;
    this.#problems = problems;
  }

  read(steps: readonly StepSource[] | undefined, path: Path): Step[] {
    return (steps ?? []).map((step, i) => this.#step(step, [...path, i]));
  }

  #step(source: StepSource, path: Path): Step {
    const { id, title, needs = [], depends_on = [], labels = [], children, loop, type, condition, ...rest } = source;
    const origin = originAt(this.#document, path);
    const key = [...path.slice(0, -1), id ?? path.at(-1)].join(".");
    const wrong = (member: string, text: string) => this.#problems.add(origin, `${key}.${member}`, text, member);
    if (id === undefined) wrong("id", "it is missing");
    if (title === undefined && source.expand === undefined && loop === undefined) wrong("title", "it is missing");
    if (source.expand !== undefined && (children ?? []).length > 0) {
      wrong("children", "a step that is expanded has none; expected them in the expansion");
    }
    if (loop !== undefined && (source.expand !== undefined || (children ?? []).length > 0)) {
      wrong("loop", "a loop has a body, and neither expand nor children beside it");
    }
    if (type !== undefined && !PLACEHOLDER.test(type) && !this.#types.includes(canonicalType(type))) {
      wrong("type", `expected one of ${this.#types.join(", ")}, found "${type}"`);
    }
    if (condition !== undefined && !parseCondition(condition)) {
      wrong("condition", `expected ${CONDITION_FORMS}, found "${condition}"`);
    }
    if (source.on_complete?.parallel && source.on_complete.sequential) {
      wrong("on_complete", "expected parallel or sequential, not both");
    }
    this.#gate(source.gate, wrong);
    return {
      ...rest,
      ...(type === undefined ? {} : { type: canonicalType(type) }),
      ...{ id: id ?? "", title: title ?? id ?? "", labels, conditions: condition === undefined ? [] : [condition] },
      needs: [...new Set([...depends_on, ...needs])],
      children: this.read(children, [...path, "children"]),
      ...(loop === undefined ? {} : { loop: this.#loop(loop, [...path, "loop"], origin, key) }),
      origin,
    };
  }

  #loop(source: NonNullable<StepSource["loop"]>, path: Path, origin: Origin, key: string): Loop {
    const { count, range, until, max, var: variable = "i", body } = source;
    const wrong = (member: string, text: string) =>
      this.#problems.add(
        origin,
        `${key}.loop${member === "" ? "" : `.${member}`}`,
        text,
        `loop${member && `.${member}`}`,
      );
    const kinds = Object.entries({ count, range, until }).filter(([, value]) => value !== undefined);
    if (kinds.length !== 1) {
      wrong(
        "",
        `expected exactly one of count, range, until; found ${kinds.map(([name]) => name).join(" and ") || "none"}`,
      );
    }
    if (body.length === 0) wrong("body", "it is empty; expected at least one step");
    if (until !== undefined && max === undefined) wrong("max", "it is missing; a loop with until needs one");
    if (until !== undefined && !PLACEHOLDER.test(until) && !parseRuntimeCondition(until)) {
      wrong("until", `expected ${RUNTIME_FORMS}; found "${until}"`);
    }
    if (typeof count === "string" && !PLACEHOLDER.test(count) && !/^\d+$/.test(count)) {
      wrong("count", `expected a whole number or {{variable}}, found "${count}"`);
    }
    if (range !== undefined && !PLACEHOLDER.test(range)) {
      const ends = parseRange(range);
      if (typeof ends === "string") wrong("range", ends);
    }
    return { count, range, until, max, var: variable, body: this.read(body, [...path, "body"]) };
  }

  #gate(gate: StepSource["gate"], wrong: (member: string, text: string) => void): void {
    if (!gate) return;
    const { type, timeout } = gate;
    const id = gate.await_id ?? gate.id;
    if (typeof timeout === "string" && !PLACEHOLDER.test(timeout) && parseLength(timeout) === undefined) {
      wrong("gate.timeout", `expected a length of time such as "30m", found "${timeout}"`);
    }
    if (type === "timer" && timeout === undefined) wrong("gate.timeout", "it is missing; a timer gate needs one");
    if (["bead", "device", "gh:run", "gh:pr", "condition"].includes(type) && id === undefined) {
      wrong("gate.await_id", `it is missing; a gate of type ${type} needs one`);
    }
    if (type === "condition" && id !== undefined && !PLACEHOLDER.test(id) && !parseRuntimeCondition(id)) {
      wrong("gate.await_id", `expected ${RUNTIME_FORMS}; found "${id}"`);
    }
  }
}
