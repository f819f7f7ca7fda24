import path from "node:path";
import t from "tap";
import { originIn } from "../../rigs/testing.ts";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

t.test("workers and hooks from the command line without a hub: hung now, begun at the hub's next start", async (t) => {
  const home = temporaryHome((fn) => t.teardown(fn));
  const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "mayor/" } }));
  const json = async (...argv: string[]) => JSON.parse((await cli(...argv, "--json")).out);
  await cli("workspace", "init", path.join(home, "yard"));
  t.match(await cli("rig", "add", "barn", originIn(path.join(home, "there")).bare, "--prefix", "bn"), { code: 0 });
  const bead = (title: string) => json("bead", "create", title, "--prefix", "bn");
  const [one, two] = [await bead("Paint"), await bead("Oil")];
  t.match(await json("agents", "add", "barn/crew/anna", "--runner", "codex"), {
    address: "barn/crew/anna",
    role: "crew",
  });
  t.match(await cli("sling", one.id, "barn/bob"), { code: 1, err: /no worker has the address barn\/polecats\/bob/ });
  t.match(await json("sling", one.id, "barn/anna", "-a", "green"), { agent: "barn/crew/anna", started: false });
  t.match(await json("sling", two.id, "barn/anna", "--queue"), { agent: "barn/crew/anna" });
  t.match(await json("hook", "barn/anna"), {
    ...{ target: "barn/crew/anna", role: "crew", agent_bead_id: "hq-barn-crew-anna", has_work: true },
    ...{ pinned_bead: { id: one.id, status: "hooked" }, attached_args: "green", dispatched_by: "mayor/" },
    queued: [{ bead_id: two.id }],
  });
  t.match(await json("hook", "--all"), [{ agent: "barn/crew/anna", bead_id: one.id, title: "Paint" }, {}]);
  t.match(await json("agents", "list"), [
    {
      address: "barn/crew/anna",
      has_work: true,
      hook_bead: one.id,
      work_title: "Paint",
      running: false,
      agent_alias: "codex",
    },
  ]);
  t.match(await json("sling", one.id, "barn/toast", "--create", "--force"), { agent: "barn/polecats/toast" });
  t.same(await json("polecat", "list"), [
    {
      ...{ rig: "barn", name: "toast", state: "spawning", issue: one.id, session_running: false },
      ...{ zombie: false, session_name: "" },
    },
  ]);
  t.match(await json("polecat", "status", "barn/toast"), { clone_path: "", branch: "", attached: false, windows: 0 });
  t.match(
    (await cli("prime", "barn/toast")).out,
    /You are barn\/polecats\/toast, a polecat of the rig barn\.[\s\S]*Paint/,
  );
  t.match(await json("unsling", "barn/toast"), { bead: one.id, exit: "UNSLUNG" });
  t.match(await json("release", two.id, "-r", "later"), [{ id: two.id, status: "open" }]);
  t.match(await cli("hook"), { code: 0, out: /none/ });
  t.match(await cli("done"), { code: 1, err: /hooks\.done needs a running hub/ });
  t.match(await cli("peek", "barn/toast"), { code: 0, out: "\n" });
  t.match(await cli("sling"), { code: 2 });
  t.match(await cli("agents", "show", "barn"), { code: 1, err: /is no agent's address/ });
});
