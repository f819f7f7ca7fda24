import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";
/** False when the browser is there, else why tests that need it are skipped. */
export const noBrowser: string | false = existsSync(CHROMIUM) ? false : `no ${CHROMIUM} (Debian package chromium)`;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** One headless browser with a fresh profile; only what comes from loopback is loaded. */
export class Chromium {
  /** What the page wrote as an error, and requests of its own origin that failed. */
  readonly problems: string[] = [];
  #browser: Browser | undefined;

  async open(url: string): Promise<Page> {
    this.#browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS });
    const context = await this.#browser.newContext({ viewport: { width: 1400, height: 1000 }, locale: "en-GB" });
    await context.route(
      (address) => address.hostname !== "127.0.0.1",
      (route) => route.abort(),
    );
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => this.problems.push(`page: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      // Told by the browser for every failed request; those are judged below, with their address.
      // A font from outside, which the January pages do without.
      const known = /^Failed to load|fonts\.googleapis\.com/.test(text);
      if (message.type() === "error" && !known) this.problems.push(`console: ${text}`);
    });
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      // A household without pictures answers 404, as the real gateway does.
      if (response.status() >= 400 && !/avatar|icon/.test(pathname)) {
        this.problems.push(`${response.status()} ${pathname}`);
      }
    });
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }
}
