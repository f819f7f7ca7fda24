import t from "tap";
import { House } from "../../support/house.ts";
import { ACCEPTED_JANUARY } from "../recordings/accepted.ts";
import { Chromium, noBrowser } from "../support/browser.ts";
import { notWanted } from "../support/cache.ts";
import { sameAsRecorded } from "../support/compare.ts";
import { targetOf } from "../support/hub.ts";
import { ControlUi } from "../support/pages.ts";
import { CLAWDBOT, controlUiFolder, label, OPENCLAW_JANUARY } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";

t.setTimeout(600_000);

const TABS = ["overview", "channels", "instances", "sessions", "cron", "skills", "nodes", "config", "debug", "logs"];

t.test("the Control UIs of January", { skip: notWanted() || noBrowser }, async (t) => {
  for (const program of [OPENCLAW_JANUARY, CLAWDBOT]) {
    await t.test(label(program), async (t) => {
      const house = new House(t.testdir(), {
        hub: { gateway: { controlUi: { root: controlUiFolder(program) } } },
        node: { wake: { engine: "none" }, speech: { engine: "none" } },
      });
      t.teardown(() => house.close());
      await house.open();
      const target = targetOf(house);
      const relay = await new Relay(target).start();
      t.teardown(() => relay.stop());
      const chromium = new Chromium();
      t.teardown(() => chromium.close());
      const page = await chromium.open(`${relay.page}/chat?token=${target.token}`);
      const ui = new ControlUi(page, chromium, relay);

      await t.test("a question in the chat is answered where it was asked", async (t) => {
        const composer = page.locator("textarea").first();
        await composer.waitFor();
        await ui.check(t, "the first page");
        await composer.fill("what time is it");
        await composer.press("Enter");
        await page
          .getByText(/it is .*\d/i)
          .first()
          .waitFor();
        await ui.check(t, "a chat");
      });

      for (const tab of TABS) await t.test(tab, (t) => ui.visit(t, `/${tab}`));
      await t.test("the same frames as from the real gateway", async (t) => {
        sameAsRecorded(t, relay, "january", ACCEPTED_JANUARY);
      });
      const methods = new Set(relay.calls().map(({ method }) => method));
      t.ok(methods.size >= 20, `it asked for ${methods.size} methods`);
    });
  }
});
