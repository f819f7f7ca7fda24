import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { git } from "../rigs/testing.ts";
import { Evidence } from "./evidence.ts";
import { needRequest, requests } from "./requests.ts";
import { testRefinery } from "./testing.ts";

/** Red while a file of this name is there. */
const NO_BAD = "! ls *.bad 2>/dev/null";

/** Processes of a group; what only waits to be collected does not count. */
function living(group: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [state, , of] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      return Number(of) === group && state !== "Z";
    } catch {
      return false;
    }
  });
}

t.test("what is handed in is rebased, tested, pushed and recorded, its bead closed with the commit", async (t) => {
  const { rig, refinery, beads, store, clock, submit, mail, changes } = await testRefinery(t, {
    settings: { test_command: "test -f a.txt && echo fine", lint_command: ["test", "-d", "."] },
  });
  const one = await submit("one", { "one.txt": "1\n" });
  await refinery.settled();
  const other = await submit("two", { "two.txt": "2\n" }, { priority: 0 });
  await refinery.settled();
  t.same(rig.subjects(), ["one: work", "two: work"]);
  t.equal(rig.tip("main", rig.repo), rig.tip(), "the mirror follows");
  const request = needRequest(store, other.id, clock.now());
  t.match(request, { state: "closed", close_reason: "merged", merge_commit: rig.tip(), retry_count: 0 });
  t.equal(beads.reads.get(other.id).close_reason, "merged");
  t.match(beads.reads.get(other.bead), { status: "closed", close_reason: `Merged in ${rig.tip()}` });
  t.equal(beads.reads.get(one.bead).status, "closed");
  const record = new Evidence(store).find(other.id);
  t.match(record, {
    ...{ kind: "merge", rig: "garden", target: "main", branch: "two", source: other.bead, merged: rig.tip() },
    commits: [{ sha: rig.tip(), subject: "two: work", author: "Anna" }],
    gates: [
      { name: "lint", command: "test -d .", exitCode: 0, commit: rig.tip() },
      { name: "test", exitCode: 0, commit: rig.tip() },
    ],
  });
  t.match(readFileSync(String(record.log), "utf8"), /\$ test -f a.txt && echo fine\nfine\nexit code 0/);
  t.same(
    mail.map(({ to, subject }) => `${to} ${subject}`),
    [
      "garden/polecats/one MERGED one",
      "garden/witness MERGED one",
      "garden/polecats/two MERGED two",
      "garden/witness MERGED two",
    ],
  );
  t.match(changes.at(-2), { noun: "mergequeue", id: other.id, kind: "merged" });
  t.equal(rig.tip("one", rig.repo), undefined, "the merged branch is gone");
  t.same(git(rig.repo, "for-each-ref", "refs/barnacle"), "");
});

t.test("the same branch and commit are the same request, another commit takes its place", async (t) => {
  const { rig, refinery, store, clock, submit, beads } = await testRefinery(t, { started: false });
  const { id, bead } = await submit("one", { "one.txt": "1\n" });
  const ask = { rig: "garden", branch: "one", bead, worker: "garden/polecats/one" };
  t.equal((await refinery.submit("anna", ask)).id, id);
  rig.branch("one", { "two.txt": "2\n" }, "one");
  const newer = await refinery.submit("anna", ask);
  t.not(newer.id, id);
  t.match(needRequest(store, id, clock.now()), { state: "closed", close_reason: "superseded" });
  t.same(
    requests(store, { rig: "garden" }, clock.now()).map((one) => one.id),
    [newer.id],
  );
  await t.rejects(refinery.retry("anna", id), { code: "CONFLICT", message: /from closed to open/ });
  await t.rejects(refinery.reject("anna", id, "no"), { code: "CONFLICT", message: /from closed to closed/ });
  t.match(await refinery.reject("anna", newer.id, "not wanted"), { state: "closed", close_reason: "rejected" });
  t.equal(beads.reads.get(bead).status, "open", "its source is not done");
});

t.test("what cannot be merged is refused when it is handed in", async (t) => {
  const { rig, refinery } = await testRefinery(t, { started: false });
  rig.branch("one", { "one.txt": "1\n" });
  git(rig.repo, "update-ref", "refs/heads/same", "main");
  const refused: readonly (readonly [object, { code: string; message?: RegExp }])[] = [
    [{ branch: "same" }, { code: "CONFLICT", message: /nothing to merge/ }],
    [{ branch: "none" }, { code: "NOT_FOUND" }],
    [{ branch: "--all" }, { code: "INPUT_INVALID", message: /^branch/ }],
    [{ branch: "a..b" }, { code: "INPUT_INVALID" }],
    [
      { branch: "one", commit: "HEAD~1" },
      { code: "INPUT_INVALID", message: /^commit/ },
    ],
    [
      { branch: "one", target: "nowhere" },
      { code: "NOT_FOUND", message: /to merge into/ },
    ],
    [
      { branch: "one", target: "one" },
      { code: "INPUT_INVALID", message: /^target/ },
    ],
    [{ branch: "one", rig: "moon" }, { code: "RIG_UNKNOWN" }],
  ];
  for (const [ask, error] of refused) {
    await t.rejects(refinery.submit("anna", { rig: "garden", branch: "", ...ask }), error, JSON.stringify(ask));
  }
  rig.mergeQueue.enabled = false;
  await t.rejects(refinery.submit("anna", { rig: "garden", branch: "one" }), { code: "CONFLICT", message: /is off/ });
});

t.test(
  "a batch: the good are merged, the culprit goes back with the evidence and its bead is work again",
  async (t) => {
    const { rig, refinery, beads, store, clock, submit, mail } = await testRefinery(t, {
      settings: { test_command: NO_BAD, batch_wait: "30s" },
    });
    const made: Record<string, { id: string; bead: string }> = {};
    for (const name of ["a", "b", "c", "d", "e"])
      made[name] = await submit(name, { [`${name}.${name === "c" ? "bad" : "txt2"}`]: "x\n" });
    await refinery.settled();
    t.same(rig.subjects().sort(), ["a: work", "b: work", "d: work", "e: work"]);
    t.notOk(rig.files().includes("c.bad"));
    t.equal(git(rig.repo, "log", "-1", "--format=%an, %cn", "main"), "Anna, garden/refinery");
    const { id = "", bead = "" } = made.c ?? {};
    const back = needRequest(store, id, clock.now());
    t.match(back, {
      state: "open",
      retry_count: 1,
      rework: { reason: "gates", text: /^test \(! ls .*\): exit code 1\nc\.bad/ },
    });
    t.ok(existsSync(String(back.rework?.log)));
    t.match(beads.reads.get(bead), { status: "open", attempts: 1, notes: new RegExp(`${id} did not pass`) });
    t.equal(rig.tip("c", rig.repo), back.commit_sha, "its branch stays");
    const sent = mail.filter(({ to }) => to === "garden/polecats/c");
    t.match(sent, [{ subject: "REWORK_REQUEST c", body: new RegExp(`Request: ${id}[\\s\\S]*exit code 1`) }]);
    t.ok(mail.some(({ to, subject }) => to === "garden/witness" && subject === "MERGE_FAILED c"));
    const gates = new Evidence(store).find(String(made.a?.id)).gates;
    t.ok(
      gates.some(({ exitCode, commit }) => exitCode === 0 && commit === rig.tip()),
      "the tip was tested as it is",
    );
    t.ok(gates.some(({ exitCode }) => exitCode === 1));
    t.equal(
      refinery.queue && requests(store, { rig: "garden", ready: true }, clock.now()).length,
      0,
      "not tried again by itself",
    );
  },
);

t.test("reworked, it is merged", async (t) => {
  const { rig, refinery, store, clock, submit } = await testRefinery(t, { settings: { test_command: NO_BAD } });
  const { id, bead } = await submit("a", { "a.bad": "x\n" });
  await refinery.settled();
  t.same(rig.subjects(), []);
  rig.branch("a", { "a.bad": null, "a.good": "x\n" }, "a");
  const again = await refinery.submit("anna", { rig: "garden", branch: "a", bead });
  t.equal(again.retry_count, 1);
  await refinery.settled();
  t.match(needRequest(store, id, clock.now()), { state: "closed", close_reason: "superseded" });
  t.match(needRequest(store, again.id, clock.now()), { state: "closed", close_reason: "merged" });
  t.ok(rig.files().includes("a.good"));
});

t.test("what fails once is flaky, and merged", async (t) => {
  const dir = t.testdir();
  const mark = path.join(dir, "mark");
  const settings = { test_command: `test -f ${mark} || { touch ${mark}; exit 3; }` };
  const { rig, refinery, store, submit } = await testRefinery(t, { settings });
  const { id } = await submit("a", { "x.txt": "x\n" });
  await refinery.settled();
  t.same(rig.subjects(), ["a: work"]);
  t.same(
    new Evidence(store).find(id).gates.map(({ exitCode }) => exitCode),
    [3, 0],
  );
});

t.test("a conflict: a task for the worker, that only the request waits for; solved, it is tried again", async (t) => {
  const { rig, refinery, beads, store, clock, submit, mail, ready } = await testRefinery(t);
  const { id, bead } = await submit("mine", { "a.txt": "mine\n" });
  await refinery.settled();
  const other = await (async () => {
    const source = await beads.write("anna", (writer) => writer.create({ title: "other" }).id);
    rig.branch(
      "other",
      { "a.txt": "other\n" },
      git(rig.repo, "rev-list", "--max-parents=1", "main").split("\n").at(-1),
    );
    return refinery.submit("garden/polecats/o", {
      rig: "garden",
      branch: "other",
      bead: source,
      worker: "garden/polecats/o",
    });
  })();
  await refinery.settled();
  t.equal(needRequest(store, id, clock.now()).state, "closed");
  const waiting = needRequest(store, other.id, clock.now());
  t.match(waiting, { state: "open", blocked: true, rework: { reason: "conflict", text: /conflicts in a\.txt/ } });
  const task = String(waiting.conflict_task_id);
  t.match(beads.reads.get(task), { issue_type: "task", assignee: "garden/polecats/o", status: "open" });
  t.match(beads.reads.dependents(task), [{ id: other.id }], "nothing else waits for it");
  t.ok(ready().includes(task));
  t.ok(mail.some(({ subject, body }) => subject === "REWORK_REQUEST other" && body.includes(task)));
  t.equal(beads.reads.get(bead).status, "closed");
  // The worker rebases and hands in the new commit.
  rig.branch("other", { "a.txt": "mine and other\n" });
  const solved = await refinery.submit("garden/polecats/o", { rig: "garden", branch: "other" });
  await refinery.settled();
  t.equal(needRequest(store, solved.id, clock.now()).state, "closed");
  t.equal(beads.reads.get(task).status, "closed");
  t.same(rig.subjects(), ["mine: work", "other: work"]);
});

t.test(
  "a conflict whose task is closed by hand is tried again; auto_rebase takes the whole where its parts conflict",
  async (t) => {
    const { rig, refinery, beads, store, clock } = await testRefinery(t);
    const first = git(rig.repo, "rev-parse", "main");
    rig.branch("w", { "a.txt": "x\n" });
    rig.branch("w", { "a.txt": "a\nb\n" }, "w");
    rig.pushed({ "a.txt": "a\nb\n" });
    const { id } = await refinery.submit("anna", { rig: "garden", branch: "w", target: "main" });
    await refinery.settled();
    const task = String(needRequest(store, id, clock.now()).conflict_task_id);
    t.equal(needRequest(store, id, clock.now()).blocked, true);
    rig.mergeQueue.on_conflict = "auto_rebase";
    await beads.write("anna", (writer) => writer.closing.close(task, { reason: "try again" }));
    await refinery.settled();
    t.equal(needRequest(store, id, clock.now()).state, "closed");
    t.not(first, rig.tip());
  },
);

t.test("somebody else pushes first: it starts over on what they pushed", async (t) => {
  let raced = 0;
  const { rig, refinery, submit } = await testRefinery(t, {
    settings: { test_command: "true" },
    step: (name) => {
      if (name === "pushing" && raced++ === 0) rig.pushed({ "theirs.txt": "x\n" });
    },
  });
  await submit("mine", { "mine.txt": "x\n" });
  await refinery.settled();
  t.equal(raced, 2);
  t.same(rig.subjects(), ["somebody else's", "mine: work"]);
  t.equal(rig.tip("main", rig.repo), rig.tip());
});

t.test("a red target blames nobody; the work that mends it goes in, then the others", async (t) => {
  const { rig, refinery, store, clock, submit } = await testRefinery(t, {
    settings: { test_command: NO_BAD, retry_flaky_tests: 0 },
    files: { "old.bad": "x\n" },
  });
  const { id } = await submit("a", { "x.txt": "x\n" });
  await refinery.settled();
  t.match(needRequest(store, id, clock.now()), { state: "open", retry_count: 0 });
  t.match(store.one("SELECT blocked FROM refineries"), { blocked: /^main is red by itself: test/ });
  rig.mergeQueue.batch_wait = "30s";
  await clock.advance(60_000);
  const worse = await submit("worse", { "new.bad": "x\n" });
  await submit("mend", { "old.bad": null }, { priority: 3 });
  await clock.advance(30_000);
  await refinery.settled();
  t.same(rig.subjects(), ["mend: work", "a: work"]);
  t.match(needRequest(store, worse.id, clock.now()), { state: "open", retry_count: 1 });
  t.equal(store.one("SELECT blocked FROM refineries")?.blocked, null);
});

t.test("a merge is taken back: the source is work again", async (t) => {
  const { rig, refinery, beads, store, clock, submit } = await testRefinery(t, { settings: { test_command: NO_BAD } });
  const one = await submit("one", { "a.txt": "one\n" });
  await refinery.settled();
  const two = await submit("two", { "two.txt": "x\n" });
  await refinery.settled();
  const run = await refinery.rollback("anna", one.bead, { reason: "it squeaks" });
  t.equal(run.outcome, "merged");
  t.equal(rig.tip(), run.tip);
  t.equal(git(rig.origin, "show", "main:a.txt"), "a");
  t.match(rig.subjects().at(-1), /^Revert "one: work"/);
  t.match(beads.reads.get(one.bead), { status: "open" });
  t.match(beads.reads.get(one.bead).comments, [{ text: /taken back in .*it squeaks/ }]);
  t.match(needRequest(store, one.id, clock.now()), { state: "closed", rolled_back: run.tip });
  t.equal(beads.reads.get(two.bead).status, "closed");
  t.match(new Evidence(store).find(one.id), { rolledBack: run.tip, rolledBackBy: "anna" });
  await t.rejects(refinery.rollback("anna", one.id), { code: "CONFLICT", message: /already/ });
  await t.rejects(refinery.rollback("anna", "hq-none"), { code: "NOT_FOUND" });
});

t.test("a taking back that would leave the target red, or stands under later work, is refused", async (t) => {
  const { rig, refinery, submit } = await testRefinery(t, {
    settings: { test_command: NO_BAD },
    files: { "old.bad": "x\n" },
  });
  const mend = await submit("mend", { "old.bad": null, "a.txt": "1\n" });
  await refinery.settled();
  await t.rejects(refinery.rollback("anna", mend.id), { code: "MERGE_RED", message: /exit code 1/ });
  await submit("later", { "a.txt": "2\n" });
  await refinery.settled();
  await t.rejects(refinery.rollback("anna", mend.id, { force: true }), { code: "CONFLICT", message: /a\.txt/ });
  t.same(rig.subjects(), ["mend: work", "later: work"]);
});

t.test("stopped, parked, under an emergency stop: nothing is merged, and nothing is lost", async (t) => {
  let stopped = false;
  const { rig, refinery, store, clock, submit } = await testRefinery(t, { estop: { state: () => ({ stopped }) } });
  await refinery.halt("anna", "garden");
  const { id } = await submit("a", { "x.txt": "x\n" });
  await refinery.settled();
  t.same(rig.subjects(), []);
  rig.state = "parked";
  await refinery.resume("anna", "garden");
  await refinery.settled();
  t.same(rig.subjects(), []);
  rig.state = "active";
  stopped = true;
  await refinery.release();
  await refinery.settled();
  t.same(rig.subjects(), []);
  t.equal(needRequest(store, id, clock.now()).state, "open");
  await t.rejects(refinery.rollback("anna", id), { code: "NOT_FOUND" });
  stopped = false;
  await refinery.release();
  await refinery.settled();
  t.same(rig.subjects(), ["a: work"]);
});

t.test("an emergency stop ends the command that runs, with all it started", async (t) => {
  const dir = t.testdir();
  const mark = path.join(dir, "late");
  const began = path.join(dir, "began");
  let stopped = false;
  const { rig, refinery, store, clock, submit } = await testRefinery(t, {
    settings: { test_command: `(sleep 60; touch ${mark}) & touch ${began}; sleep 60` },
    estop: { state: () => ({ stopped }) },
  });
  const { id } = await submit("a", { "x.txt": "x\n" });
  while (!existsSync(began)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { gate } = JSON.parse(`{"gate":${store.one("SELECT gate FROM merge_runs")?.gate}}`);
  stopped = true;
  t.same(await refinery.freeze("stop"), ["garden"]);
  t.match(needRequest(store, id, clock.now()), { state: "open", retry_count: 0 });
  t.same(living(gate.pid), [], "nothing of its group is left");
  t.match(store.one("SELECT stage, outcome FROM merge_runs"), { stage: "done", outcome: "held" });
  rig.mergeQueue.test_command = "true";
  stopped = false;
  await refinery.release();
  await refinery.settled();
  t.same(rig.subjects(), ["a: work"]);
  t.notOk(existsSync(mark));
});

t.test("a claim that nobody works on is given up after its time", async (t) => {
  const { rig, refinery, beads, store, clock, submit } = await testRefinery(t);
  await refinery.halt("anna", "garden");
  const { id } = await submit("a", { "x.txt": "x\n" });
  await beads.write("garden/somebody", (writer) => writer.claims.claim(id));
  await refinery.resume("anna", "garden");
  await refinery.settled();
  t.same(rig.subjects(), []);
  t.equal(needRequest(store, id, clock.now()).state, "in_progress");
  await clock.advance(29 * 60_000);
  await refinery.settled();
  t.same(rig.subjects(), []);
  await clock.advance(60_000);
  await refinery.settled();
  t.same(rig.subjects(), ["a: work"]);
});

t.test("a batch waits for more, up to its time", async (t) => {
  const { rig, refinery, clock, submit } = await testRefinery(t, {
    settings: { batch_wait: "30s", test_command: "true" },
  });
  await submit("a", { "a.x": "x\n" });
  await clock.advance(20_000);
  await submit("b", { "b.x": "x\n" });
  await refinery.settled();
  t.same(rig.subjects(), []);
  await clock.advance(10_000);
  await refinery.settled();
  t.same(rig.subjects(), ["a: work", "b: work"], "one batch, the older first");
});

t.test("two rigs merge at once, one rig never twice", async (t) => {
  let [running, most] = [0, 0];
  const { refinery, submit } = await testRefinery(t, {
    settings: { batch_size: 1 },
    step: async (name) => {
      if (name === "claimed") most = Math.max(most, ++running);
      if (name === "recorded") running--;
    },
  });
  await Promise.all([submit("a", { "a.x": "x\n" }), submit("b", { "b.x": "x\n" }), submit("c", { "c.x": "x\n" })]);
  await refinery.settled();
  t.equal(most, 1);
});

t.test(
  "merged branches go, here and at the origin: one that is checked out later, one with newer work never",
  async (t) => {
    const { rig, refinery, submit } = await testRefinery(t);
    const tree = path.join(rig.directory, "polecat");
    rig.branch("used", { "used.txt": "x\n" });
    git(rig.repo, "push", "-q", "origin", "used");
    git(rig.repo, "worktree", "add", "-q", tree, "used");
    await refinery.submit("anna", { rig: "garden", branch: "used" });
    await refinery.settled();
    t.same(rig.subjects(), ["used: work"]);
    t.ok(rig.tip("used", rig.repo));
    git(rig.repo, "worktree", "remove", tree);
    await refinery.halt("anna", "garden");
    await submit("newer", { "newer.txt": "x\n" });
    const left = rig.branch("newer", { "newer.txt": "y\n" }, "newer");
    await refinery.resume("anna", "garden");
    await refinery.settled();
    t.same(rig.subjects(), ["used: work", "newer: work"]);
    t.equal(rig.tip("used", rig.repo), undefined);
    t.equal(rig.tip("used"), undefined);
    t.equal(rig.tip("newer", rig.repo), left);
  },
);

t.test("an integration branch lands by itself where the rig wants that", async (t) => {
  const { rig, refinery, beads, add } = await testRefinery(t, { settings: { integration_branch_auto_land: true } });
  const epic = await add({ title: "Fence", issue_type: "epic" });
  await refinery.integrations.create("anna", { rig: "garden", epic });
  const bead = await add({ title: "a", parent: epic });
  rig.branch("a", { "a.x": "x\n" });
  await refinery.submit("anna", { rig: "garden", branch: "a", bead });
  await refinery.settled();
  await refinery.settled();
  t.match(rig.subjects(), ["a: work", "Land integration/fence"]);
  t.equal(beads.reads.get(epic).status, "closed");
});

t.test("an integration branch gathers an epic's work and lands as one", async (t) => {
  const { rig, refinery, beads, store, submit, add } = await testRefinery(t, { settings: { test_command: NO_BAD } });
  const epic = await add({ title: "New Gate!", issue_type: "epic" });
  const made = await refinery.integrations.create("anna", { rig: "garden", epic });
  t.match(made, { branch: "integration/new-gate", base: "main", epic });
  await t.rejects(refinery.integrations.create("anna", { rig: "garden", epic }), { code: "CONFLICT" });
  for (const name of ["a", "b"]) {
    const bead = await add({ title: name, parent: epic });
    rig.branch(name, { [`${name}.x`]: "x\n" });
    await refinery.submit("anna", { rig: "garden", branch: name, bead });
    if (name === "a")
      await t.rejects(refinery.integrations.land("anna", epic), { code: "CONFLICT", message: /not ready/ });
  }
  await refinery.settled();
  await submit("other", { "other.x": "x\n" });
  await refinery.settled();
  t.same(rig.subjects(), ["other: work"]);
  t.same(rig.subjects("integration/new-gate"), ["a: work", "b: work"]);
  const run = await refinery.integrations.land("anna", epic);
  t.equal(rig.tip(), run.tip);
  t.same(rig.files(), ["a.txt", "a.x", "b.x", "other.x"]);
  t.match(beads.reads.get(epic), { status: "closed", close_reason: `Merged in ${run.tip}` });
  t.equal(rig.tip("integration/new-gate"), undefined);
  const back = await refinery.rollback("anna", epic);
  t.same(rig.files(), ["a.txt", "other.x"]);
  t.match(new Evidence(store).find(epic), { kind: "land", rolledBack: back.tip });
  t.equal(beads.reads.get(epic).status, "open");
});
