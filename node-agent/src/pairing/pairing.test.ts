import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateIdentity, pairingProofText, verifyText } from "@barnacle/protocol/identity";
import { PAIR_CHALLENGE_PATH, PAIR_PATH, type PairAnswer, type PairRequest } from "@barnacle/protocol/pairing";
import { FakeClock, silentLog, systemClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { openDatabase, Settings } from "../state/index.ts";
import { HubMembership, type PostJson } from "./index.ts";
import { PostOffice } from "./post-office.ts";

type Answer = PairAnswer | { status: number; error: { code: string; message: string } };
const PAIRED = { status: "paired", site: "home", mqtt: { port: 1883, tls: false } } as const;
const PENDING = { status: "pending", requestId: "r1", expiresAt: 9, pollAfterMs: 2000 } as const;

const profile = { name: "Kitchen", platform: "linux", agentVersion: "1", capabilities: [], commands: [] };

/** A hub that gives the scripted answers, the last one again and again. */
async function hub(t: Test, script: Answer[]) {
  const requests: PairRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      const send = (status: number, json: unknown): void => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(json));
      };
      if (request.url === PAIR_CHALLENGE_PATH) {
        send(200, { nonce: `nonce-${requests.length}-0123456789`, site: "home", hubName: "Hub", expiresAt: 1 });
        return;
      }
      t.equal(request.url, PAIR_PATH);
      requests.push(body);
      const answer = script.length > 1 ? (script.shift() as Answer) : (script[0] as Answer);
      if ("error" in answer) send(answer.status, { error: answer.error });
      else send(200, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function member(t: Test, url: string, extra: { setupCode?: string; post?: PostJson; clock?: FakeClock } = {}) {
  const identity = generateIdentity();
  const pending: string[] = [];
  const db = openDatabase(t.testdir({}));
  t.teardown(() => db.close());
  const membership = new HubMembership({
    hub: url,
    identity,
    settings: new Settings(db),
    clock: extra.clock ?? systemClock,
    log: silentLog,
    setupCode: extra.setupCode,
    profile: () => profile,
    pending: (request) => pending.push(request.command),
    ...(extra.post ? { post: extra.post } : {}),
  });
  return { membership, identity, pending };
}

const never = new AbortController().signal;

t.test("a setup code pairs at once, proven by key and bound to code and nonce", async (t) => {
  const { url, requests } = await hub(t, [PAIRED]);
  const { membership, identity } = member(t, url, { setupCode: "ABC-123" });
  t.equal(membership.known(), undefined);
  t.match(await membership.join(never), { site: "home", host: "127.0.0.1", port: 1883, tls: false });
  t.match(membership.known(), { site: "home", port: 1883 }, "remembered for when the HTTP side is away");
  const [request] = requests as [PairRequest];
  t.match(request, { name: "Kitchen", setupCode: "ABC-123", device: { id: identity.deviceId } });
  const text = pairingProofText("home", identity.deviceId, request.device.nonce, "ABC-123");
  t.ok(verifyText(request.device.publicKey, text, request.device.signature));
});

t.test("without a code it waits for the operator, told once what to do", async (t) => {
  const clock = new FakeClock();
  const answers = [PENDING, PENDING, PAIRED];
  const asked: string[] = [];
  const post: PostJson = async (target) => {
    asked.push(target);
    if (target.endsWith("/challenge"))
      return { status: 200, json: { nonce: "0123456789abcdef", site: "home", hubName: "H", expiresAt: 1 } };
    return { status: 200, json: answers.shift() };
  };
  const { membership, pending } = member(t, "http://hub:1", { clock, post });
  let address: unknown;
  const joined = membership.join(never).then((found) => {
    address = found;
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await clock.advance(0);
  };
  await settle();
  await clock.advance(1999);
  t.equal(asked.length, 2);
  await clock.advance(1);
  await settle();
  t.equal(asked.length, 4);
  t.equal(address, undefined);
  await clock.advance(2000);
  await settle();
  await joined;
  t.match(address, { host: "hub", port: 1883 });
  t.same(pending, ["barnacle devices approve r1"]);
});

t.test("a wrong code is named, and not sent a second time", async (t) => {
  const refusal = { status: 403, error: { code: "PAIRING_CODE_WRONG", message: "wrong code" } };
  const { url, requests } = await hub(t, [refusal, PAIRED]);
  const { membership } = member(t, url, { setupCode: "WRONG" });
  await t.rejects(membership.join(never), { code: "PAIRING_CODE_WRONG", message: "wrong code" });
  await membership.join(never);
  t.equal(requests[1]?.setupCode, undefined);
});

for (const code of ["DEVICE_BLOCKED", "PAIRING_REJECTED", "PAIRING_LOCKED"]) {
  t.test(`the hub's refusal ${code} comes through by name`, async (t) => {
    const { url } = await hub(t, [{ status: 403, error: { code, message: "no" } }]);
    await t.rejects(member(t, url).membership.join(never), { code });
  });
}

t.test("a port without a hub is HUB_UNREACHABLE with the reason", async (t) => {
  const { membership } = member(t, "http://127.0.0.1:1");
  await t.rejects(membership.join(never), { code: "HUB_UNREACHABLE", message: /127\.0\.0\.1:1/ });
});

t.test("something else than a hub is named", async (t) => {
  const html: PostJson = async () => ({ status: 404, json: null });
  await t.rejects(member(t, "http://x", { post: html }).membership.join(never), {
    code: "HUB_UNREACHABLE",
    message: /404/,
  });
  const odd: PostJson = async () => ({ status: 200, json: { hello: 1 } });
  await t.rejects(member(t, "http://x", { post: odd }).membership.join(never), { code: "MESSAGE_MALFORMED" });
});

t.test("another configured hub makes the remembered one worthless, and a changed port is learnt", async (t) => {
  const { url } = await hub(t, [PAIRED, { ...PAIRED, mqtt: { port: 2000, tls: false } }]);
  const { membership } = member(t, url);
  await membership.join(never);
  await membership.refresh(never);
  t.equal(membership.known()?.port, 2000);
});

t.test("waiting ends when the node stops", async (t) => {
  const { url } = await hub(t, [PENDING]);
  const { membership, pending } = member(t, url, { clock: new FakeClock() });
  const stop = new AbortController();
  const joined = membership.join(stop.signal);
  joined.catch(() => undefined);
  while (pending.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await t.rejects(joined);
});

t.test("asking ends with its process, and leaves none behind", async (t) => {
  const asked: (() => void)[] = [];
  const server = createServer(() => asked.shift()?.());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const office = new PostOffice();
  const underWay = async (): Promise<{ post: Promise<unknown> }> => {
    const arrived = new Promise<void>((resolve) => asked.push(resolve));
    const post = office.post(url, {}, never);
    post.catch(() => undefined);
    await arrived;
    return { post };
  };
  const { post: killed } = await underWay();
  for (const pid of children()) process.kill(pid, "SIGKILL");
  await t.rejects(killed, { code: "HUB_UNREACHABLE", message: /ended with SIGKILL/ });
  const { post: closed } = await underWay();
  t.equal(children().length, 1, "another one is started");
  office.close();
  await t.rejects(closed, { code: "HUB_UNREACHABLE", message: /was closed/ });
  while (children().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await t.rejects(office.post(url, {}, AbortSignal.abort()), { name: "AbortError" });
  t.same(children(), []);
});

function children(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
