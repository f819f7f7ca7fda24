import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { Test as T } from "tap";
import type { Chromium } from "./browser.ts";
import type { Relay } from "./relay.ts";

const QUIET_MS = 800;
const PATIENCE_MS = 45_000;
/** How the Control UIs of both eras show that something went wrong. */
const BANNERS = [
  '[role="alert"]',
  ".callout.danger",
  ".pill.danger",
  ".oc-banner-error",
  ".chat-error__content",
  ".exec-approval-error",
  '[class*="__error"]',
  '[class*="callout--error"]',
  '[class*="error-banner"]',
].join(", ");

/** Shown by the real gateway's own page as well, where no channel is configured. */
const MEANT = /^Channel config schema unavailable\.$/;

/** A Control UI in a browser, and what it says to the gateway meanwhile. */
export class ControlUi {
  readonly page: Page;
  readonly #chromium: Chromium;
  readonly #relay: Relay;
  #seen = 0;

  constructor(page: Page, chromium: Chromium, relay: Relay) {
    this.page = page;
    this.#chromium = chromium;
    this.#relay = relay;
  }

  /** Goes to a page of the UI as a click on its link does, and asserts that nothing on the way there failed. */
  async visit(t: T, address: string): Promise<void> {
    // Text, because it runs in the page.
    await this.page.evaluate(
      `history.pushState({}, "", ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent("popstate"));`,
    );
    await this.check(t, address);
  }

  /** Waits until the page asks for nothing more; asserts that nothing was refused and nothing shown as wrong. */
  async check(t: T, what: string): Promise<void> {
    await this.settled();
    t.same(this.#relay.refusals(this.#seen), [], `${what}: no method fails`);
    const text = await this.page.locator("main").first().innerText();
    t.ok(text.trim().length > 20, `${what}: there is something to read`);
    this.#seen = this.#relay.frames.length;
    const banners = await this.page.locator(BANNERS).filter({ visible: true }).allInnerTexts();
    t.same(
      banners.map((text) => text.trim()).filter((text) => text !== "" && !MEANT.test(text)),
      [],
      `${what}: no error is shown`,
    );
    t.same(this.#chromium.problems.splice(0), [], `${what}: no error in the console`);
  }

  async settled(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let frames = -1;
    while (performance.now() < deadline) {
      const calls = this.#relay.calls(this.#seen);
      const open = calls.filter(({ answers }) => answers.length === 0);
      if (open.length === 0 && frames === calls.length) return;
      frames = calls.length;
      await pause(QUIET_MS);
    }
  }
}
