import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { BeadView } from "../../hub/src/beads/index.ts";
import type { ConvoyView, Landing } from "../../hub/src/convoys/index.ts";
import { GatewayWire } from "../support/gateway-wire.ts";
import { House } from "../support/house.ts";

t.setTimeout(300_000);

interface Change {
  readonly id: string;
  readonly kind: string;
}

t.test(
  "R2 a convoy over processes: command line, WebSocket and a restart agree; it lands once though nobody looked",
  async (t) => {
    // Short, because a socket lies in it.
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const house = new House(dir);
    t.teardown(() => house.close());
    const cli = async <T>(...args: string[]): Promise<T> => {
      const { code, json, stderr } = await house.cli(...args, ...(args[0] === "bead" ? ["--actor", "anna"] : []));
      if (code !== 0) throw new TypeError(`${args.join(" ")}: ${stderr}`);
      return json as T;
    };
    const bead = async (title: string, ...more: string[]) => (await cli<BeadView>("bead", "create", title, ...more)).id;
    const list = async () => (await house.call<{ result: ConvoyView[] }>("convoys.list", { all: true })).result;
    const mail = async () => {
      const { result } = await house.call<{ result: BeadView[] }>("beads.list", { type: "message", all: true });
      return result.map(({ assignee, title }) => `${assignee}: ${title}`).toSorted();
    };
    const listen = async () => {
      const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
      const wire = new GatewayWire(house.url.replace("http", "ws"));
      t.teardown(() => wire.end());
      await wire.login({ token, role: "operator", scopes: ["operator.read"] });
      return wire;
    };
    const changed = (wire: GatewayWire) =>
      wire.frames.filter(({ event }) => event === "convoys.changed").map(({ payload }) => payload as Change);

    await house.startHub();
    const first = await listen();
    const [dig, paint] = [await bead("Dig"), await bead("Paint")];
    const sow = await bead("Sow", "--deps", dig);
    const beds = await cli<ConvoyView>("convoy", "create", "Beds", dig, sow, "--watcher", "ben", "--actor", "anna");
    const fence = await cli<ConvoyView>("convoy", "create", "Fence", paint, "--depends-on", beds.id, "--actor", "anna");
    t.ok(await first.find(({ event, payload }) => event === "convoys.changed" && (payload as Change).id === fence.id));
    t.same(
      changed(first).flatMap(({ id, kind }) => (kind === "created" ? [id] : [])),
      [beds.id, fence.id],
    );
    const ids = (convoys: readonly ConvoyView[]) => convoys.map(({ id }) => id);
    t.same(ids(await list()), [fence.id, beds.id]);
    t.same(await cli<ConvoyView[]>("convoy", "list"), await list(), "the command line reads what the hub answers");
    t.match(await cli("convoy", "status", fence.id), { state: "waiting", waits_for: [beds.id] });

    await house.hub?.kill();
    await cli("bead", "close", dig, sow);
    t.match(await cli("convoy", "status", beds.id), { status: "open", state: "complete", percent: 100, landings: 0 });

    await house.startHub();
    const landed = await house.eventually("the landing", async () =>
      (await list()).find(({ id, status }) => id === beds.id && status === "closed"),
    );
    t.match(landed, { close_reason: "All tracked issues completed", landings: 1, percent: 100 });
    t.same(ids(await list()), [fence.id, beds.id], "the same ids after the restart");
    t.same(await mail(), ["anna: Convoy landed: Beds", "ben: Convoy landed: Beds"]);

    const second = await listen();
    const weed = await bead("Weed");
    t.match(await cli("convoy", "add", beds.id, weed), { status: "open", total: 3, percent: 66 });
    await cli("bead", "close", weed, paint);
    for (const { id } of [beds, fence]) {
      t.ok(
        await second.find(({ event, payload }) => {
          const { id: of, kind } = (payload ?? {}) as Partial<Change>;
          return event === "convoys.changed" && of === id && kind === "landed";
        }),
        "told as it happens",
      );
    }
    await house.hub?.kill();
    await house.startHub();
    t.match(await cli("convoy", "check"), { checked: [], knots: [] });
    t.same(
      changed(second)
        .filter(({ kind }) => kind === "landed")
        .map(({ id }) => id),
      [beds.id, fence.id],
      "each once, the one that waited after the one it waited for",
    );
    t.equal((await cli<Landing[]>("convoy", "landings", beds.id)).length, 2);
    const told = ["anna: Convoy landed: Beds", "anna: Convoy landed: Beds", "anna: Convoy landed: Fence"];
    t.same(await mail(), [...told, "ben: Convoy landed: Beds", "ben: Convoy landed: Beds"]);
    t.match(await house.cli("convoy", "land", "hq-cv-none"), { code: 1, stderr: /BEAD_UNKNOWN/ });
  },
);
