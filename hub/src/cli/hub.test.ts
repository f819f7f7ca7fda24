import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import t, { type Test as T } from "tap";
import { withHub } from "./gateway/connect.ts";
import { capturedIo, type Ran, runCli, temporaryHome } from "./testing.ts";

interface Ready {
  readonly gateway: { readonly url: string; readonly port: number };
  readonly mqtt: { readonly url: string; readonly port: number };
  readonly stateDir: string;
}

/** A real hub inside this process, on free ports, until the test ends. */
async function startHub(t: T) {
  const home = temporaryHome(t.teardown.bind(t));
  const io = capturedIo({ home });
  const ended = runCli(["hub", "--port", "0", "--mqtt-port", "0", "--json"], io);
  while (!io.out().includes("\n")) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
  const stop = async (): Promise<Ran> => {
    io.stop();
    return ended;
  };
  t.teardown(stop);
  const cli = (...argv: string[]): Promise<Ran> => runCli([...argv, "--json"], capturedIo({ home }));
  return { home, stop, cli, ready: JSON.parse(io.out()) as Ready };
}

t.test(
  "a hub says once where it is, is found by plain commands, and leaves nothing behind that misleads",
  async (t) => {
    const { home, stop, cli, ready } = await startHub(t);
    t.match(ready, { ready: true, stateDir: path.join(home, "state") });
    t.equal(ready.gateway.url, `ws://127.0.0.1:${ready.gateway.port}`);
    t.equal(ready.mqtt.url, `mqtt://127.0.0.1:${ready.mqtt.port}`);
    const notice = path.join(home, "state", "hub.json");
    t.equal(statSync(notice).mode & 0o777, 0o600);

    t.match(JSON.parse((await cli("health")).out), { ok: true });
    t.match(JSON.parse((await cli("status")).out), { url: ready.gateway.url, devices: { online: Number }, nodes: [] });
    t.match(JSON.parse((await cli("devices", "list")).out), [{ roles: ["operator"], approvedBy: "local" }]);
    t.match(JSON.parse((await cli("devices", "code")).out), { code: /^[A-Z2-9]{4}-[A-Z2-9]{4}$/ });
    t.match(await cli("devices", "code", "--for", "voice-node"), { code: 1, err: /serves this machine only/ });
    const there = ["--public-url", "ws://10.0.0.2:18789"];
    t.match(JSON.parse((await cli("devices", "code", "--for", "phone-limited", ...there)).out), { access: "limited" });
    const shown = await runCli(["devices", "code", "--qr", ...there], capturedIo({ home }));
    t.match(shown.out, /[▀▄█]{8,}.*\n[\w-]{100,}\n.*access full; at ws:\/\/10\.0\.0\.2:18789/s);
    t.match(
      (await runCli(["devices", "code", "--qr", "--for", "barnacle-node"], capturedIo({ home }))).out,
      /[▀▄█]{8,}/,
    );
    t.match(await cli("devices", "pending"), { code: 0, out: /^\[\]/ });
    t.same(JSON.parse((await cli("wake", "set", "alexa")).out), ["alexa"]);
    t.same(JSON.parse((await cli("wake", "get")).out), ["alexa"]);
    const asked = await cli("ask", "what time is it");
    t.match({ code: asked.code, turn: JSON.parse(asked.out) }, { code: 0, turn: { ok: true, reply: /./ } });
    const turns = JSON.parse((await cli("turns", "list")).out);
    t.match(turns, [{ transcript: "what time is it" }]);
    t.match(JSON.parse((await cli("turns", "show", turns[0].turnId)).out), { turnId: turns[0].turnId });
    t.match(JSON.parse((await cli("inbox", "search", "time")).out), [{ text: /time/ }]);
    const [message] = JSON.parse((await cli("inbox", "list")).out);
    t.match(JSON.parse((await cli("inbox", "read", message.id)).out), { read: true });
    t.match(JSON.parse((await cli("inbox", "show", message.id)).out), { id: message.id, read: true });
    t.match(await cli("inbox", "show", "nothing"), { code: 1, err: /NOT_FOUND/ });
    t.match(await cli("policy", "explain", "gpio.write"), { code: 0, out: /"effect":"allow"/ });
    t.match(await cli("policy", "explain", "system.run", "--as", "voice"), { code: 1, out: /"effect":"deny"/ });
    t.match(await cli("route", "explain", "--cap", "talk.speak"), { code: 1, out: /"ranked":\[\]/ });
    t.match(await cli("devices", "show", "Shed"), { code: 1, err: /DEVICE_UNKNOWN/ });
    t.match(await cli("devices", "approve", "nothing"), { code: 1, err: /REQUEST_UNKNOWN/ });
    t.match(await cli("say", "hello", "--all"), { code: 1, err: /ROUTE_NONE/ });
    t.match(JSON.parse((await cli("config", "get")).out), { site: "home" });

    const exported = path.join(home, "audit.jsonl");
    writeFileSync(exported, (await cli("audit", "export")).out);
    const whole = JSON.parse((await cli("audit", "verify")).out);
    t.match(whole, { ok: true });
    t.match(JSON.parse((await cli("audit", "verify", "--file", exported)).out), whole);
    writeFileSync(exported, readFileSync(exported, "utf8").replace("voicewake.set", "voicewake.get"));
    t.match(await cli("audit", "verify", "--file", exported), { code: 1, err: /AUDIT_BROKEN/ });

    t.match(await stop(), { code: 0 });
    t.notOk(existsSync(notice), "the address is taken back");
    t.match(await cli("status"), { code: 1, err: /HUB_UNREACHABLE/ });
  },
);

t.test("tokens and codes stay out of the log", async (t) => {
  const { home, stop, cli } = await startHub(t);
  const { token } = JSON.parse(readFileSync(path.join(home, "state", "hub.json"), "utf8"));
  const { code } = JSON.parse((await cli("devices", "code")).out);
  await cli("status", "--token", "a-wrong-token-of-some-length");
  const { err, out } = await stop();
  for (const secret of [token, code, code.replace("-", ""), "a-wrong-token-of-some-length"])
    t.notOk((err + out).includes(secret));
});

t.test("what keeps a hub from starting is named", async (t) => {
  const { home } = await startHub(t);
  const run = (...argv: string[]): Promise<Ran> =>
    runCli(["hub", "--mqtt-port", "0", "--json", ...argv], capturedIo({ home }));
  t.match(await run("--port", "0"), { code: 1, out: "", err: /STATE_LOCKED/ });

  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const busy = await run("--port", String(port), "--state-dir", path.join(home, "other"));
  t.match(busy, { code: 1, out: "", err: /PORT_BUSY/ });
  t.match(JSON.parse(busy.err.trimEnd().split("\n").at(-1) ?? ""), { error: { message: new RegExp(String(port)) } });

  const file = path.join(home, "hub.yaml");
  writeFileSync(file, "site: home\nroms: [kitchen]\n");
  t.match(await run("--config", file), { code: 1, out: "", err: /CONFIG_INVALID.*hub\.yaml:2: roms/ });
  writeFileSync(file, "");
  t.match(await run("--port", "0", "--state-dir", path.join(file, "below")), { code: 1, err: /STATE_UNWRITABLE/ });
});

t.test("a change that needs a restart restarts the hub within its process, on the port it had", async (t) => {
  const { cli, ready, home } = await startHub(t);
  const call = (method: string, params: object) =>
    withHub({}, capturedIo({ home }), (client) => client.call<Record<string, never>>(method, params));
  const { hash, exists, path: file } = await call("config.get", {});
  t.same({ exists, file }, { exists: false, file: path.join(home, "state", "barnacle.yaml") });
  const patched = await call("config.patch", { raw: "{name: 'Renamed'}", baseHash: hash, restartDelayMs: 0 });
  t.match(patched, { ok: true, needRestart: ["name"], restart: { ok: true, reason: "config.patch" } });
  let seen: { name?: string } = {};
  for (let tries = 0; tries < 300 && seen.name !== "Renamed"; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { code, out } = await cli("config", "get");
    if (code === 0) seen = JSON.parse(out);
  }
  t.match(seen, { name: "Renamed" });
  t.match(JSON.parse((await cli("status")).out), { url: ready.gateway.url });
});
