import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { NodeSkill } from "../services.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { SkillShelf, SkillTools } from "./index.ts";

const PAGE = `---
name: Bread
description: Bakes bread.
homepage: https://bread.example
metadata: {"openclaw": {"emoji": "🍞", "requires": {"bins": ["oven", "../sh"]}}}
---
Knead.
`;

function setUp(t: { teardown(fn: () => unknown): void }) {
  const root = temporaryDirectory(t);
  const folder = join(root, "skills");
  const skill = (name: string, page: string) => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "SKILL.md"), page);
  };
  const offered: (NodeSkill & { nodeId: string })[] = [];
  const bin = join(root, "bin");
  mkdirSync(bin);
  const shelf = new SkillShelf({ folder, offers: { skills: () => offered }, path: bin });
  const program = (name: string) => writeFileSync(join(bin, name), "", { mode: 0o755 });
  return { shelf, skill, offered, program };
}

t.test("skills lie in folders of their own; what their head says is shown, and what they lack", async (t) => {
  const { shelf, skill, program } = setUp(t);
  t.same(shelf.list(), [], "no folder yet");
  skill("bread", PAGE);
  skill("plain", "No head at all.");
  skill("broken", "---\nname: [\n---\n");
  program("oven");
  const about = { source: "workspace", enabled: true } as const;
  t.match(shelf.list(), [
    { ...about, key: "bread", name: "Bread", description: "Bakes bread.", emoji: "🍞", missing: ["../sh"] },
    { ...about, key: "broken", name: "broken", problem: String },
    { ...about, key: "plain", name: "plain", description: "", bins: [] },
  ]);
  t.equal(shelf.content("plain"), "No head at all.");
  t.throws(() => shelf.content("../plain"), { code: "NOT_FOUND" });
});

t.test("a skill is switched off and on; one of a node is not ours to switch", async (t) => {
  const { shelf, skill, offered } = setUp(t);
  skill("plain", "Text.");
  offered.push({ nodeId: "n1", name: "feed", description: "Feeds the cat.", content: "Open the tin." });
  shelf.setEnabled("plain", false);
  t.match(shelf.list(), [
    { key: "plain", enabled: false },
    { key: "n1/feed", source: "node", nodeId: "n1" },
  ]);
  shelf.setEnabled("plain", true);
  t.match(shelf.list()[0], { enabled: true });
  t.throws(() => shelf.setEnabled("n1/feed", false), { code: "INPUT_INVALID", message: /belongs to a node/ });
  t.throws(() => shelf.setEnabled("nothing", false), { code: "NOT_FOUND" });
  t.equal(shelf.content("n1/feed"), "Open the tin.");
});

t.test("an agent reads the skills that can be used, and sees no tool when there are none", async (t) => {
  const { shelf, skill, offered } = setUp(t);
  const tools = new SkillTools(shelf);
  t.same(tools.tools(), []);
  skill("bread", PAGE);
  t.same(tools.tools(), [], "its oven is missing");
  offered.push({ nodeId: "n1", name: "feed", description: "Feeds the cat.", content: "Open the tin." });
  const [read] = tools.tools();
  t.match(read, { name: "skill_read", description: /n1\/feed: Feeds the cat\./ });
  const use = { principal: { kind: "system", id: "x" }, sessionKey: "main", key: "k" } as const;
  t.same(await read?.run({ skill: "n1/feed" }, use), { skill: "n1/feed", content: "Open the tin." });
  await t.rejects(async () => void (await read?.run({ skill: "bread2" }, use)), { code: "NOT_FOUND" });
  await t.rejects(async () => void (await read?.run({ skill: "bread" }, use)), { code: "NOT_FOUND" }, "it is there");
});
