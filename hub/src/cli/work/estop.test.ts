import t from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

t.test("the emergency stop from the command line without a hub, seen by doctor, over commands", async (t) => {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
  t.match(await cli("estop", "status"), { code: 1, err: /holds no store/ });
  const { code, out } = await cli("estop", "smoke", "in the cellar", "--json");
  t.equal(code, 0);
  t.match(JSON.parse(out), { stopped: true, by: "anna", reason: "smoke in the cellar", changed: true, kept: true });
  t.match(await cli("estop", "status"), { code: 1, out: /an emergency stop holds since .*Z, by anna: smoke in the/ });
  t.match(JSON.parse((await cli("estop", "again", "--json")).out), { changed: false, reason: "smoke in the cellar" });
  const doctor = JSON.parse((await cli("doctor", "--json")).out) as { checks: { name: string; state: string }[] };
  t.match(
    doctor.checks.find(({ name }) => name === "emergency stop"),
    { state: "bad", detail: /by anna: smoke/, hint: /barnacle thaw/ },
  );
  t.match(await cli("thaw"), { code: 0, out: /^no emergency stop holds/ });
  t.match(await cli("thaw"), { code: 0, out: /nothing changed/ });
  t.match(await cli("estop", "status"), { code: 0, out: /no emergency stop/ });
  t.match(await cli("estop", "--nonsense"), { code: 2 });
});
