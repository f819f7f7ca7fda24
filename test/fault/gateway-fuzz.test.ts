import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateIdentity } from "@barnacle/protocol/identity";
import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { METHODS } from "../../hub/src/gateway/methods/index.ts";
import { GatewayFuzz } from "../support/fuzz.ts";
import { GatewayWire, type WireLogin } from "../support/gateway-wire.ts";
import { HUB_BIN, Running } from "../support/process.ts";

t.setTimeout(600_000);

const FRAMES = 100_000;
const CALLS = 10_000;
const LANES = 16;
/** Below the gateway's limit on requests of one connection, so that calls reach their methods. */
const CALLS_PER_CONNECTION = 250;
const TOKEN = "canary-gateway-token-5d0f";
const CANARIES = { BARNACLE_CANARY: "canary-environment-91ab", OPENAI_API_KEY: "canary-openai-key-77c2" };
/** They end or suspend the hub by contract; their own tests say that they do. */
const ENDS_SERVICE = /^gateway\.(restart|suspend)\.|^update\.run$/;

/** Every name a client could call, and some that nobody has. */
const NAMES = [...METHODS.keys(), "connect", "no.such.method", "__proto__", "constructor", "toString", ""].filter(
  (name) => !ENDS_SERVICE.test(name),
);

const ROLES: readonly (Omit<WireLogin, "token"> & { readonly name: string })[] = [
  { name: "administrator", role: "operator", scopes: ["operator.admin"], protocol: 4 },
  { name: "reader", role: "operator", scopes: ["operator.read"], protocol: 3 },
  { name: "node", role: "node", scopes: [], commands: ["system.which"], protocol: 3 },
];

t.test("a gateway bears anything that is thrown at it", async (t) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), "barnacle-fuzz-"));
  const hub = new Running(
    "hub",
    HUB_BIN,
    ["hub", "--json", "--state-dir", stateDir, "--port", "0", "--mqtt-port", "0"],
    { ...CANARIES, BARNACLE_TOKEN: TOKEN },
  );
  t.teardown(async () => {
    await hub.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const ready = await hub.line("the ready line", (line) => line.ready === true);
  const url = `ws://127.0.0.1:${(ready.gateway as { port: number }).port}`;
  const fuzz = new GatewayFuzz(seededRandom(20_261_125));
  const leaks = new Set<string>();
  const secrets = [TOKEN, ...Object.values(CANARIES)];
  const look = (text: string): void => {
    for (const secret of secrets) if (text.includes(secret)) leaks.add(text.slice(0, 300));
  };
  const open = () => new GatewayWire(url, look);

  await t.test("before connect: nothing but the challenge and errors", async (t) => {
    let sent = 0;
    let connections = 0;
    const answers = new Set<string>();
    const lane = async (): Promise<void> => {
      while (sent < FRAMES / 10 && connections < FRAMES / 5) {
        const wire = open();
        connections += 1;
        if (!(await wire.find((frame) => frame.event === "connect.challenge"))) continue;
        for (let i = 0; i < 10 && wire.isOpen; i++, sent++) wire.send(fuzz.frame());
        await wire.closed;
        for (const frame of wire.drain()) {
          if (frame.event !== "connect.challenge") answers.add(frame.ok === false ? "an error" : JSON.stringify(frame));
        }
      }
    };
    // Side by side: a client that sent too much is given a second to take its close.
    await Promise.all(Array.from({ length: LANES }, lane));
    t.ok(sent >= FRAMES / 10, "the hub kept taking connections");
    t.same([...answers], ["an error"], `${sent} frames over ${connections} connections`);
  });

  await t.test(`after connect: ${FRAMES} frames, flat memory`, async (t) => {
    const settled = async (): Promise<number> => {
      let least = hub.rss();
      for (let i = 0; i < 10; i++) {
        await pause(200);
        least = Math.min(least, hub.rss());
      }
      return least;
    };
    let sent = 0;
    let warm = 0;
    while (sent < FRAMES) {
      const wire = open();
      const { name: _, ...login } = ROLES[sent % ROLES.length] as (typeof ROLES)[number];
      const hello = await wire.login({ token: TOKEN, ...login });
      if (!hello?.ok) t.fail(`not admitted: ${JSON.stringify(hello)}`);
      for (let i = 0; i < 2000; i++, sent++) {
        wire.send(fuzz.frame(), { binary: fuzz.below(2) === 0 });
        if (i % 200 === 199) await wire.request(`alive-${sent}`, "health");
        wire.drain();
      }
      t.ok(wire.isOpen || (await wire.closed), "the connection stays, or was closed in order");
      await wire.end();
      if (warm === 0 && sent >= FRAMES / 5) warm = await settled();
    }
    const end = await settled();
    t.ok(
      end <= warm * 1.1,
      `resident memory ${Math.round(warm / 1e6)} MB after a fifth, ${Math.round(end / 1e6)} MB after all`,
    );
  });

  await t.test("frames above the limit end their connection, and no other", async (t) => {
    const bystander = open();
    t.ok((await bystander.login({ token: TOKEN, role: "operator", scopes: ["operator.read"] }))?.ok);
    for (let i = 0; i < 5; i++) {
      const wire = open();
      t.ok((await wire.login({ token: TOKEN, role: "operator", scopes: ["operator.read"] }))?.ok);
      wire.send(Buffer.alloc(26 * 1024 * 1024, 0x20));
      t.equal(await wire.closed, 1009);
    }
    t.ok((await bystander.request("b", "health"))?.ok);
    await bystander.end();
  });

  for (const { name, ...login } of ROLES) {
    await t.test(`${CALLS} random calls as ${name}`, async (t) => {
      const identity = generateIdentity();
      const kinds = new Map<string, number>();
      let made = 0;
      while (made < CALLS) {
        const wire = open();
        const hello = await wire.login({ token: TOKEN, identity, ...login });
        if (!hello?.ok) t.fail(`not admitted: ${JSON.stringify(hello)}`);
        const waiting: Promise<unknown>[] = [];
        for (let i = 0; i < CALLS_PER_CONNECTION; i++, made++) {
          const answer = wire.request(`c${made}`, fuzz.pick(NAMES), fuzz.params()).then((frame) => {
            const kind = frame === undefined ? "closed" : frame.ok ? "done" : (frame.error?.code ?? "no code");
            kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
            if (
              /INTERNAL|TypeError|RangeError|is not a function|undefined \(/.test(JSON.stringify(frame?.error ?? ""))
            ) {
              t.fail(`an inner fault came out: ${JSON.stringify(frame).slice(0, 500)}`);
            }
          });
          waiting.push(answer);
          if (i % 10 === 9) await Promise.race([Promise.all(waiting), pause(2000)]);
        }
        // A method that waits for a person (an approval) ends with its connection.
        await Promise.race([Promise.all(waiting), pause(2000)]);
        await wire.end();
      }
      t.ok((kinds.get("INVALID_REQUEST") ?? 0) > 0, JSON.stringify(Object.fromEntries(kinds)));
      t.ok(hub.running, "the hub is up");
    });
  }

  t.same([...leaks], [], "no secret left the hub");
  const last = open();
  t.ok((await last.login({ token: TOKEN, role: "operator", scopes: ["operator.admin"] }))?.ok, "it still admits");
  t.ok((await last.request("h", "health"))?.ok, "and answers");
  await last.end();
});
