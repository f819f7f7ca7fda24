import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { Advertiser, type Announcement, announcements } from "./index.ts";

const FACTS = {
  ...{ hubName: "Attic", hostname: "attic", port: 18789, mode: "minimal" as const, cliPath: "/usr/bin/barnacle" },
};

t.test("each name has its service, with the members that its apps read", async (t) => {
  const list = announcements({ ...FACTS, tlsFingerprint: "ab12" });
  t.same(
    list.map(({ type, name }) => [type, name]),
    [
      ["openclaw-gw", "Attic (OpenClaw)"],
      ["moltbot-gw", "Attic (Moltbot)"],
      ["clawdbot-gw", "Attic (Clawdbot)"],
    ],
  );
  t.same(list[0]?.txt, {
    ...{ role: "gateway", transport: "gateway", gatewayPort: "18789", lanHost: "attic.local", displayName: "Attic" },
    ...{ gatewayTls: "1", gatewayTlsSha256: "ab12" },
  });
  t.same(Object.keys(announcements(FACTS)[0]?.txt ?? {}).includes("gatewayTls"), false);
  const own = announcements({ ...FACTS, site: "home", authority: "cd".repeat(32) })[3];
  t.match(own, { type: "barnacle", name: "Attic", port: 18789, txt: { site: "home", ca: "cd".repeat(32) } });
  t.match(announcements({ ...FACTS, mode: "full" })[1]?.txt, { sshPort: "22", cliPath: "/usr/bin/barnacle" });
});

t.test("a responder that fails is a warning, and a stop ends what was started", async (t) => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, text: string) => warnings.push(text), child: () => log };
  const failing = new Advertiser({
    ...{ announcements: () => announcements(FACTS), log },
    responder: () => Promise.reject(new RangeError("no multicast here")),
  });
  await failing.start();
  await failing.told;
  t.same(warnings, ["the gateway could not be announced by mDNS"]);
  await failing.stop();

  const made: Announcement[] = [];
  let ended = 0;
  const good = new Advertiser({
    ...{ announcements: () => announcements(FACTS), log },
    responder: async () => ({
      createService: (one) => ({ advertise: async () => void made.push(one) }),
      shutdown: async () => void ended++,
    }),
  });
  await good.start();
  await good.told;
  await good.stop();
  await good.stop();
  t.same([made.length, ended], [3, 1]);
});

/** A PTR question for a name, as a resolver sends it. */
function question(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 12, 0, 1])]);
}

t.test("a question on the network is answered with port, host and texts", async (t) => {
  const lan = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (!lan) {
    t.comment("not tried: this machine has no network besides loopback, which carries no multicast");
    return;
  }
  const advertiser = new Advertiser({
    announcements: () => announcements({ ...FACTS, hubName: "Mdns test" }),
    log: silentLog,
  });
  await advertiser.start();
  t.teardown(() => advertiser.stop());
  await advertiser.told;
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  t.teardown(() => socket.close());
  socket.bind(0, lan.address);
  await once(socket, "listening");
  socket.setMulticastInterface(lan.address);
  for (const brand of ["openclaw", "moltbot", "clawdbot"]) {
    const packet = question(`_${brand}-gw._tcp.local`);
    // A question can be lost on the way, as in any network; it is asked until somebody answers.
    const again = setInterval(() => socket.send(packet, 5353, "224.0.0.251"), 200);
    const parts = [`_${brand}-gw`, "Mdns test", "gatewayPort=18789", "lanHost=attic.local", "role=gateway"];
    // Late answers to the question before, and those of other hubs on this network, come as well.
    for (;;) {
      const [answer] = (await once(socket, "message")) as [Buffer];
      const text = answer.toString("latin1");
      if (parts.every((part) => text.includes(part))) break;
    }
    clearInterval(again);
    t.pass(`${brand}: ${parts.join(", ")}`);
  }
});
