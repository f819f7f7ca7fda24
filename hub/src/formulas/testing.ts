import { Events, silentLog } from "@barnacle/protocol/runtime";
import { type TestBeads, testBeads } from "../beads/testing.ts";
import { ConvoyWriter } from "../convoys/writer.ts";
import type { TownChange, TownEvents } from "../town/part.ts";
import { Formulas } from "./formulas.ts";

export interface TestFormulas extends TestBeads {
  readonly formulas: Formulas;
  readonly changes: TownChange[];
  /** Pours a text; resolves with the root and the beads of its steps by name. */
  pour(
    text: string,
    options?: { vars?: Record<string, string>; kind?: "molecule" | "wisp"; rootOnly?: boolean; attachTo?: string },
  ): Promise<{ readonly id: string; readonly of: (step: string) => string }>;
  /** Closes a step's bead as anybody would, and waits until what follows from it is done. */
  close(id: string, output?: unknown): Promise<void>;
}

/** Formulas on a store of their own, running. */
export async function testFormulas(
  t: { teardown(fn: () => unknown): void },
  { env = {}, filesBelow }: { env?: Record<string, string>; filesBelow?: string } = {},
): Promise<TestFormulas> {
  const base = await testBeads(t);
  const { beads, store, clock } = base;
  const events = new Events<TownEvents>();
  const changes: TownChange[] = [];
  events.on("changed", (change) => changes.push(change));
  const convoys = {
    write: <T>(who: string, change: (writer: ConvoyWriter) => T) =>
      beads.write(who, (writer) => change(new ConvoyWriter(writer))),
  };
  const formulas = new Formulas({
    ...{ store, beads, clock, log: silentLog, events, convoys },
    outside: { filesBelow, env },
  });
  await formulas.start();
  t.teardown(() => formulas.stop());
  const pour: TestFormulas["pour"] = async (text, { vars, ...options } = {}) => {
    const cooked = await formulas.cook({ text, file: "test.toml" }, vars ? { vars } : {});
    const made = await formulas.write("anna", "poured", (writer) => formulas.pour(writer, { cooked, ...options }));
    const ids = new Map(made.steps.map(({ step, id }) => [step, id]));
    return { id: made.id, of: (step) => ids.get(step) ?? `no step ${step}` };
  };
  const close: TestFormulas["close"] = async (id, output) => {
    await beads.write("anna", (writer) => {
      if (output !== undefined) writer.setMetadata(id, { output });
      writer.closing.close(id);
    });
    await formulas.settle(id.slice(0, id.indexOf(".")));
  };
  return { ...base, formulas, changes, pour, close };
}
