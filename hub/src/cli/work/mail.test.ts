import t, { type Test } from "tap";
import { capturedIo, runCli, temporaryHome } from "../testing.ts";

interface Message {
  readonly id: string;
  readonly delivery_state: string;
}

/** The command line beside a state directory without a hub. */
function desk(t: Test) {
  const home = temporaryHome((fn) => t.teardown(fn));
  const as = (actor: string | undefined) => {
    const env: Record<string, string> = actor === undefined ? {} : { BARNACLE_ACTOR: actor };
    const cli = (...argv: string[]) => runCli(argv, capturedIo({ home, env }));
    const json = async <T>(...argv: string[]): Promise<T> => {
      const { code, out, err } = await cli(...argv, "--json");
      if (code !== 0) throw new TypeError(`${argv.join(" ")}: ${err}`);
      return JSON.parse(out) as T;
    };
    return { cli, json };
  };
  return { home, as };
}

const TOAST = "garden/polecats/toast";

t.test("R6 mail from the command line without a hub: every everyday command, its JSON and its exit code", async (t) => {
  const { as } = desk(t);
  const [anna, toast] = [as(undefined), as(TOAST)];
  t.match(await toast.cli("mail", "check"), { code: 1, err: /holds no store/ });
  const [sent] = await anna.json<Message[]>(
    "mail",
    "send",
    TOAST,
    "-s",
    "Fix the gate",
    "-m",
    "It squeaks.",
    "-p",
    "1",
    "--cc",
    "ben",
  );
  const id = String(sent?.id);
  t.match(sent, { from: "overseer", to: TOAST, priority: "high", wisp: true, cc: ["ben"] });
  t.match(await toast.cli("mail", "check"), { code: 0, out: "1 new, 0 read and not acknowledged\n" });
  t.match(await toast.json("mail", "inbox", "--unread"), [{ id, delivery_state: "pending" }]);
  t.match(await toast.json("mail", "read", id, "--peek"), { delivery_state: "pending" });
  t.match((await toast.cli("mail", "read", id)).out, /It squeaks\.\n\nIt waits for your word: barnacle mail mark-read/);
  t.match(await toast.cli("mail", "check", "--json"), { code: 1, out: /"pending":0,"delivered":1/ });
  t.match(await toast.json("mail", "mark-read", id), [{ acknowledged: "now", by: TOAST }]);
  t.match(await toast.cli("mail", "ack", id), { code: 0, out: new RegExp(`^${id}  was done already, by ${TOAST}`) });
  t.match(await toast.json("mail", "reply", id, "-m", "Oiled."), { from: TOAST, to: "overseer", reply_to: id });
  t.match(await anna.cli("mail", "check", "--inject"), {
    code: 0,
    out: /Mail hq-.* from garden.*: Re: Fix the gate\nOiled\.\nWhen it is/,
  });
  t.match(await anna.cli("mail", "check", "--inject"), { code: 0, out: "" });
  t.match(await anna.json("mail", "thread", id), [{ id }, { subject: "Re: Fix the gate" }]);
  t.match(await anna.json("mail", "search", "squeaks"), [{ id }]);
  t.match(await toast.json("mail", "archive", id), [{ archived: true }]);
  t.same(await toast.json("mail", "inbox"), []);
  t.match(await toast.json("mail", "inbox", "--all"), [{ id }]);
  t.match(await toast.json("mail", "send", "--self", "-s", "Later", "--pinned"), [
    { to: TOAST, pinned: true, wisp: false },
  ]);

  t.match(await anna.json("mail", "queue", "create", "builds", "--workers", "garden/polecats/*", "--max-claims", "1"), {
    ...{ name: "builds", workers: ["garden/polecats/*"], max_claims: 1, paused: false },
  });
  t.match(await toast.cli("mail", "claim", "builds"), { code: 1, out: "nothing waits there\n" });
  const [job] = await anna.json<Message[]>("mail", "send", "queue:builds", "-s", "Build it", "--urgent");
  t.match(await toast.json("mail", "claim", "builds"), { id: job?.id, claimed_by: TOAST });
  t.match(await anna.cli("mail", "claim", "builds"), { code: 1, err: /for garden\/polecats\/\*, not for overseer/ });
  t.match(await toast.json("mail", "release", String(job?.id)), { id: job?.id });
  t.match(await anna.json("mail", "queue", "list"), [{ waiting: 1, claimed: 0 }]);
  t.match(await anna.json("mail", "queue", "show", "builds"), [{ subject: "Build it" }]);
  t.match(await anna.json("mail", "queue", "pause", "builds"), { paused: true });
  t.match(await toast.cli("mail", "claim", "--id", String(job?.id)), { code: 1, err: /paused/ });
  await anna.json("mail", "channel", "create", "news", "--keep", "2", "--keep-for", "24h", "--follow", "garden/*");
  for (const text of ["one", "two", "three"]) await anna.json("mail", "send", "channel:news", "-s", text);
  t.match(await anna.json("mail", "channel", "show", "news"), [{ subject: "three" }, { subject: "two" }]);
  t.match(await toast.json("mail", "inbox", "-n", "2"), [{ subject: "three" }, { subject: "two" }]);
  t.match(await anna.json("mail", "channel", "list"), [{ keep_count: 2, keep_ms: 86_400_000, messages: 2 }]);
  t.match(await anna.json("mail", "channel", "leave", "news", "garden/*"), { subscribers: [] });
  t.match(await anna.json("mail", "group", "create", "@both", "ben", TOAST), { name: "both", members: ["ben", TOAST] });
  t.match(await anna.json("mail", "send", "@both", "-s", "Tea"), [{ to: "ben" }, { to: TOAST }]);
  t.match(await anna.json("mail", "group", "remove", "both", "ben"), { members: [TOAST] });
  t.match(await anna.json("mail", "group", "list"), [{ name: "both" }]);
  t.match((await anna.cli("mail", "group", "show", "both")).out, `${TOAST}\n`);
  t.match(await anna.json("mail", "group", "delete", "both"), { removed: "both" });

  for (const argv of [
    ["mail"],
    ["mail", "send"],
    ["mail", "send", TOAST],
    ["mail", "claim"],
    ["mail", "search"],
    ["mail", "channel", "create", "x", "--keep-for", "soon"],
    ["mail", "inbox", "-n", "many"],
    ["mail", "nonsense"],
  ]) {
    t.match((await anna.cli(...argv)).code, 2, argv.join(" "));
  }
  for (const [argv, said] of [
    [["mail", "read", "hq-none"], /BEAD_UNKNOWN/],
    [["mail", "send", "queue:none", "-s", "x"], /queue create none/],
    [["mail", "send", "a//b", "-s", "x"], /no address/],
    [["mail", "send", "ben", "-s", "x", "-p", "soon"], /priority: "soon"/],
  ] as const) {
    t.match(await anna.cli(...argv), { code: 1, out: "", err: said }, argv.join(" "));
  }
});

t.test("the feed: what happens, in one stream, and on as it happens", async (t) => {
  const { home, as } = desk(t);
  const anna = as("anna");
  const bead = await anna.json<{ id: string }>("bead", "create", "Fix the gate");
  await anna.json("mail", "send", TOAST, "-s", "Look at it");
  await anna.json("bead", "claim", bead.id);
  await anna.json("bead", "comment", bead.id, "it squeaks");
  await anna.json("bead", "close", bead.id, "-r", "Oiled");
  const call = await anna.json<{ id: string }>("escalate", "Leak", "-s", "low");
  await anna.json("estop", "smoke");
  const feed = await anna.json<{ source: string; kind: string; text: string; id: string }[]>("feed");
  t.match(
    feed.map(({ source, kind, text }) => `${source} ${kind} ${text}`),
    [
      "beads created Fix the gate",
      "mail created Look at it",
      "beads claimed Fix the gate: open → in_progress (anna)",
      "beads commented Fix the gate: it squeaks",
      "beads closed Fix the gate: Oiled",
      "escalations created Leak",
      "estop stopped smoke",
    ],
  );
  t.match(await anna.json("feed", "-n", "2"), [{ id: call.id }, { source: "estop", who: "anna" }]);
  t.match(await anna.json("feed", "--type", "mail,estop"), [{ source: "mail" }, { source: "estop" }]);
  t.match(await anna.json("feed", "--since", "1h", "--type", "convoys"), []);
  t.match(await anna.cli("feed", "--since", "soon"), { code: 2 });
  const io = capturedIo({ home, env: { BARNACLE_ACTOR: "anna" } });
  const following = runCli(["feed", "--follow", "--json", "--type", "beads,estop"], io);
  await io.saw("smoke");
  await anna.json("thaw");
  await anna.json("bead", "create", "Paint it");
  await io.saw("Paint it");
  io.stop();
  t.equal((await following).code, 0);
  const lines = io
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; text: string });
  t.equal(lines.filter(({ text }) => text === "Paint it").length, 1, "each once");
  t.equal(lines.filter(({ kind }) => kind === "thawed").length, 1);
});

t.test("nudges, do not disturb and calls for help from the command line without a hub", async (t) => {
  const { as } = desk(t);
  const [anna, toast] = [as("anna"), as(TOAST)];
  t.match(await anna.json("nudge", TOAST, "how", "far?"), { to: TOAST, delivered: "queued" });
  t.match(await anna.json("nudge", TOAST, "-m", "now", "--if-running"), { delivered: "away" });
  t.match(await anna.json("nudge", "list", TOAST), [{ text: "how far?", from: "anna", mode: "wait-idle" }]);
  t.match((await toast.cli("nudge", "take")).out, "anna: how far?\n");
  t.same(await toast.json("nudge", "take"), []);
  t.match(await toast.json("dnd", "on"), { address: TOAST, level: "muted" });
  t.match((await anna.cli("nudge", TOAST, "tea")).out, /does not want to be disturbed/);
  t.match(await anna.json("nudge", TOAST, "fire", "--force"), { delivered: "queued" });
  t.match((await toast.cli("dnd")).out, `${TOAST}: not to be disturbed\n`);
  t.match(await toast.json("dnd", "off"), { level: "normal" });
  t.match(await toast.json("notify", "verbose"), { level: "verbose" });
  t.match(await anna.cli("broadcast", "tea"), { code: 1, err: /needs a running hub/ });
  for (const argv of [
    ["nudge"],
    ["nudge", TOAST],
    ["dnd", "perhaps"],
    ["notify", "loud"],
    ["broadcast"],
    ["escalate"],
  ]) {
    t.match((await anna.cli(...argv)).code, 2, argv.join(" "));
  }

  const one = await toast.json<{ id: string }>(
    "escalate",
    "The tests",
    "do not build",
    "-s",
    "high",
    "--key",
    "tests",
    "-r",
    "no disk",
  );
  t.match(one, { severity: "high", subject: "The tests do not build", state: "open", escalated_by: TOAST });
  t.match(await toast.json("escalate", "again", "--key", "tests"), { id: one.id, occurrences: 2, repeated: true });
  t.match(await as(undefined).json("mail", "inbox"), [{ subject: "[HIGH] The tests do not build" }]);
  t.match(await anna.json("escalate", "list"), [{ id: one.id }]);
  t.same(await anna.json("escalate", "list", "-s", "low"), []);
  t.same(await anna.json("escalate", "stale"), []);
  t.match(await anna.json("escalate", "ack", one.id), { state: "acked", acked_by: "anna" });
  t.match((await anna.cli("escalate", "show", one.id)).out, /acknowledged +anna/);
  t.match(await anna.json("escalate", "close", one.id, "-r", "more disk"), {
    state: "closed",
    closed_reason: "more disk",
  });
  t.same(await anna.json("escalate", "list"), []);
  t.match(await anna.json("escalate", "list", "--all"), [{ state: "closed" }]);
  t.match(await anna.json("escalate", "x", "--dry-run"), { subject: "x", severity: "medium" });
  t.match(await anna.cli("escalate", "x", "-s", "dire"), { code: 1, err: /severity: "dire"/ });
  t.match(await anna.cli("escalate", "stale", "--for", "soon"), { code: 2 });
});
