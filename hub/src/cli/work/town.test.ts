import { realpathSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { originIn } from "../../rigs/testing.ts";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

t.test("town status: workspaces, rigs, agents and queues in the shape of `gt status`, without a hub too", async (t) => {
  const home = realpathSync(temporaryHome((fn) => t.teardown(fn)));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  const town = path.join(home, "town");
  t.match(await cli("workspace", "init", town), { code: 0 });
  t.match(await cli("rig", "add", "shop", originIn(path.join(home, "from")).bare), { code: 0 });
  t.match(JSON.parse((await cli("town", "status", "--json")).out), {
    ...{ name: "town", location: town, overseer: { unread_mail: 0 }, daemon: { running: false, pid: 0 } },
    rigs: [{ name: "shop", polecat_count: 0, has_refinery: true, mq: { state: "idle", pending: 0 } }],
    summary: { rig_count: 1, polecat_count: 0, active_hooks: 0 },
  });
  t.match(await cli("mail", "send", "overseer", "-s", "Hello", "-m", "There"), { code: 0 });
  t.match(await cli("estop", "smoke"), { code: 0 });
  const { out } = await cli("town", "status");
  t.match(out, /town .*\nno hub runs/);
  t.match(out, /emergency stop: smoke/);
  t.match(out, /1 messages for you/);
  t.match(out, /shop {2}active {2}merge queue idle: 0 waiting, 0 in work/);
});
