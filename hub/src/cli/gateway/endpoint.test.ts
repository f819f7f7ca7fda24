import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test as T } from "tap";
import { capturedIo, temporaryHome } from "../testing.ts";
import { endpoints } from "./endpoint.ts";

function withHub(t: T, content: string, env: Record<string, string> = {}) {
  const home = temporaryHome(t.teardown.bind(t));
  mkdirSync(path.join(home, "state"));
  writeFileSync(path.join(home, "state", "hub.json"), content);
  return capturedIo({ home, env });
}

const local = JSON.stringify({ url: "ws://127.0.0.1:4711", token: "secret-of-this-hub" });

t.test("a hub on this machine is found through its state directory, with its token", async (t) => {
  t.match(endpoints({}, withHub(t, local)), [{ url: "ws://127.0.0.1:4711", token: "secret-of-this-hub" }]);
});

t.test("a given token wins over the one on disk", async (t) => {
  t.match(endpoints({ token: "given" }, withHub(t, local)), [{ token: "given" }]);
  t.match(endpoints({}, withHub(t, local, { BARNACLE_TOKEN: "from-env" })), [{ token: "from-env" }]);
});

t.test("the token of this machine's hub is not sent to another address", async (t) => {
  const io = withHub(t, local);
  t.match(endpoints({ url: "ws://192.0.2.1:4711" }, io), [{ url: "ws://192.0.2.1:4711", token: undefined }]);
  t.match(endpoints({ url: "ws://127.0.0.1:4712" }, io), [{ token: undefined }]);
  t.match(endpoints({ url: "wss://127.0.0.1:4711" }, io), [{ token: undefined }]);
  t.match(endpoints({ url: "http://localhost:4711/" }, io), [
    { url: "ws://localhost:4711", token: "secret-of-this-hub" },
  ]);
});

t.test("addresses may be written as people write them", async (t) => {
  const io = capturedIo({ home: "/nowhere" });
  const url = (text: string): string | undefined => endpoints({ url: text }, io)[0]?.url;
  t.equal(url("hub.local:18789"), "ws://hub.local:18789");
  t.equal(url("https://hub.example/gate"), "wss://hub.example/gate");
  t.equal(url("[::1]:18789"), "ws://[::1]:18789");
  for (const wrong of [" ", "ftp://x", "http://", "a b", "hub:port"])
    t.throws(() => url(wrong), { code: "USAGE" }, wrong);
});

t.test("a named state directory without a running hub is said to be so", async (t) => {
  for (const content of ["", "[]", '{"url":7}'])
    t.throws(() => endpoints({}, withHub(t, content)), {
      code: "HUB_UNREACHABLE",
      message: /state directory .*state$/,
    });
});

t.test("with no hint at all the usual address is tried", async (t) => {
  const io = { ...capturedIo({ home: temporaryHome(t.teardown.bind(t)) }), env: {} };
  t.match(endpoints({}, io), [{ url: "ws://127.0.0.1:18789", source: "the default address" }]);
});
