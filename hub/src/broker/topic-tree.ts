/** Values by topic: an exact look-up costs one map access, a filter with wildcards walks only the branches it can match. */
export class TopicTree<T> {
  readonly #exact = new Map<string, T>();
  readonly #root: Branch = { children: undefined, topic: undefined };

  get size(): number {
    return this.#exact.size;
  }

  get(topic: string): T | undefined {
    return this.#exact.get(topic);
  }

  set(topic: string, value: T): void {
    this.#exact.set(topic, value);
    let branch = this.#root;
    for (const level of topic.split("/")) {
      branch.children ??= new Map();
      let child: Branch | undefined = branch.children.get(level);
      if (!child) {
        child = { children: undefined, topic: undefined };
        branch.children.set(level, child);
      }
      branch = child;
    }
    branch.topic = topic;
  }

  delete(topic: string): boolean {
    if (!this.#exact.delete(topic)) return false;
    const path: [Branch, string][] = [];
    let branch = this.#root;
    for (const level of topic.split("/")) {
      path.push([branch, level]);
      branch = branch.children?.get(level) as Branch;
    }
    branch.topic = undefined;
    for (const [parent, level] of path.reverse()) {
      const child = parent.children?.get(level) as Branch;
      if (child.topic !== undefined || (child.children?.size ?? 0) > 0) break;
      parent.children?.delete(level);
    }
    return true;
  }

  /** Values whose topic matches an MQTT filter. Topics beginning with `$` don't match a leading wildcard. */
  *match(filter: string): Generator<T> {
    if (!filter.includes("+") && !filter.includes("#")) {
      const value = this.#exact.get(filter);
      if (value !== undefined) yield value;
      return;
    }
    for (const topic of walk(this.#root, filter.split("/"), 0)) yield this.#exact.get(topic) as T;
  }
}

interface Branch {
  /** Absent while there are none: most branches are leaves, and a map each would weigh more than all else here. */
  children: Map<string, Branch> | undefined;
  topic: string | undefined;
}

function* walk(branch: Branch, filter: readonly string[], depth: number): Generator<string> {
  const level = filter[depth];
  if (level === undefined) {
    if (branch.topic !== undefined) yield branch.topic;
    return;
  }
  if (level === "#") {
    yield* below(branch, depth === 0);
    return;
  }
  if (level !== "+") {
    const child = branch.children?.get(level);
    if (child) yield* walk(child, filter, depth + 1);
    return;
  }
  for (const [name, child] of branch.children ?? []) {
    if (depth === 0 && name.startsWith("$")) continue;
    yield* walk(child, filter, depth + 1);
  }
}

function* below(branch: Branch, atRoot: boolean): Generator<string> {
  if (branch.topic !== undefined) yield branch.topic;
  for (const [name, child] of branch.children ?? []) {
    if (atRoot && name.startsWith("$")) continue;
    yield* below(child, false);
  }
}
