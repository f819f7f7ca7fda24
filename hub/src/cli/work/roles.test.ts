import t from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

t.test(
  "roles from the command line beside a stopped hub: what is said is kept, what needs a hub says so",
  async (t) => {
    const home = temporaryHome((fn) => t.teardown(fn));
    const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } }));
    const json = async (...argv: string[]) => JSON.parse((await cli(...argv, "--json")).out);
    const { id } = await json("bead", "create", "Mend the gate");

    t.match(await json("scheduler", "status"), { paused: false, queued_total: 0, beads: [] });
    t.match(await json("scheduler", "pause"), { paused: true, paused_by: "anna" });
    t.match(await json("scheduler", "add", id, "barn", "-p", "1"), { bead: id, rig: "barn", queued: true });
    t.match(await json("scheduler", "list"), [{ id, target_rig: "barn", priority: 1, blocked: false, broken: false }]);
    t.match(await cli("scheduler", "status"), { code: 0, out: /^paused by anna\nwaiting 1, of them ready 1\n/ });
    t.match(await json("bead", "show", id), [{ id, status: "open" }]);
    t.match(await json("scheduler", "clear", id), { cleared: [id] });
    t.match(await json("scheduler", "resume", "--as", "ben"), { paused: false });
    t.match(await cli("scheduler", "run"), { code: 1, err: /needs a running hub.*\n.*barnacle hub/ });

    t.match(await json("mayor", "status"), [{ workspace: "town", state: "resting", term: 0, open_goals: 0 }]);
    t.match(await json("mayor", "stop", "town"), { state: "stopped", stopped_by: "anna" });
    t.match(await cli("mayor", "status"), { code: 0, out: /town {2}stopped by anna/ });
    t.match(await cli("mayor", "start", "town"), { code: 1, err: /needs a running hub/ });
    t.match(await cli("mayor", "goal", "A gate", "-i", "hang it"), { code: 1, err: /none yet: barnacle rig add/ });
    t.match(await cli("mayor", "goal", "A gate"), { code: 2, err: /expected --item or --file/ });
    t.match(await cli("mayor", "heartbeat"), { code: 2, err: /expected --as/ });

    t.match(await json("witness", "stop", "barn"), [{ rig: "barn", state: "stopped", stopped_by: "anna" }]);
    t.match(await json("witness", "start", "barn"), [{ rig: "barn", state: "running", troubles: [] }]);
    t.same(await json("witness", "alerts"), []);
    t.match(await json("supervisor", "status"), { last_beat_at: null, beats: 0, steps: [] });
    t.match(await cli("deacon", "status"), { code: 0, out: /not looked yet/ });
    for (const word of ["scheduler", "mayor", "witness", "supervisor", "deacon"]) {
      t.match(await cli(word, "--nonsense"), { code: 2 }, word);
    }
  },
);
