import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { originIn } from "../rigs/testing.ts";
import { operator, testGateway } from "./testing.ts";

t.test("rigs over the gateway: scopes, events, records without secrets", async (t) => {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const { bare } = originIn(directory);
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const writer = await operator(t, hub, { scopes: ["operator.write"] });
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  const town = path.join(directory, "town");
  t.match((await writer.request("workspaces.init", { path: town })).error, {
    message: /missing scope: operator.admin/,
  });
  t.match(await admin.call("workspaces.init", { path: town, actor: "anna" }), {
    result: { name: "town", created_by: "anna" },
  });
  t.match(await reader.nextEvent("workspaces.changed"), { payload: { id: "town", kind: "created" } });
  t.match((await writer.request("rigs.add", { name: "shop", url: bare })).error, {
    message: /missing scope: operator.admin/,
  });
  t.match(await admin.call("rigs.add", { name: "shop", url: bare }), { result: { name: "shop", beads_prefix: "sh" } });
  t.match(await reader.nextEvent("rigs.changed"), { payload: { id: "shop", kind: "added", data: { prefix: "sh" } } });
  t.match(await reader.call("rigs.list", {}), { result: [{ name: "shop" }] });
  t.match((await reader.request("rigs.park", { name: "shop" })).error, { message: /missing scope: operator.write/ });
  t.match(await writer.call("rigs.park", { name: "shop" }), { result: { status: "parked" } });
  t.match((await writer.request("rigs.set", { name: "shop", key: "hooks.pre_commit", value: "id" })).error, {
    message: /missing scope: operator.admin/,
  });
  t.match(await writer.call("rigs.unpark", { name: "shop" }), { result: { status: "active" } });
  const agent = "shop/polecats/toast";
  const { result } = await writer.call<{ result: { path: string } }>("worktrees.acquire", {
    rig: "shop",
    agent,
    bead: "sh-1",
  });
  t.match(await reader.nextEvent("worktrees.changed"), {
    payload: { id: agent, kind: "acquired", data: { bead: "sh-1" } },
  });
  t.match(
    await writer.call("worktrees.githook", { directory: result.path, hook: "post-commit", body: { subject: "x" } }),
    {
      result: { recorded: true },
    },
  );
  t.match(await reader.call("worktrees.events", { rig: "shop" }), {
    result: [{ agent, hook: "post-commit", body: { subject: "x" } }],
  });
  t.match((await writer.request("worktrees.githook", { directory: "/", hook: "post-commit", body: {} })).error, {
    message: /belongs to no rig/,
  });
  const url = "https://anna:s3cret-word@127.0.0.1:1/x.git";
  const refused = await admin.request("rigs.add", { name: "far", url });
  t.notMatch(JSON.stringify(refused), /s3cret-word/);
  const records = await hub.audit.list({});
  t.match(
    records.find(({ subject, data }) => subject === "rigs.add" && JSON.stringify(data).includes("far")),
    { data: { params: { url: "https://***@127.0.0.1:1/x.git" } } },
  );
  t.notMatch(JSON.stringify(records), /s3cret-word/);
});
