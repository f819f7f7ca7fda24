import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { capturedIo, FakeGateway, type Ran, runCli, temporaryHome } from "../testing.ts";

const SETUP = { hub: "https://10.0.0.2:18789", authority: "a".repeat(64), setupCode: "ABCDEFGH", expiresAtMs: 2e12 };

async function bench(t: Test, setup: object = SETUP) {
  const gateway = await FakeGateway.start({
    "barnacle.devices.code": ({ room }) => ({ code: "ABCD-EFGH", setup: { ...setup, room } }),
  });
  t.teardown(() => gateway.stop());
  const home = temporaryHome(t.teardown.bind(t));
  const dir = t.testdir({
    "barnacle-node_1_arm64.deb": "package",
    "key.pub": "ssh-ed25519 AAAA me\n",
    password: "correct horse\n",
    "node.yaml": "microphone: {driver: arecord}\n",
    "bad.yaml": "microfone: {}\n",
  });
  const flash = (...argv: string[]): Promise<Ran> =>
    runCli(
      ["flash", path.join(dir, "card"), ...argv, "--json", "--url", gateway.url, "--token", gateway.token],
      capturedIo({ home, env: { BARNACLE_WIFI_PASSWORD: "from the environment" } }),
    );
  const deb = ["--deb", path.join(dir, "barnacle-node_1_arm64.deb")];
  return { gateway, dir, flash, deb, at: (name: string) => path.join(dir, name), card: path.join(dir, "card") };
}

t.test("a card gets room, hub, fingerprint and a single-use code", async (t) => {
  const { gateway, flash, deb, at, card } = await bench(t);
  const wifi = ["--wifi", "Home", "--wifi-password-file", at("password"), "--country", "de"];
  const user = ["--user", "me", "--ssh-key", at("key.pub")];
  const { code, out } = await flash("--room", "shed", ...deb, ...wifi, ...user, "--config", at("node.yaml"));
  t.equal(code, 0);
  t.same(gateway.calls.at(-1), { method: "barnacle.devices.code", params: { ttlMs: 86_400_000, room: "shed" } });
  const told = JSON.parse(out);
  t.match(told, { written: true, system: "trixie", hostName: "barnacle-shed", room: "shed", expiresAtMs: 2e12 });
  t.same(JSON.parse(readFileSync(path.join(card, "barnacle/node.json"), "utf8")), {
    ...SETUP,
    room: "shed",
    name: "shed",
  });
  t.equal(readFileSync(path.join(card, "barnacle/node.yaml"), "utf8"), "microphone: {driver: arecord}\n");
  t.same(
    told.files.filter((file: { secret: boolean }) => file.secret).map((file: { path: string }) => file.path),
    [...["barnacle/node.yaml", "barnacle/node.json", "network-config"]],
  );
  for (const secret of ["correct horse", "ABCDEFGH", "psk"]) t.notMatch(out, secret, "no secret is printed");
  t.notMatch(
    readFileSync(path.join(card, "network-config"), "utf8"),
    "correct horse",
    "nor is the password on the card",
  );
});

t.test("a dry run writes nothing and spends no code", async (t) => {
  const { gateway, flash, deb, card } = await bench(t);
  const { code, out } = await flash("--room", "shed", ...deb, "--wifi", "Home", "--country", "DE", "--dry-run");
  t.equal(code, 0);
  t.match(JSON.parse(out), {
    written: false,
    files: [{ path: /deb$/, bytes: 7 }, {}, {}, {}, {}, { path: "user-data" }],
  });
  t.notOk(existsSync(card));
  t.same(gateway.calls, []);
});

t.test("a setup made elsewhere needs no hub; another address may be named", async (t) => {
  const { gateway, dir, flash, deb, card } = await bench(t);
  const { writeFileSync } = await import("node:fs");
  writeFileSync(path.join(dir, "setup.json"), JSON.stringify({ code: "x", setup: SETUP }));
  const { code } = await flash(...deb, "--setup", path.join(dir, "setup.json"), "--hub", "https://hub.lan:1");
  t.equal(code, 0);
  t.match(JSON.parse(readFileSync(path.join(card, "barnacle/node.json"), "utf8")), { hub: "https://hub.lan:1" });
  t.same(gateway.calls, []);
});

t.test("what is missing or wrong is named, and nothing is written", async (t) => {
  const { flash, deb, at, card, dir } = await bench(t, { hub: "http://127.0.0.1:18789", setupCode: "ABCDEFGH" });
  const cases: [argv: string[], code: number, err: RegExp][] = [
    [["--room", "shed"], 2, /package of barnacle-node is missing/],
    [["--deb", path.join(dir, "barnacle-node_2.deb")], 1, /does not exist/],
    [[...deb, "--wifi", "Home"], 2, /--country is missing/],
    [[...deb, "--wifi", "Home", "--country", "DE", "--wifi-password-file", at("absent")], 1, /absent/],
    [[...deb, "--user", "me"], 2, /--ssh-key/],
    [[...deb, "--user", "root", "--ssh-key", at("key.pub")], 2, /--user root/],
    [[...deb, "--hostname", "No Host"], 2, /--hostname No Host/],
    [[...deb, "--config", at("bad.yaml")], 1, /bad\.yaml:1: microfone/],
    [[...deb], 2, /serves its own machine only/],
  ];
  for (const [argv, code, err] of cases) t.match(await flash(...argv), { code, err }, argv.join(" "));
  t.notOk(existsSync(card));
});
