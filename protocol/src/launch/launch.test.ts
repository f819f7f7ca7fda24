import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";

const LAUNCH = new URL("./launch.mjs", import.meta.url).href;

/** A program with one TypeScript source, started with its own compile cache. */
function program(t: Test, { daemon }: { daemon: boolean }) {
  const dir = t.testdir({
    "package.json": '{"type":"module"}',
    "bin.mjs": `import { launch } from ${JSON.stringify(LAUNCH)};
      const modules = [new URL("./part.ts", import.meta.url)];
      const daemon = { flags: ["--no-opt"], environment: { UV_THREADPOOL_SIZE: "2", MALLOC_ARENA_MAX: "3" }, modules };
      console.error("starts as", process.pid);
      await launch(new URL("./main.ts", import.meta.url), ${daemon ? "daemon" : "undefined"});`,
    "main.ts": `import { part } from "./part.ts";
      export async function main(): Promise<void> {
      const { execArgv, env, pid, argv } = process;
      const stripper = process.moduleLoadList.some((name: string) => name.includes("amaro"));
      const { UV_THREADPOOL_SIZE, MALLOC_ARENA_MAX, BARNACLE_SOURCES_READY } = env;
      const told = { UV_THREADPOOL_SIZE, MALLOC_ARENA_MAX, BARNACLE_SOURCES_READY };
      console.log(JSON.stringify({ part, pid, args: argv.slice(2), execArgv, stripper, env: told }));
      }`,
    "part.ts": "export const part: string = 'whole';",
  });
  const cache = path.join(dir, "cache");
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, NODE_COMPILE_CACHE: ___, ...inherited } = process.env;
  const env = { ...inherited, BARNACLE_KEEP_SOURCES: "1" };
  return {
    cache,
    dir,
    run() {
      const result = spawnSync(process.execPath, [path.join(dir, "bin.mjs"), "a", "b c"], {
        env: {
          ...env,
          MALLOC_ARENA_MAX: undefined,
          BARNACLE_COMPILE_CACHE: cache,
          ...(daemon ? { MALLOC_ARENA_MAX: "5" } : {}),
        },
        encoding: "utf8",
      });
      const starts = result.stderr.match(/starts as \d+/g) ?? [];
      return {
        ...result,
        starts,
        said: result.stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      };
    },
  };
}

t.test("a daemon replaces itself, keeps its process id, and at its first start makes its sources ready", async (t) => {
  const { run, cache } = program(t, { daemon: true });
  const first = run();
  t.equal(first.status, 0, first.stderr);
  t.equal(first.said.length, 1, "its entry runs once");
  t.match(first.said[0], {
    part: "whole",
    pid: first.pid,
    args: ["a", "b c"],
    stripper: false,
    env: { UV_THREADPOOL_SIZE: "2", MALLOC_ARENA_MAX: "5", BARNACLE_SOURCES_READY: undefined },
  });
  t.ok(first.said[0].execArgv.includes("--no-opt") && first.said[0].execArgv.includes("--max-semi-space-size=1"));
  t.same(new Set(first.starts), new Set([`starts as ${first.pid}`]));
  t.equal(first.starts.length, 3, "as it was called, lean, lean with ready sources");
  t.ok(existsSync(cache) && readdirSync(cache).length > 0);
  const second = run();
  t.equal(second.starts.length, 2, "they are ready from then on");
  t.match(second.said, [{ part: "whole", pid: second.pid }]);
});

t.test("without a place for the cache a daemon starts all the same", async (t) => {
  const { run, cache } = program(t, { daemon: true });
  spawnSync("touch", [cache]);
  const { said, status, starts } = run();
  t.equal(status, 0);
  t.equal(starts.length, 3, "it is not tried for ever");
  t.match(said, [{ part: "whole", env: { BARNACLE_SOURCES_READY: undefined } }]);
});

t.test("any other program runs in the process it was started in", async (t) => {
  const { run } = program(t, { daemon: false });
  const { said, starts, pid } = run();
  t.equal(starts.length, 1);
  t.match(said, [{ part: "whole", pid, env: { UV_THREADPOOL_SIZE: undefined } }]);
  t.notOk(said[0].execArgv.includes("--expose-gc"));
});

t.test(
  "a command's sources are kept in one file, read anew when they change, believed from their owner alone",
  async (t) => {
    const { run, cache, dir } = program(t, { daemon: false });
    const part = () => run().said[0]?.part;
    t.equal(part(), "whole");
    const file = globSync(path.join(cache, "*", "sources-*"))[0] ?? "";
    t.equal(statSync(file).mode & 0o777, 0o600);
    const kept = readFileSync(file, "utf8");
    writeFileSync(file, kept.replace("'whole'", "'KEPT!'"));
    t.equal(part(), "KEPT!", "it is what runs");
    chmodSync(file, 0o666);
    t.equal(part(), "whole", "anybody may have written it");
    t.equal(statSync(file).mode & 0o777, 0o600, "and was replaced");
    writeFileSync(
      path.join(dir, "part.ts"),
      "import { sep } from 'node:path';\nexport const part: string = 'other ' + sep;",
    );
    t.equal(part(), "other /", "changed since");
    t.equal(part(), "other /");
    for (const damaged of ["", "{", kept.slice(0, 40), kept.replace(/\n.*/s, "\n")]) {
      writeFileSync(file, damaged);
      t.equal(part(), "other /", `damaged: ${damaged.length} bytes`);
    }
  },
);
