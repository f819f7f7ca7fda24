import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Type } from "@sinclair/typebox";
import t from "tap";
import { lockStateDir, openDatabase, Settings } from "./index.ts";

t.test("settings survive reopening", async (t) => {
  const dir = t.testdir({});
  const db = openDatabase(dir);
  new Settings(db).set("muted", true);
  db.close();
  const again = openDatabase(dir);
  const settings = new Settings(again);
  t.equal(settings.get("muted", Type.Boolean()), true);
  t.equal(settings.get("absent", Type.Boolean()), undefined);
  t.equal(settings.get("muted", Type.String()), undefined, "a value of another shape reads as absent");
  settings.delete("muted");
  t.equal(settings.get("muted", Type.Boolean()), undefined);
  again.close();
});

t.test("a database that cannot be opened is named", async (t) => {
  const dir = t.testdir({ "node.db": "this is not a database, it is a text of some length ................" });
  t.throws(() => openDatabase(dir), { code: "STATE_UNWRITABLE", message: /node\.db/ });
});

t.test("a second claim on a state directory is refused until the first is released", async (t) => {
  const dir = t.testdir({});
  const release = lockStateDir(dir);
  t.throws(() => lockStateDir(dir), { code: "STATE_LOCKED" });
  release();
  release();
  lockStateDir(dir)();
});

t.test("a claim ends with its process, even by kill -9", async (t) => {
  const dir = t.testdir({});
  const lock = fileURLToPath(new URL("./lock.ts", import.meta.url));
  const script = `const { lockStateDir } = await import(${JSON.stringify(lock)});
    lockStateDir(${JSON.stringify(dir)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  t.throws(() => lockStateDir(dir), { code: "STATE_LOCKED" });
  child.kill("SIGKILL");
  await once(child, "exit");
  lockStateDir(dir)();
});

t.test("an impossible directory is named", async (t) => {
  t.throws(() => lockStateDir(path.join(t.testdir({}), "absent")), { code: "STATE_UNWRITABLE" });
});
