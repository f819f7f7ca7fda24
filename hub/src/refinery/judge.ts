export interface Verdict<Gate = unknown> {
  readonly green: boolean;
  /** Green at the second try. */
  readonly flaky?: boolean;
  readonly gates: readonly Gate[];
  /** Why not, in a few words. */
  readonly text?: string;
}

/** One of a batch, and the commit that it ends with on top of those before it. */
export interface Stacked<M> {
  readonly member: M;
  readonly before: string;
  readonly tip: string;
}

export interface Conflicted<M> {
  readonly member: M;
  readonly onto: string;
  readonly files: readonly string[];
}

export interface Bench<M, Gate> {
  /** Puts one on top of a commit. */
  place(member: M, onto: string): Promise<{ readonly tip: string } | { readonly conflicts: readonly string[] }>;
  /** Tests exactly this commit, once. */
  test(commit: string): Promise<Verdict<Gate>>;
  /** As soon as it is known, so that it is not lost. */
  culprit?(found: Culprit<M, Gate>): Promise<void>;
}

export interface Culprit<M, Gate> extends Stacked<M> {
  readonly verdict: Verdict<Gate>;
}

export interface Judgement<M, Gate> {
  /** In their order; the last one's tip was tested, as it is, and is green. */
  readonly good: readonly Stacked<M>[];
  readonly tip: string;
  /** Of the tip. */
  readonly verdict: Verdict<Gate>;
  readonly culprits: readonly Culprit<M, Gate>[];
  /** With the target itself. */
  readonly conflicts: readonly Conflicted<M>[];
  /** Neither tried to the end nor to blame: they come again. */
  readonly aside: readonly M[];
  /** The target was red before anything was put on it, and none of these mends it. */
  readonly baseRed?: Verdict<Gate>;
}

export interface JudgeOptions {
  /** More tries of what is red. */
  readonly retries: number;
  /** Each one's own tip has to be green, not only that of the batch: nobody is carried by who comes after. */
  readonly each?: boolean;
}

/**
 * Which of a batch can be merged onto `base`: all at once where the tip is green; else, after `retries` more tries, the target
 * itself is tested, and then the culprits are found by halving. What is called good was tested as the very commit that will
 * be the target's next, on top of a green target; a culprit is red on top of what is green without it.
 */
export async function judge<M, Gate>(
  members: readonly M[],
  base: string,
  bench: Bench<M, Gate>,
  { retries, each = false }: JudgeOptions,
): Promise<Judgement<M, Gate>> {
  const verdicts = new Map<string, Verdict<Gate>>();
  const tested = async (commit: string): Promise<Verdict<Gate>> => {
    const known = verdicts.get(commit);
    if (known) return known;
    let verdict = await bench.test(commit);
    for (let n = 0; n < retries && !verdict.green; n++) {
      const again = await bench.test(commit);
      verdict = again.green ? { ...again, flaky: true } : again;
    }
    verdicts.set(commit, verdict);
    return verdict;
  };
  const good: Stacked<M>[] = [];
  const culprits: Culprit<M, Gate>[] = [];
  const conflicts: Conflicted<M>[] = [];
  const aside: M[] = [];
  let rest = members;
  let floor = base;
  while (rest.length > 0) {
    const stacked = await stack(rest, floor, base, bench);
    conflicts.push(...stacked.conflicts);
    aside.push(...stacked.aside);
    const { placed } = stacked;
    const tip = placed.at(-1)?.tip;
    if (tip === undefined) break;
    const red = (await tested(tip)).green ? await (each ? oneByOne(placed) : undefined) : placed.length - 1;
    if (red === undefined) {
      good.push(...placed);
      break;
    }
    if (floor === base) {
      const baseVerdict = await tested(base);
      if (!baseVerdict.green) return onRed(placed, base, baseVerdict);
    }
    const first = each ? ((await oneByOne(placed)) ?? red) : await halved(placed, red);
    good.push(...placed.slice(0, first));
    floor = good.at(-1)?.tip ?? base;
    const guilty = placed[first] as Stacked<M>;
    const found = { ...guilty, verdict: await tested(guilty.tip) };
    culprits.push(found);
    await bench.culprit?.(found);
    rest = placed.slice(first + 1).map(({ member }) => member);
  }
  const tip = good.at(-1)?.tip ?? base;
  const verdict = verdicts.get(tip) ?? { green: true, gates: [] };
  return { good, tip, verdict, culprits, conflicts, aside };

  /** The first that is red. */
  async function oneByOne(placed: readonly Stacked<M>[]): Promise<number | undefined> {
    for (const [i, { tip: own }] of placed.entries()) if (!(await tested(own)).green) return i;
    return undefined;
  }

  /** One that is red on top of a green one; `red` is known to be. */
  async function halved(placed: readonly Stacked<M>[], red: number): Promise<number> {
    let [green, first] = [-1, red];
    while (first - green > 1) {
      const middle = (green + first) >> 1;
      if ((await tested((placed[middle] as Stacked<M>).tip)).green) green = middle;
      else first = middle;
    }
    return first;
  }

  /** A red target says nothing of those on top of it: only one that makes it green goes in. */
  async function onRed(placed: readonly Stacked<M>[], on: string, baseRed: Verdict<Gate>) {
    for (const { member } of placed) {
      const alone = await bench.place(member, on);
      if ("conflicts" in alone) continue;
      const found = await tested(alone.tip);
      if (!found.green) continue;
      const others = placed.map((one) => one.member).filter((one) => one !== member);
      const mended = [{ member, before: on, tip: alone.tip }];
      return { good: mended, tip: alone.tip, verdict: found, culprits, conflicts, aside: [...aside, ...others] };
    }
    const all = [...aside, ...placed.map(({ member }) => member)];
    return { good: [], tip: on, verdict: baseRed, culprits, conflicts, aside: all, baseRed };
  }
}

/** One on top of the other. Who conflicts with another of the batch only has to come again. */
async function stack<M, Gate>(members: readonly M[], floor: string, base: string, bench: Bench<M, Gate>) {
  const placed: Stacked<M>[] = [];
  const conflicts: Conflicted<M>[] = [];
  const aside: M[] = [];
  let before = floor;
  for (const member of members) {
    const result = await bench.place(member, before);
    if ("tip" in result) {
      placed.push({ member, before, tip: result.tip });
      before = result.tip;
    } else if (before === base) conflicts.push({ member, onto: base, files: result.conflicts });
    else aside.push(member);
  }
  return { placed, conflicts, aside };
}
