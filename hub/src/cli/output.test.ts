import { mkdirSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { hubLog } from "./log.ts";
import { Output } from "./output.ts";
import { clientDir, defaultStateDir, demoStateDir, stateDirCandidates } from "./places.ts";
import { capturedIo, temporaryHome } from "./testing.ts";

const ESCAPE = String.fromCharCode(27);
const columns = [{ title: "NAME", value: (row: { name: string }) => row.name }];

t.test("a terminal gets colours, titles, and a word when there is nothing", async (t) => {
  const io = capturedIo({ home: "/nowhere", tty: true });
  const out = new Output(io, false);
  out.list([{ name: "Kitchen" }], columns, "nothing");
  out.list([], columns, "nothing here");
  out.error(new BarnacleError("TIMEOUT", "too slow"));
  t.match(io.out(), /NAME.*\nKitchen\n.*nothing here/s);
  t.ok(io.out().includes(ESCAPE));
  t.match(io.err(), /too slow.*TIMEOUT/);
});

t.test("NO_COLOR takes the colours away, not the table", async (t) => {
  const io = capturedIo({ home: "/nowhere", tty: true, env: { NO_COLOR: "1" } });
  const out = new Output(io, false);
  out.list([{ name: "Kitchen" }], columns, "nothing");
  out.error(new BarnacleError("TIMEOUT", "too slow"));
  t.equal(io.out(), "NAME\nKitchen\n");
  t.notOk(io.err().includes(ESCAPE));
});

t.test("JSON in a terminal is indented, in a pipe it is one line, and never coloured", async (t) => {
  const terminal = capturedIo({ home: "/nowhere", tty: true });
  new Output(terminal, true).print({ a: 1 }, () => "text");
  t.equal(terminal.out(), '{\n  "a": 1\n}\n');
  const pipe = capturedIo({ home: "/nowhere" });
  const out = new Output(pipe, true);
  out.print({ a: 1 }, () => "text");
  out.list([], columns, "nothing");
  out.note("a remark");
  t.equal(pipe.out(), '{"a":1}\n[]\n');
  t.equal(pipe.err(), "");
});

t.test("a foreign error is shown as a fault of ours", async (t) => {
  const io = capturedIo({ home: "/nowhere" });
  new Output(io, true).error(new RangeError("out of range"));
  t.match(JSON.parse(io.err()), { error: { code: "INTERNAL", message: "out of range" } });
});

t.test("the hub's log is JSON for programs and one readable line for people", async (t) => {
  const pipe = capturedIo({ home: "/nowhere" });
  hubLog("info", pipe).info({ port: 1 }, "hub ready");
  hubLog("warn", pipe).info({}, "not written");
  t.match(JSON.parse(pipe.err()), { level: 30, port: 1, msg: "hub ready" });
  const terminal = capturedIo({ home: "/nowhere", tty: true });
  hubLog("info", terminal).warn({ name: `a${ESCAPE}[2J`, list: [1] }, "careful");
  t.match(terminal.err(), /\d\d:\d\d:\d\d .*warn.* careful .*list=\[1\]/);
  t.notOk(terminal.err().includes(`${ESCAPE}[2J`), "a device cannot clear the operator's screen");
});

t.test("state lies where the system, the user or the environment wants it", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const io = { ...capturedIo({ home }), env: {} };
  t.equal(defaultStateDir({ ...io, env: { BARNACLE_STATE_DIR: "/x" } }), "/x");
  t.equal(defaultStateDir({ ...io, uid: 0 }), "/var/lib/barnacle");
  t.same(stateDirCandidates({ ...io, env: { BARNACLE_STATE_DIR: "/x" } }), ["/x"]);
  t.same(stateDirCandidates(io).slice(1), [path.join(home, ".local/state/barnacle"), demoStateDir(io)]);
  const xdg = path.join(home, "xdg");
  mkdirSync(xdg);
  t.equal(demoStateDir({ ...io, env: { XDG_STATE_HOME: xdg } }), path.join(xdg, "barnacle-demo"));
  t.equal(clientDir({ ...io, env: { XDG_CONFIG_HOME: xdg } }), path.join(xdg, "barnacle"));
  t.equal(clientDir(io), path.join(home, ".config/barnacle"));
});
