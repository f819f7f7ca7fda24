import t from "tap";
import { House } from "../../support/house.ts";
import { notWanted } from "../support/cache.ts";
import { ClientHome } from "../support/client.ts";
import { targetOf } from "../support/hub.ts";
import { CLAWDBOT, label, OPENCLAW, OPENCLAW_JANUARY } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";
import { noTerminal, Terminal } from "../support/terminal.ts";

t.setTimeout(600_000);

t.test("the terminal UIs", { skip: notWanted() || noTerminal }, async (t) => {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.startHub();

  for (const program of [OPENCLAW, OPENCLAW_JANUARY, CLAWDBOT]) {
    await t.test(label(program), async (t) => {
      const relay = await new Relay(targetOf(house)).start();
      t.teardown(() => relay.stop());
      const home = new ClientHome(t.testdir(), program).useRemote(relay);
      const terminal = new Terminal(home, ["tui"]);
      t.teardown(() => terminal.stop());
      await terminal.shows("a connection", /connected/);
      await terminal.until("the history", () =>
        relay.calls().find(({ method, answers }) => method === "chat.history" && answers.length > 0),
      );
      await terminal.enter("what time is it");
      const call = await terminal.until("the message", () =>
        relay.calls().find(({ method, answers }) => method === "chat.send" && answers.length > 0),
      );
      t.match(call.answers[0], { ok: true, payload: { status: "started" } });
      await terminal.shows("the answer", /it is .*\d/i);
      t.pass("the answer is on the screen");
      t.same(relay.refusals(), [], "no method fails");
    });
  }
});
