import { writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

interface Shown {
  readonly id: string;
  readonly [more: string]: unknown;
}

t.test("R6 the short words, plans, gates, epics and filters of every day", async (t) => {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  const json = async <T = Shown[]>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli("bead", ...argv, "--json");
    if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as T;
  };
  const file = (name: string, text: string) => {
    writeFileSync(path.join(home, name), text);
    return path.join(home, name);
  };
  const issues = file("issues.jsonl", '{"id":"old-1","title":"old"}\n');
  t.match(await json("init", "-p", "shop", "--from-jsonl", issues), { prefix: "shop", imported: 1 });
  const id = (await cli("bead", "q", "Fix the gate", "-p", "1", "-l", "garden")).out.trim();
  t.match(id, /^shop-/);
  t.match(await json("assign", id, "ben"), [{ assignee: "ben" }]);
  t.match(await json("priority", id, "P0"), [{ priority: 0 }]);
  t.match(await json("tag", id, "area-door"), [{ labels: ["garden", "area-door"] }]);
  t.match(await json("note", id, "left hinge"), [{ notes: "left hinge" }]);
  t.match(await json("link", id, "old-1"), [{ dependencies: [{ id: "old-1", dependency_type: "related" }] }]);
  t.match(await json("list", "--label-pattern", "area-*", "--priority-max", "1"), [{ id }]);
  t.match(await json("list", "--no-labels"), [{ id: "old-1" }]);

  const text = file(
    "beads.md",
    "# Plan\n\n## First\nWhat it is\n### Priority\nP3\n### Labels\n- a\n- b\n## Second\n### Type\nbug\n",
  );
  t.match(await json("create", "-f", text), [
    { title: "First", description: "What it is", priority: 3, labels: ["a", "b"] },
    { title: "Second", issue_type: "bug" },
  ]);
  const plan = file(
    "plan.json",
    JSON.stringify([
      { title: "Roof", as: "roof", parent: "house", needs: ["walls"] },
      { title: "Walls", as: "walls", parent: "house", metadata: { brick: true } },
      { title: "House", as: "house", issue_type: "epic" },
    ]),
  );
  const [roof, walls, house] = await json("create", "--graph", plan);
  t.match([roof, walls], [{ parent: house?.id }, { parent: house?.id }]);
  t.match(await json("blocked"), [{ id: roof?.id, blocked_by: [{ id: walls?.id }] }]);
  t.match(await json("list", "--has-metadata-key", "brick"), [{ id: walls?.id }]);
  t.match(await cli("bead", "create", "--graph", file("bad.json", '[{"title":"x","needs":["nobody"]}]')), { code: 1 });
  t.equal((await json("list", "--title", "x")).filter(({ title }) => title === "x").length, 0, "all or none");
  t.match(await json("close", walls?.id ?? "", "--continue"), {
    closed: [{ id: walls?.id }],
    claimed: { id: roof?.id },
  });
  t.match(await json("close", roof?.id ?? ""), [{ id: roof?.id }]);
  t.match(await json("epic", "status", "--eligible-only"), [{ epic: { id: house?.id } }]);
  await json("epic", "close-eligible");
  t.match(await json("show", house?.id ?? ""), [{ status: "closed", close_reason: "All children closed" }]);
  t.match(await json("list", "--closed-after", "yesterday", "--status", "closed"), { length: 3 });

  const gate = await json<Shown>(
    "gate",
    "create",
    "--type",
    "timer",
    "--timeout",
    "2h",
    "--blocks",
    id,
    "--waiter",
    "ben",
  );
  t.match(gate, { issue_type: "gate", await_type: "timer", timeout: 7_200_000_000_000, waiters: ["ben"] });
  t.match(await json("gate", "add-waiter", gate.id, "anna"), [{ waiters: ["ben", "anna"] }]);
  t.match(await json("gate", "list"), [{ id: gate.id }]);
  t.match(await json("gate", "check"), [{ id: gate.id, state: "open" }]);
  t.match(await json("gate", "show", gate.id), { id: gate.id, dependents: [{ id }] });
  t.match(await cli("bead", "gate", "show", id), { code: 1, err: /is no gate/ });
  t.match(await json("gate", "resolve", gate.id, "-r", "dry enough"), [
    { status: "closed", close_reason: "dry enough" },
  ]);

  t.match(await cli("bead", "create", "x", "--validate"), { code: 1, err: /should say Acceptance Criteria/ });
  t.match(await json("create", "x", "--validate", "--acceptance", "it opens"), { title: "x" });
  t.match(await json("lint"), [{ missing: ["Acceptance Criteria"] }]);
  const [one, two] = [(await cli("bead", "q", "one")).out.trim(), (await cli("bead", "q", "two")).out.trim()];
  const edges = file(
    "edges.jsonl",
    `{"issue_id":"${one}","depends_on_id":"${two}"}\n{"issue_id":"${one}","depends_on_id":"${id}","type":"related"}\n`,
  );
  t.match(await json("dep", "add", "--file", edges), { added: 2 });
  t.match(await cli("bead", "dep", "add", "--file", file("bad.jsonl", '{"issue_id":"a b"}')), { code: 2 });
  t.match(await cli("bead", "duplicate", one, two), { code: 1, err: /depends on .* already/ });
  t.match(await json("duplicate", two, id), [{ status: "closed", close_reason: `Duplicate of ${id}` }]);
});
