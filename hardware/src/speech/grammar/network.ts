import type { Expansion, Jsgf } from "./jsgf.ts";

/** One way on: a word, or none. */
interface Arc {
  readonly word: string | undefined;
  readonly to: number;
}

type States = ReadonlySet<number>;

/** A grammar as a network of states, for walking through its sentences word by word from anywhere. */
export class SentenceNetwork {
  readonly #arcs: Arc[][] = [];
  readonly #grammar: Jsgf;
  readonly #end: number;
  readonly start: States;

  constructor(grammar: Jsgf) {
    this.#grammar = grammar;
    const first = this.#state();
    this.#end = this.#build({ kind: "rule", name: grammar.start }, first);
    this.start = this.#reach([first]);
  }

  /** Where one can be after `word`; empty when the grammar does not go on so. */
  step(from: States, word: string): States {
    const next = [...from].flatMap((state) => this.#from(state).filter((arc) => arc.word === word));
    return next.length === 0 ? new Set() : this.#reach(next.map((arc) => arc.to));
  }

  /** The words that may come next. */
  words(from: States): ReadonlySet<string> {
    const arcs = [...from].flatMap((state) => this.#from(state));
    return new Set(arcs.flatMap((arc) => (arc.word === undefined ? [] : [arc.word])));
  }

  /** Whether a sentence ends after `words`. */
  ends(from: States, words: readonly string[]): boolean {
    let states = from;
    for (const word of words) states = this.step(states, word);
    return states.has(this.#end);
  }

  #from(state: number): readonly Arc[] {
    return this.#arcs[state] ?? [];
  }

  #state(): number {
    return this.#arcs.push([]) - 1;
  }

  #link(from: number, to: number, word?: string): number {
    this.#arcs[from]?.push({ word, to });
    return to;
  }

  /** Adds what `expansion` stands for after `from`; the state after it. */
  #build(expansion: Expansion, from: number): number {
    switch (expansion.kind) {
      case "word":
        return this.#link(from, this.#state(), expansion.word);
      case "rule": {
        const body = this.#grammar.rules.get(expansion.name);
        return body ? this.#build(body, from) : this.#state();
      }
      case "sequence":
        return expansion.parts.reduce((state, part) => this.#build(part, state), from);
      case "choice": {
        const after = this.#state();
        for (const option of expansion.options) this.#link(this.#build(option, this.#branch(from)), after);
        return after;
      }
      case "optional":
        return this.#link(this.#build(expansion.part, this.#branch(from)), this.#link(from, this.#state()));
      case "repeat": {
        const before = this.#branch(from);
        const after = this.#build(expansion.part, before);
        this.#link(after, before);
        return expansion.min === 0 ? this.#link(after, this.#link(from, this.#state())) : after;
      }
    }
  }

  /** A fresh state after `from`, so that a branch's loops do not lead into its neighbours. */
  #branch(from: number): number {
    return this.#link(from, this.#state());
  }

  /** The states themselves and all that wordless arcs lead to. */
  #reach(states: readonly number[]): States {
    const seen = new Set(states);
    // A set that grows while it is walked is walked to its end.
    for (const state of seen) {
      for (const arc of this.#from(state)) if (arc.word === undefined) seen.add(arc.to);
    }
    return seen;
  }
}
