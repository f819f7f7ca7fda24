import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateIdentity, pairingProofText, verifyText } from "@barnacle/protocol/identity";
import { PAIR_CHALLENGE_PATH, PAIR_PATH, type PairAnswer, type PairRequest } from "@barnacle/protocol/pairing";
import { FakeClock, silentLog, systemClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { openDatabase, Settings } from "../state/index.ts";
import { hubOf } from "./find-hubs.ts";
import { type Courier, findHubs, HubMembership, type PostJson } from "./index.ts";
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

interface Extra {
  authority?: string;
  find?: Courier["find"];
}

function member(
  t: Test,
  url: string | undefined,
  extra: { setupCode?: string; post?: PostJson; clock?: FakeClock } & Extra = {},
) {
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
    invitation: { secret: extra.setupCode, authority: extra.authority },
    profile: () => profile,
    pending: (request) => pending.push(request.command),
    ...(extra.post ? { courier: { post: extra.post, find: extra.find ?? (async () => []) } } : {}),
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

const CA = { attic: "aa".repeat(32), cellar: "bb".repeat(32) };
const ATTIC = { url: "https://10.0.0.2:18789", name: "Attic", authority: CA.attic };
const CELLAR = { url: "https://10.0.0.3:18789", name: "Cellar", authority: CA.cellar };

/** Hubs without TLS of their own at the given places; everywhere else nobody answers. */
function hubsAt(asked: string[], ...urls: string[]): PostJson {
  return async (target) => {
    const { origin } = new URL(target);
    asked.push(origin);
    if (!urls.includes(origin)) throw new TypeError("connect ECONNREFUSED");
    if (target.endsWith("/challenge")) {
      return { status: 200, json: { nonce: "0123456789abcdef", site: "home", hubName: "H", expiresAt: 1 } };
    }
    return { status: 200, json: PAIRED };
  };
}

t.test("without an address the hub of this machine is taken, else the one that answers by mDNS", async (t) => {
  const asked: string[] = [];
  const here = member(t, undefined, { post: hubsAt(asked, "http://127.0.0.1:18789"), find: async () => [ATTIC] });
  t.match(await here.membership.join(never), { host: "127.0.0.1" });
  const away = member(t, undefined, { post: hubsAt(asked, ATTIC.url), find: async () => [ATTIC] });
  t.match(await away.membership.join(never), { host: "10.0.0.2" });
  t.match(away.membership.known(), { host: "10.0.0.2" }, "and remembered");
});

t.test("several hubs are an error that lists them, unless the setup code says which", async (t) => {
  const find = async () => [ATTIC, CELLAR];
  const asked: string[] = [];
  const post = hubsAt(asked, ATTIC.url, CELLAR.url);
  const undecided = member(t, undefined, { post, find }).membership.join(never);
  await t.rejects(undecided, {
    code: "HUB_AMBIGUOUS",
    message: /Attic at https:\/\/10\.0\.0\.2:18789 \(authority aaaa.*Cellar at https:\/\/10\.0\.0\.3:18789/,
  });
  const told = member(t, undefined, { post, find, setupCode: "ABCDEFGH", authority: CA.cellar.slice(0, 20) });
  t.match(await told.membership.join(never), { host: "10.0.0.3" });
});

t.test("nobody on the network, or not the one that is meant, is named", async (t) => {
  const post = hubsAt([]);
  const nobody = member(t, undefined, { post, find: async () => [] });
  await t.rejects(nobody.membership.join(never), { code: "HUB_NOT_FOUND", message: /nobody answered/ });
  const other = member(t, undefined, { post, find: async () => [CELLAR], authority: CA.attic });
  await t.rejects(other.membership.join(never), { code: "HUB_NOT_FOUND", message: /none of Cellar/ });
});

t.test("a hub that can be told from others is found again under another address", async (t) => {
  const moved = { ...ATTIC, url: "https://10.0.0.9:18789" };
  const asked: string[] = [];
  const post = hubsAt(asked, moved.url);
  const find = async () => [CELLAR, moved];
  const { membership } = member(t, ATTIC.url, { post, find, authority: CA.attic });
  t.match(await membership.join(never), { host: "10.0.0.9" });
  t.same([...new Set(asked)], [ATTIC.url, moved.url]);
  const stranger = member(t, ATTIC.url, { post, find });
  await t.rejects(
    stranger.membership.join(never),
    { code: "HUB_UNREACHABLE" },
    "one that is not known is not looked for",
  );
});

t.test("to another machine the port speaks TLS, whatever the address says; to this one plain text does", async (t) => {
  const asked: string[] = [];
  const post = hubsAt(asked, "https://hub:1");
  await member(t, "http://hub:1", { post }).membership.join(never);
  await t.rejects(member(t, "http://localhost:1", { post }).membership.join(never), { code: "HUB_UNREACHABLE" });
  t.same([...new Set(asked)], ["https://hub:1", "http://localhost:1"]);
});

t.test("an answer by mDNS becomes the address that can be reached", async (t) => {
  const answer = { name: "Attic", port: 18789, addresses: ["fe80::1", "172.17.0.1", "10.0.0.2"] };
  const txt = { ca: CA.attic };
  t.same(hubOf({ ...answer, txt, referer: { address: "10.0.0.2" } }), ATTIC);
  t.match(hubOf({ ...answer, addresses: ["fe80::1", "fd00::2"] }), { url: "https://[fd00::2]:18789" });
  t.equal(hubOf({ ...answer, addresses: ["fe80::1"] }), undefined);
  const near = { ...answer, referer: { address: "127.0.0.1" } };
  t.match(hubOf({ ...near, addresses: ["10.0.0.2"] }), { url: ATTIC.url });
  t.match(hubOf({ ...near, addresses: [] }), { url: "https://127.0.0.1:18789" });
  const listeners = new Map<string, (service: never) => void>();
  let ended = 0;
  const browser = {
    on: (event: string, fn: (service: never) => void) => void listeners.set(event, fn),
    stop: () => ended++,
  };
  const found = findHubs(20, async () => ({ find: () => browser, destroy: () => void ended++ }));
  await new Promise((resolve) => setImmediate(resolve));
  const up = listeners.get("up") as (service: object) => void;
  for (const address of ["10.0.0.2", "10.0.0.2", "10.0.0.7"]) up({ ...answer, txt, addresses: [address] });
  t.same((await found).length, 1, "the same hub by several addresses is one hub");
  t.equal(ended, 2);
});
