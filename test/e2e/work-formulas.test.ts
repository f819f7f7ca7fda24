import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { BeadView } from "../../hub/src/beads/index.ts";
import type { MoleculeView, Poured } from "../../hub/src/formulas/index.ts";
import { GatewayWire } from "../support/gateway-wire.ts";
import { House } from "../support/house.ts";

t.setTimeout(300_000);

const LOOP = `
formula = "mend"
[vars.what]
required = true
[[steps]]
id = "try"
loop = { until = "look.output.ok == true", max = 5, body = [{ id = "look", title = "Look at {{what}}, round {i}" }] }
[[steps]]
id = "tell"
title = "Tell"
needs = ["try"]
`;

t.test("a running hub does what its molecules wait for, also what came while it was dead", async (t) => {
  // Short, because a socket lies in it.
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const house = new House(dir);
  t.teardown(() => house.close());
  const cli = async <T>(...args: string[]): Promise<T> => {
    const { code, json, stderr } = await house.cli(...args);
    if (code !== 0) throw new TypeError(`${args.join(" ")}: ${stderr}`);
    return json as T;
  };
  mkdirSync(path.join(house.hubState, "formulas"), { recursive: true });
  writeFileSync(path.join(house.hubState, "formulas/mend.formula.toml"), LOOP);
  await house.startHub();
  const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
  const wire = new GatewayWire(house.url.replace("http", "ws"));
  t.teardown(() => wire.end());
  await wire.login({ token, role: "operator", scopes: ["operator.read"] });

  const made = await cli<Poured>("mol", "pour", "mend", "--var", "what=the gate");
  t.ok(
    await wire.find(({ event, payload }) => event === "formulas.changed" && (payload as { id: string }).id === made.id),
  );
  const ready = async () => (await cli<BeadView[]>("ready")).map(({ title }) => title);
  t.same(await ready(), ["Look at the gate, round 1"]);
  // As anybody closes a bead, without a word about formulas.
  await house.call("beads.close", { ids: [made.steps[0]?.id] });
  t.ok(
    await wire.find(
      ({ event, payload }) => event === "formulas.changed" && (payload as { kind: string }).kind === "settled",
    ),
  );
  t.same(await ready(), ["Look at the gate, round 2"]);

  await house.hub?.kill();
  const second = (await cli<BeadView[]>("ready"))[0]?.id ?? "";
  await cli(
    "bead",
    "update",
    second,
    "--metadata",
    JSON.stringify({ formula: { step: "try.iter2.look" }, output: { ok: true } }),
  );
  await cli("bead", "close", second);
  t.same(await ready(), [], "nobody was there to look");
  await house.startHub();
  const progress = () => house.call<{ result: MoleculeView }>("formulas.progress", { id: made.id });
  await house.eventually("the hub to have looked", async () =>
    (await progress()).result.gates.length === 0 ? true : undefined,
  );
  t.same(await ready(), ["Tell"]);
  t.match(await cli("mol", "step", "done", made.id, "tell"), { status: "closed", completed: 3, percent: 100 });
  t.match((await progress()).result, { status: "closed" }, "the command line and the gateway agree");
});
