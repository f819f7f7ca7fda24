import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import fastify from "fastify";
import t from "tap";
import { temporaryDirectory } from "../store/testing.ts";
import { find } from "./files.ts";
import { ControlUi, type ControlUiOptions } from "./index.ts";
import { pageWith, policyFor } from "./page.ts";

const HTML = '<!doctype html><html><head><title>Control</title><script>go("</x>")</script></head><body></body></html>';

function application(t: { teardown(fn: () => unknown): void }) {
  const outside = temporaryDirectory(t);
  const root = path.join(outside, "control-ui");
  mkdirSync(path.join(root, "assets"), { recursive: true });
  writeFileSync(path.join(root, "index.html"), HTML);
  writeFileSync(path.join(root, "assets", "index-a1b2.js"), "export {}");
  writeFileSync(path.join(root, "favicon.svg"), "<svg/>");
  writeFileSync(path.join(root, ".secret"), "canary");
  writeFileSync(path.join(outside, "secret.txt"), "canary");
  symlinkSync(path.join(outside, "secret.txt"), path.join(root, "link.txt"));
  return root;
}

async function served(t: { teardown(fn: () => unknown): void }, patch: Partial<ControlUiOptions> = {}) {
  const root = application(t);
  const assistant = () => ({ id: "main", name: "Anna's </script>", avatar: "A" });
  const options = {
    root,
    basePath: "/",
    version: "0.1.0",
    assistant,
    secrets: ["a-long-token"],
    operatorToken: (token: string) => token === "a-device-token",
    clock: new FakeClock(),
  };
  const unit = new ControlUi({ ...options, seamColor: () => "#112233", ...patch });
  const server = fastify();
  await server.register(async (own) => unit.register(own));
  t.teardown(() => server.close());
  const get = async (url: string, headers = {}) => server.inject({ method: "GET", url, headers });
  return { get, unit };
}

t.test("the application's files are served, its pages fall back to one, what is missing is missing", async (t) => {
  const { get, unit } = await served(t);
  t.ok(unit.takesRoot);
  for (const url of ["/", "/chat", "/sessions/main?x=1", "/index.html"]) {
    const page = await get(url);
    t.equal(page.statusCode, 200, url);
    t.match(page.body, /<title>Control<\/title>/, url);
    t.match(page.headers, { "cache-control": "no-cache", "content-type": /text\/html/, "x-frame-options": "DENY" });
  }
  const asset = await get("/assets/index-a1b2.js");
  t.match(asset.headers, {
    "cache-control": /immutable/,
    "content-type": /javascript/,
    "x-content-type-options": "nosniff",
  });
  t.equal(asset.body, "export {}");
  t.match((await get("/favicon.svg")).headers, { "cache-control": "no-cache", "content-type": "image/svg+xml" });
  t.match((await get("/assets/gone.js")).json(), { message: /nothing is at GET \/assets\/gone.js/ });
});

t.test("nothing outside the folder is served, however it is asked for", async (t) => {
  const root = application(t);
  for (const url of [
    ...[
      "/../secret.txt",
      "/..%2fsecret.txt",
      "/%2e%2e/secret.txt",
      "/assets/../../secret.txt",
      "/assets/..%5c..%5csecret.txt",
    ],
    ...["/link.txt", "/.secret", "/%2esecret", "/x%00.txt", "/%252e%252e/secret.txt", "/%zz", "/assets"],
  ]) {
    const found = find(root, url);
    t.not(found.kind, "file", url);
  }
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom("..", ".", "%2e%2e", "%2f", "/", "assets", "\\", "secret.txt", "link.txt", "%5c", "%00"),
        { maxLength: 8 },
      ),
      (parts) => {
        const found = find(root, `/${parts.join("/")}`);
        return found.kind !== "file" || found.file.startsWith(path.join(root, "assets"));
      },
    ),
  );
  t.match(find(root, "/assets/index-a1b2.js"), { kind: "file", size: 9 });
});

t.test("a page knows its gateway under every brand's name, and only its own scripts run", async (t) => {
  const facts = { basePath: "/ui", assistantName: "Anna's </script>", assistantAvatar: "A" };
  const page = pageWith(HTML, facts);
  for (const brand of ["OPENCLAW", "CLAWDBOT", "MOLTBOT"])
    t.match(page, `window.__${brand}_CONTROL_UI_BASE_PATH__="/ui"`);
  t.match(page, '<base href="/ui/">');
  t.notMatch(page, "Anna's </script>", "a name cannot end the script");
  const policy = policyFor(page);
  t.equal(policy.match(/'sha256-/g)?.length, 2, "one hash for each inline script");
  t.notMatch(policy, /unsafe-inline'.*script|script-src[^;]*unsafe-inline/);
  t.match(pageWith("<p>no head</p>", facts), /^<base href="\/ui\/"><script>/);
});

t.test("below a path of its own everything else stays free; its configuration is for who has the token", async (t) => {
  const { get, unit } = await served(t, { basePath: "/ui" });
  t.notOk(unit.takesRoot);
  t.match((await get("/ui")).body, '<base href="/ui/">');
  t.match((await get("/ui/chat")).body, /<title>/);
  t.equal((await get("/chat")).statusCode, 404);
  t.equal((await get("/ui/control-ui-config.json")).statusCode, 401);
  const config = await get("/ui/control-ui-config.json", { authorization: "Bearer a-long-token" });
  t.match(config.json(), { basePath: "/ui", assistantAgentId: "main", serverVersion: "0.1.0", seamColor: "#112233" });
  t.equal((await get("/ui/__openclaw/control-ui-config.json", { authorization: "Bearer no" })).statusCode, 401);
  const byDevice = await get("/ui/control-ui-config.json", { authorization: "Bearer a-device-token" });
  t.equal(byDevice.statusCode, 200, "a paired operator's own token is as good");
});

t.test("a folder without an application is named at the start", async (t) => {
  const options = {
    root: temporaryDirectory(t),
    basePath: "/",
    version: "0",
    secrets: [],
    operatorToken: () => false,
    clock: new FakeClock(),
  };
  t.throws(
    () =>
      new ControlUi({ ...options, assistant: () => ({ id: "", name: "", avatar: "" }), seamColor: () => undefined }),
    {
      code: "CONFIG_INVALID",
      message: /gateway\.controlUi\.root: .* has no index\.html/,
    },
  );
});

t.test("a name that is too long for a file is a page of nobody, not a failure", async (t) => {
  const root = application(t);
  t.same(find(root, `/${"a".repeat(5000)}.js`), { kind: "none" });
  t.same(find(root, "/index.html/below.js"), { kind: "none" });
});
