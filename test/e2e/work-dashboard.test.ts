import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { originIn } from "../../hub/src/rigs/testing.ts";
import { Chromium, noBrowser } from "../compat/support/browser.ts";
import { House } from "../support/house.ts";

t.setTimeout(300_000);

interface Named {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

const ids = (list: unknown): string[] => (list as readonly Named[]).map(({ id }) => id).sort();

/** Shows in `#beads` what the stream tells, each bead with its newest state, read again over HTTP. */
const PAGE = (token: string) => `<!doctype html><title>Beads</title><ul id="beads"></ul><script type="module">
const headers = { authorization: "Bearer ${token}" };
const list = document.querySelector("#beads");
async function show(id) {
  const [bead] = await (await fetch("/api/dashboard/beads?id=" + id, { headers })).json();
  const row = document.getElementById(id) ?? list.appendChild(Object.assign(document.createElement("li"), { id }));
  row.textContent = bead.title + ": " + bead.status;
}
const stream = await fetch("/api/dashboard/events?since=0", { headers });
document.title = "listening";
let text = "";
for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  const parts = text.split("\\n\\n");
  text = parts.pop();
  for (const part of parts) {
    const data = /^data: (.*)$/m.exec(part)?.[1];
    if (data && JSON.parse(data).noun === "beads") await show(JSON.parse(data).id);
  }
}
</script>`;

t.test(
  "R1.4 R2.5 R7 command line, WebSocket and HTTP show the same, and a page sees changes as they happen",
  async (t) => {
    // Short, because a socket lies in it.
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const canary = "canary-of-the-password";
    const house = new House(dir, { hub: { gateway: { password: canary } } });
    t.teardown(() => house.close());
    await house.startHub();
    const { bare } = originIn(path.join(dir, "from"));
    await house.cli("workspace", "init", path.join(dir, "town"));
    t.match(await house.cli("rig", "add", "shop", bare), { code: 0 });
    const make = async (...args: string[]) => (await house.cli("bead", "create", ...args)).json as Named;
    const gate = await make("Fix the gate", "-p", "1");
    const paint = await make("Paint it", "--deps", `blocks:${gate.id}`);
    const convoy = (await house.cli("convoy", "create", "Garden", gate.id, paint.id)).json as Named;
    const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
    let everything = "";
    const get = async (what: string) => {
      const answer = await fetch(`${house.url}/api/dashboard/${what}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const text = await answer.text();
      everything += text;
      return { status: answer.status, body: JSON.parse(text) };
    };
    const compare = async (when: string) => {
      const call = async (method: string, params = {}) =>
        (await house.call<{ result: unknown }>(method, params)).result;
      const [cli, ws, http] = [await house.cli("bead", "list"), await call("beads.list"), await get("beads")];
      t.same(ids(ws), ids(cli.json), `beads over the WebSocket ${when}`);
      t.same(ids(http.body.beads), ids(cli.json), `and over HTTP ${when}`);
      const convoys = [
        (await house.cli("convoy", "list")).json,
        await call("convoys.list"),
        (await get("convoys")).body,
      ];
      t.same(convoys[1], convoys[0], `convoys over the WebSocket ${when}`);
      t.same(convoys[2], convoys[0], `and over HTTP ${when}`);
      t.same(ids(convoys[0]), [convoy.id], `the convoy's id ${when}`);
      const rigs = [(await house.cli("rig", "list")).json, await call("rigs.list"), (await get("overview")).body.rigs];
      t.same(rigs[1], rigs[0], `rigs over the WebSocket ${when}`);
      t.same(rigs[2], rigs[0], `and over HTTP ${when}`);
    };
    await compare("at first");
    t.match((await get("overview")).body, { beads: { ready_issues: 1, blocked_issues: 1 }, convoys: { open: 1 } });
    t.match((await get("agents")).body, []);
    t.match((await get("metrics")).body, { beads: { ready: 1 } });

    if (noBrowser) t.comment(`not in a browser: ${noBrowser}`);
    else {
      const chromium = new Chromium();
      t.teardown(() => chromium.close());
      const page = await chromium.open(`${house.url}/health`);
      await page.route("**/dashboard-test", (route) => route.fulfill({ contentType: "text/html", body: PAGE(token) }));
      await page.goto(`${house.url}/dashboard-test`);
      await page.waitForFunction("document.title === 'listening'");
      await page.locator(`#${gate.id}`).getByText("Fix the gate: open").waitFor();
      await house.cli("bead", "close", gate.id, "-r", "Oiled");
      await page.locator(`#${gate.id}`).getByText("Fix the gate: closed").waitFor();
      t.equal(await page.locator(`#${gate.id}`).textContent(), "Fix the gate: closed", "R7.2 pushed, not asked for");
      t.same(chromium.problems, []);
    }
    await house.hub?.kill();
    await house.startHub();
    await compare("after a kill");
    t.equal((await fetch(`${house.url}/api/dashboard/beads`)).status, 401, "R7.3 not for strangers");
    t.notOk(everything.includes(token) || everything.includes(canary), "R7.3 no secret in any answer");
  },
);
