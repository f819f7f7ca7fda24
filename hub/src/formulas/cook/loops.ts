import type { Loop, Step } from "../language/formula.ts";
import { evaluate, parseRange } from "../language/range.ts";
import type { Problems } from "../source/problems.ts";
import { entries, exits, needing, rewired } from "./needs.ts";
import { double, single, withValues } from "./texts.ts";

const MOST_ITERATIONS = 5000;

/**
 * Loops unrolled: `<step>.iter<i>.<body id>`, each round after the one before it. A loop that runs until something holds
 * gets its first round, and itself as the step that decides at run time whether another follows.
 */
export function unrolled(steps: readonly Step[], values: ReadonlyMap<string, string>, problems: Problems): Step[] {
  const instead = new Map<string, readonly string[]>();
  const unroll = (list: readonly Step[]): Step[] =>
    list.flatMap((step) => {
      if (!step.loop) return [{ ...step, children: unroll(step.children) }];
      return step.loop.until === undefined ? counted(step, step.loop) : guarded(step, step.loop, step.loop.until);
    });
  const counted = (step: Step, loop: Loop): Step[] => {
    const numbers = numbersOf(step, loop, values, problems);
    let before: readonly string[] = step.needs;
    const rounds = numbers.flatMap((number, i) => {
      const round = unroll(roundOf(step, loop, i + 1, { [loop.var]: String(number) }, before));
      before = exits(rewired(round, instead));
      return round;
    });
    instead.set(step.id, before);
    return rounds;
  };
  const guarded = (step: Step, loop: Loop, until: string): Step[] => {
    // Its variable stays in the texts: later rounds are made from the first.
    const round = unroll(roundOf(step, loop, 1, {}, step.needs));
    const { loop: _, waits_for: __, gate: ___, ...rest } = step;
    const condition = double(until, values);
    const decision = {
      ...rest,
      needs: exits(rewired(round, instead)),
      until: { condition, max: loop.max ?? 1, var: loop.var },
    };
    return [...round, decision];
  };
  return rewired(unroll(steps), instead);
}

function roundOf(
  step: Step,
  { body }: Loop,
  round: number,
  values: Readonly<Record<string, string>>,
  before: readonly string[],
): Step[] {
  const own = new Set(body.flatMap((one) => idsOf(one)));
  const prefix = `${step.id}.iter${round}.`;
  const first = entries(body);
  const renamed = (id: string) => (own.has(id) ? `${prefix}${id}` : id);
  return body.map((one) => {
    const inside = rename(one, renamed, step.conditions);
    return withValues(first.has(one.id) ? needing(inside, before) : inside, values);
  });
}

function idsOf({ id, children }: Step): string[] {
  return [id, ...children.flatMap(idsOf)];
}

/** Ids inside a nested loop are that loop's own, and get their prefix from it. */
function rename(step: Step, renamed: (id: string) => string, conditions: readonly string[]): Step {
  return {
    ...step,
    id: renamed(step.id),
    needs: step.needs.map(renamed),
    ...(step.waits_for === undefined
      ? {}
      : {
          waits_for: step.waits_for.replace(/^children-of\((.+)\)$/, (_, id: string) => `children-of(${renamed(id)})`),
        }),
    conditions: [...conditions, ...step.conditions],
    children: step.children.map((child) => rename(child, renamed, [])),
  };
}

function numbersOf(step: Step, loop: Loop, values: ReadonlyMap<string, string>, problems: Problems): number[] {
  const key = `steps.${step.id}.loop.${loop.range === undefined ? "count" : "range"}`;
  const wrong = (text: string): number[] => {
    problems.add(step.origin, key, text, "loop");
    return [];
  };
  const plain = (text: string) => single(double(text, values), Object.fromEntries(values));
  const [, missing] = /\{\{?\s*([A-Za-z_]\w*)\s*\}?\}/.exec(plain(String(loop.range ?? loop.count))) ?? [];
  if (missing !== undefined) return wrong(`it needs a value for ${missing}; expected ${missing}=<number>`);
  let [from, to] = [1, 0];
  if (loop.range !== undefined) {
    const ends = parseRange(plain(loop.range));
    if (typeof ends === "string") return wrong(ends);
    [from, to] = ends;
  } else {
    const count = evaluate(plain(String(loop.count ?? 0)));
    if (typeof count === "string") return wrong(count);
    to = count;
  }
  const length = Math.max(0, to - from + 1);
  if (length > MOST_ITERATIONS) return wrong(`it would run ${length} times, expected at most ${MOST_ITERATIONS}`);
  return Array.from({ length }, (_, i) => from + i);
}
