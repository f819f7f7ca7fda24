import t from "tap";
import { House } from "../../support/house.ts";
import { ACCEPTED_TODAY } from "../recordings/accepted.ts";
import { Chromium, noBrowser } from "../support/browser.ts";
import { notWanted } from "../support/cache.ts";
import { sameAsRecorded } from "../support/compare.ts";
import { targetOf } from "../support/hub.ts";
import { ControlUi } from "../support/pages.ts";
import { controlUiFolder, OPENCLAW } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";

t.setTimeout(600_000);

const PAGES = [
  "/agents",
  "/sessions",
  "/activity",
  "/tasks",
  "/automations",
  "/usage",
  "/logs",
  "/debug",
  "/skills",
  "/plugins",
  "/systems",
  "/settings/general",
  "/settings/channels",
  "/settings/devices",
  "/settings/approvals",
  "/settings/model-providers",
  "/settings/profile",
];

t.test("the Control UI of openclaw 2026.9.6", { skip: notWanted() || noBrowser }, async (t) => {
  const house = new House(t.testdir(), {
    hub: { gateway: { controlUi: { root: controlUiFolder(OPENCLAW) } } },
    node: { wake: { engine: "none" }, speech: { engine: "none" } },
  });
  t.teardown(() => house.close());
  await house.open();
  const target = targetOf(house);
  const relay = await new Relay(target).start();
  t.teardown(() => relay.stop());
  const chromium = new Chromium();
  t.teardown(() => chromium.close());
  const page = await chromium.open(`${relay.page}/chat#token=${target.token}`);
  const ui = new ControlUi(page, chromium, relay);

  await t.test("a question in the chat is answered where it was asked", async (t) => {
    const composer = page.getByPlaceholder(/^Message/).first();
    await composer.waitFor();
    await ui.check(t, "the first page");
    await composer.fill("what time is it");
    await composer.press("Enter");
    await page
      .getByText(/it is .*\d/i)
      .first()
      .waitFor();
    await ui.check(t, "a chat");
    // What it shows at once, it must find again by its key in what the gateway tells it.
    await composer.fill("what day is it");
    await composer.press("Enter");
    await page
      .getByText(/it is \w+day/i)
      .first()
      .waitFor();
    t.equal(
      await page.locator("main").getByText("what day is it", { exact: true }).count(),
      1,
      "a question stands once",
    );
    const sent = relay.calls().find(({ method }) => method === "chat.send");
    t.match(sent?.answers[0], { ok: true, payload: { status: "started" } });
  });

  for (const address of PAGES) await t.test(address, (t) => ui.visit(t, address));

  await t.test("what was said is still there after a reload", async (t) => {
    await page.goto(`${relay.page}/chat`);
    await page.getByText("what time is it").first().waitFor();
    await ui.check(t, "the chat, again");
  });

  const methods = new Set(relay.calls().map(({ method }) => method));
  t.ok(methods.size >= 50, `it asked for ${methods.size} methods`);

  await t.test("the same frames as from the real gateway", async (t) => {
    sameAsRecorded(t, relay, "today", ACCEPTED_TODAY);
  });
});
