import type { IncomingMessage } from "node:http";
import t from "tap";
import { Origins } from "./origin.ts";

function request(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers: { host: "127.0.0.1:18789", ...headers } } as unknown as IncomingMessage;
}

t.test("local is who comes from this machine, by a name of this machine, and was not led here", async (t) => {
  const origins = new Origins();
  const local = (address: string, headers?: Record<string, string>) => origins.of(request(address, headers)).local;
  for (const host of ["localhost", "LOCALHOST:18789", "127.0.0.1", "[::1]:18789", "pi.tail1234.ts.net"]) {
    t.ok(local("127.0.0.1", { host }), host);
  }
  t.ok(local("::1"));
  t.ok(local("::ffff:127.0.0.1"));
  t.notOk(local("192.168.1.5"));
  t.notOk(local("127.0.0.1", { host: "hub.example" }), "a page that rebinds its name");
  for (const header of ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded"]) {
    t.notOk(local("127.0.0.1", { [header]: "127.0.0.1" }), header);
  }
});

t.test("a forwarded address counts only from a listed proxy, and only the hop that the proxy saw", async (t) => {
  const origins = new Origins(["10.0.0.0/8", "127.0.0.1", "fd00::1"]);
  const ip = (peer: string, chain: string) => origins.of(request(peer, { "x-forwarded-for": chain })).remoteIp;
  t.equal(ip("192.168.1.5", "1.2.3.4"), "192.168.1.5", "anybody can write a header");
  t.equal(ip("10.1.1.1", "1.2.3.4"), "1.2.3.4");
  t.equal(ip("::ffff:10.1.1.1", "6.6.6.6, 1.2.3.4, 10.9.9.9"), "1.2.3.4", "what comes before is only claimed");
  t.equal(ip("fd00::1", "[2001:db8::7]:443"), "2001:db8::7");
  t.equal(ip("10.1.1.1", "1.2.3.4:5678"), "1.2.3.4");
  t.equal(ip("10.1.1.1", "nonsense"), "10.1.1.1");
  t.equal(ip("127.0.0.1", "nonsense"), "unknown", "a proxy of this machine does not make others local");
  t.equal(origins.of(request("10.1.1.1", { "x-real-ip": "5.6.7.8" })).remoteIp, "5.6.7.8");
  t.ok(origins.of(request("127.0.0.1", { "x-forwarded-for": "127.0.0.1" })).local);
  t.notOk(origins.of(request("127.0.0.1", { "x-forwarded-for": "1.2.3.4" })).local);
});

t.test("an entry that is no address is named", async (t) => {
  for (const entry of ["proxy.example", "10.0.0.0/33", "1.2.3", "10.0.0.0/x"]) {
    t.throws(() => new Origins([entry]), { code: "CONFIG_INVALID", message: new RegExp(entry.replaceAll(".", "\\.")) });
  }
});
