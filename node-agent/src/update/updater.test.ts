import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { openState } from "../state/index.ts";
import { CommandInstaller, FakeInstaller, fetchPackage, Updater } from "./index.ts";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

function setUp(t: Test) {
  const dir = t.testdir();
  const { settings, close } = openState(dir, silentLog);
  t.teardown(close);
  const clock = new FakeClock();
  const installer = new FakeInstaller();
  const left: string[] = [];
  const directory = path.join(dir, "packages");
  const make = (version = "1.0") =>
    new Updater({
      ...{ directory, installer, fetch: fetchPackage, settings, version, trialMs: 60_000, clock, log: silentLog },
      leave: (reason) => void left.push(reason),
    });
  const pack = (name: string) => {
    const source = path.join(dir, name);
    writeFileSync(source, name);
    return { source, sha256: hashOf(name) };
  };
  return { clock, installer, left, make, pack, directory };
}

t.test("a package is installed once its checksum was right, and kept once it is proven", async (t) => {
  const { installer, left, make, pack, directory } = setUp(t);
  const one = pack("one");
  const updater = make();
  t.same(await updater.update(one), { installed: one.sha256 });
  t.match(installer.installed, [new RegExp(`${one.sha256}\\.deb$`)]);
  t.same(left, ["a package was installed"]);
  await t.rejects(updater.update({ ...one, sha256: hashOf("other") }), {
    code: "COMMAND_FAILED",
    message: /its SHA-256 is [0-9a-f]{64}, and/,
  });
  await t.rejects(updater.update({ ...one, source: "/nowhere" }), {
    code: "COMMAND_FAILED",
    message: /could not be fetched/,
  });
  t.equal(installer.installed.length, 1);
  t.same(await make().already(one), { installed: one.sha256 });
  t.equal(await make().already({ ...one, version: "2.0" }), undefined);
  t.same(await make("2.0").already({ ...one, version: "2.0" }), { installed: one.sha256 });
  const after = make();
  await after.start();
  after.online();
  t.same(readdirSync(directory), [`${one.sha256}.deb`]);
});

t.test("one that does not reach the hub in time makes room for the last proven one", async (t) => {
  const { clock, installer, left, make, pack } = setUp(t);
  const [one, two] = [pack("one"), pack("two")];
  await make().update(one);
  const first = make();
  await first.start();
  first.online();
  await clock.advance(120_000);
  t.equal(installer.installed.length, 1, "proven is proven");
  await make().update(two);
  const second = make();
  await second.start();
  await clock.advance(59_999);
  t.equal(installer.installed.length, 2);
  await clock.advance(1);
  t.match(installer.installed[2], new RegExp(one.sha256));
  t.equal(left.at(-1), "the package before was installed again");
  const third = make();
  await third.start();
  await clock.advance(120_000);
  t.equal(installer.installed.length, 3, "nothing is being tried any more");
});

t.test("an installation that was cut off is neither claimed nor kept", async (t) => {
  const { clock, installer, make, pack } = setUp(t);
  const one = pack("one");
  const begun = Promise.withResolvers<void>();
  installer.install = () => {
    begun.resolve();
    return new Promise(() => {});
  };
  void make().update(one);
  await begun.promise;
  const after = make();
  t.equal(await after.already(one), undefined, "the outcome is not known");
  await after.start();
  after.online();
  t.equal(await make().already(one), undefined);
  await clock.advance(120_000);
  t.same(installer.installed, [], "nothing is installed again by itself");
});

t.test("an installation that fails is named, and undone where that is possible", async (t) => {
  const { installer, make, pack, left } = setUp(t);
  installer.failure = "no space";
  await t.rejects(make().update(pack("one")), { code: "COMMAND_FAILED", message: /no space/ });
  t.equal(installer.installed.length, 1, "there is nothing to go back to");
  t.same(left, []);
});

t.test("the configured program gets the file, without a shell", async (t) => {
  const dir = t.testdir();
  const out = path.join(dir, "out");
  const program = `require("node:fs").writeFileSync(${JSON.stringify(out)}, process.argv[1])`;
  await new CommandInstaller([process.execPath, "-e", program, "{file}; true"], 30_000).install("/a b.deb");
  t.equal(readFileSync(out, "utf8"), "/a b.deb; true");
  const bad = new CommandInstaller([process.execPath, "-e", "console.error('broken'); process.exit(3)"], 30_000);
  await t.rejects(bad.install("x"), { code: "COMMAND_FAILED", message: /ended with 3: broken/ });
  await t.rejects(new CommandInstaller(["/no/such/program"], 1000).install("x"), { message: /ENOENT/ });
});

t.test("packages come over HTTP too; what is not there is said", async (t) => {
  const dir = t.testdir();
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/p.deb" ? 200 : 404;
    response.end("package");
  }).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = path.join(dir, "p");
  await fetchPackage(`${base}/p.deb`, hashOf("package"), file);
  t.equal(readFileSync(file, "utf8"), "package");
  await t.rejects(fetchPackage(`${base}/q.deb`, hashOf("package"), path.join(dir, "q")), { message: /answered 404/ });
  t.notOk(existsSync(path.join(dir, "q")));
});
