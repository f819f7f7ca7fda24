import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import t, { type Test as T } from "tap";
import { buildDaemon } from "../../systemd/package/build.ts";
import { cachedPackages, cacheFolder } from "../../systemd/package/cache.ts";
import { PRODUCTS, type Product } from "../../systemd/package/product.ts";
import { DebianRoot, rootMissing } from "../support/debian-root.ts";
import { linkUp } from "../support/house.ts";
import { PATIENCE_MS, ROOT } from "../support/process.ts";

// Building the system and the packages is part of the first run.
t.setTimeout(900_000);

const skip = rootMissing();
if (skip) t.comment(`skipped: ${skip}`);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function system(t: T, shared: Record<string, string>): Promise<DebianRoot> {
  const root = new DebianRoot(mkdtempSync(path.join(cacheFolder(), ".try-")));
  t.teardown(() => root.close());
  await root.open(shared);
  return root;
}

async function eventually<T>(what: string, probe: () => T | undefined): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await pause(100)) {
    const found = probe();
    if (found !== undefined) return found;
  }
  throw new BarnacleError("TIMEOUT", `${what} did not come about`);
}

t.test("the same sources give the same package, byte for byte", { skip }, async (t) => {
  const { hub } = await cachedPackages(ROOT, "amd64");
  const out = t.testdir({});
  const options = { root: ROOT, cache: cacheFolder(), seconds: 0, out, compression: "none" } as const;
  const again = await buildDaemon(PRODUCTS[0] as Product, "amd64", options);
  const hash = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
  t.equal(hash(again), hash(hub));
});

t.test("installed, upgraded, removed and purged; in between it pairs and obeys", { skip }, async (t) => {
  const packages = await cachedPackages(ROOT, "amd64");
  const root = await system(t, { packages: path.dirname(packages.hub) });
  const inside = (file: string): string => `/mnt/packages/${path.basename(file)}`;

  root.must(`dpkg -i ${Object.values(packages).map(inside).join(" ")}`);
  t.equal(root.must("dpkg --verify barnacle-hub barnacle-node barnacle-wake-phrases"), "", "as it was packed");
  t.match(root.must("id barnacle-node"), /\(audio\).*\(gpio\)|\(gpio\).*\(audio\)/);
  const modes = root
    .must("stat -c '%n %U %a' /var/lib/barnacle /var/lib/barnacle-node /etc/barnacle/*.yaml")
    .split("\n");
  t.same(modes.slice(0, 4), [
    "/var/lib/barnacle barnacle 700",
    "/var/lib/barnacle-node barnacle-node 700",
    "/etc/barnacle/hub.yaml barnacle 640",
    "/etc/barnacle/node.yaml root 640",
  ]);
  root.must("test -L /etc/systemd/system/multi-user.target.wants/barnacle-node.service");
  t.match(root.must("cat /usr/share/doc/barnacle-node/copyright"), /License: Apache-2\.0/);
  t.match(root.must("cat /usr/share/doc/barnacle-wake-phrases/copyright"), /License: CC-BY-NC-SA-4\.0/);

  const [port, mqtt] = [await freePort(), await freePort()];
  const write = (file: string, content: object): void => {
    root.must(`printf '%s\\n' '${JSON.stringify(content)}' > ${file}`);
  };
  write("/etc/barnacle/hub.yaml", { gateway: { port }, mqtt: { port: mqtt } });
  write("/etc/barnacle/node.yaml", {
    ...{ name: "Shed", room: "shed", hub: `http://127.0.0.1:${port}`, microphone: { driver: "none" } },
    ...{ wake: { engine: "none" }, speech: { engine: "none" }, voice: { engine: "none", player: "none" } },
    gpio: { driver: "fake", lines: [{ line: 17, name: "lamp" }] },
  });
  const invoke = (): unknown => JSON.parse(root.must(`barnacle invoke Shed gpio.write '{"line":17,"value":1}' --json`));

  const hub = root.start("barnacle-hub", "--json");
  t.teardown(() => hub.kill());
  await hub.line("the ready line", (line) => line.ready === true);
  const { code } = JSON.parse(root.must("barnacle devices code --json"));
  const node = root.start("barnacle-node", "--events", "--setup-code", code);
  t.teardown(() => node.kill());
  await linkUp(node);
  await eventually("the manifest", () => root.must("barnacle devices show Shed").includes("gpio") || undefined);
  t.match(invoke(), { ok: true });
  t.not(root.must("find /var/cache/barnacle-node -type f | head -1"), "", "what was compiled is kept");
  const identity = root.must("sha256sum /var/lib/barnacle-node/identity/device.pem");
  t.equal(await node.stop(), 0);

  // The next version: the same with another number, and a hub that was there all the time.
  root.must(
    `cd /tmp && dpkg-deb -R ${inside(packages.node)} next && sed -i 's/^Version: .*/Version: 99.0/' next/DEBIAN/control && ` +
      "dpkg-deb -Znone --build next barnacle-node_99.0_amd64.deb && rm -r next && dpkg -i barnacle-node_99.0_amd64.deb",
  );
  t.match(root.must("dpkg-query -W barnacle-node"), /\t99\.0\n/);
  t.equal(root.must("sha256sum /var/lib/barnacle-node/identity/device.pem"), identity, "the same node");
  t.match(root.must("cat /etc/barnacle/node.yaml"), "Shed", "its settings are kept, without a question");
  t.equal(root.must("find /var/cache/barnacle-node -type f"), "", "what the version before had compiled is gone");
  const upgraded = root.start("barnacle-node", "--events");
  t.teardown(() => upgraded.kill());
  await linkUp(upgraded);
  await eventually("an answer", () =>
    root.sh("barnacle invoke Shed gpio.read '{\"line\":17}'").code === 0 ? true : undefined,
  );
  t.equal(await upgraded.stop(), 0);

  root.must("dpkg -r barnacle-wake-phrases barnacle-node");
  t.equal(root.sh("ls /usr/lib/barnacle-node /usr/bin/barnacle-node").stdout, "", "nothing of the program is left");
  t.equal(root.must("sha256sum /var/lib/barnacle-node/identity/device.pem"), identity, "the state is");
  root.must("test -f /etc/barnacle/node.yaml");
  root.must("dpkg -P barnacle-node");
  for (const gone of ["/var/lib/barnacle-node", "/var/cache/barnacle-node", "/etc/barnacle/node.yaml"])
    t.not(root.sh(`test -e ${gone}`).code, 0, `${gone} is purged`);
  t.match(root.must("barnacle health --json"), /"ok":true/, "the hub never noticed");
  t.equal(await hub.stop(), 0);
  root.must("dpkg -P barnacle-hub");
  for (const gone of ["/var/lib/barnacle", "/etc/barnacle", "/usr/lib/barnacle-hub"])
    t.not(root.sh(`test -e ${gone}`).code, 0, `${gone} is purged`);
});
