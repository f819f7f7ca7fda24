import { type Access, type Method, notHere } from "./method.ts";

interface Group {
  readonly why: string;
  /** Names by what the gateway protocol asks of their callers. */
  readonly names: Readonly<Partial<Record<Access, string>>>;
}

/** What a home hub does not have, and therefore refuses by name. Source of names and scopes: gateway protocols 3 and 4, method tables. */
const GROUPS: readonly Group[] = [
  {
    why: "the hub is updated by its package manager",
    names: { admin: "update.run update.hold" },
  },
  {
    why: "the hub is set up in its configuration file and by `barnacle devices code`, not by a wizard",
    names: {
      admin: `wizard.start wizard.next wizard.cancel wizard.status openclaw.setup.detect openclaw.setup.verify
        openclaw.setup.activate openclaw.setup.activate.start openclaw.setup.auth.start openclaw.setup.prepare.start`,
    },
  },
  {
    why: "the hub has no system agent that changes its own installation",
    names: { admin: "openclaw.chat openclaw.chat.history openclaw.changes.list" },
  },
  {
    why: "the hub loads no third-party code, so there are no plugins to install, inspect or run",
    names: {
      read: "plugins.inspect",
      admin:
        "plugins.install plugins.setEnabled plugins.uninstall plugins.refresh sessions.pluginPatch nativeHook.invoke",
      write: "plugins.sessionAction",
      approvals: "plugin.approval.request plugin.approval.waitDecision plugin.approval.resolve",
    },
  },
  {
    why: "the hub opens no terminal on its machine",
    names: {
      admin: `terminal.open terminal.input terminal.resize terminal.close terminal.attach terminal.list terminal.upload
        sessions.catalog.startTerminal attach.grant attach.revoke`,
    },
  },
  {
    why: "the hub shows and drives no desktop",
    names: { admin: "desktop.observe desktop.launch worker.desktop.observe worker.desktop.launch" },
  },
  {
    why: "the hub rents no machines; work runs on its own nodes",
    names: { admin: "environments.create environments.destroy" },
  },
  {
    why: "the hub keeps no git work trees",
    names: {
      write: "worktrees.branches worktrees.create",
      admin: "worktrees.remove worktrees.restore worktrees.gc",
    },
  },
  {
    why: "the hub manages no source repositories",
    names: {
      read: "projects.searchRemote",
      write: "projects.add",
      admin: "projects.register projects.remove",
    },
  },
  {
    why: "the hub has no account at a code host",
    names: {
      read: `users.github.authorize.start users.github.authorize.poll
        users.github.authorize.cancel users.github.disconnect controlUi.githubPreview`,
      admin:
        "tools.github.configure tools.github.authorize.start tools.github.authorize.poll tools.github.authorize.cancel",
    },
  },
  {
    why: "the hub keeps no long-term memory beside its transcripts",
    names: {
      read: "doctor.memory.status doctor.memory.dreamDiary memory.search",
      write: `doctor.memory.backfillDreamDiary doctor.memory.resetDreamDiary doctor.memory.resetGroundedShortTerm
        doctor.memory.repairDreamingArtifacts doctor.memory.dedupeDreamDiary`,
      admin: "migrations.memory.plan migrations.memory.apply",
    },
  },
  {
    why: "the hub serves no MCP apps",
    names: {
      read: "mcp.app.view mcp.app.listTools mcp.app.listResources mcp.app.listResourceTemplates mcp.app.readResource",
      write: "mcp.app.callTool mcp.app.updateModelContext",
    },
  },
  {
    why: "sessions have no board of widgets here; rooms show canvases",
    names: {
      read: "board.widget.appView board.prompt.authorize board.data.read",
      write: "board.update board.widget.put board.event board.action",
      approvals: "board.widget.grant",
    },
  },
  {
    why: "progress is told in the session itself, not on a card",
    names: { write: "progressCard.put" },
  },
  {
    why: "nothing here suggests tasks",
    names: { write: "taskSuggestions.create taskSuggestions.dismiss", admin: "taskSuggestions.accept" },
  },
  {
    why: "the hub has one owner; people are told apart by their devices",
    names: { write: "users.setAvatar", admin: "users.linkEmail users.setRole" },
  },
  {
    why: "secrets are kept in the configuration file and in the environment, and never handed out",
    names: {
      admin: "secrets.reload secrets.resolve secrets.store.list secrets.store.set secrets.store.delete",
    },
  },
  {
    why: "the hub opens no tunnel to the internet",
    names: { read: "portal.list", write: "portal.open portal.close" },
  },
  {
    why: "the hub sends no push messages through foreign servers",
    names: {
      read: "push.web.preferences.get",
      write: `push.test push.web.vapidPublicKey push.web.subscribe push.web.unsubscribe push.web.test
        push.web.preferences.set`,
    },
  },
  {
    why: "the hub has no window of its own to steer",
    names: { read: "controlUi.sessionPreview", write: "ui.command", admin: "config.openFile" },
  },
  {
    why: "the hub does not list the folders of its machine",
    names: { write: "fs.listDir" },
  },
  {
    why: "the hub drives no browser",
    names: { write: "browser.request" },
  },
  {
    why: "conversations of other gateways are not joined; send and chat.send reach everybody here",
    names: { admin: "conversations.list conversations.send conversations.turn conversations.turn.cancel" },
  },
  {
    why: "the hub writes no skills by itself, so there are no proposals to judge",
    names: {
      read: `skills.proposals.list skills.proposals.inspect skills.proposals.historyStatus skills.proposals.events.list
        skills.curator.status`,
      admin: `skills.proposals.historyScan skills.proposals.create skills.proposals.update skills.proposals.revise
        skills.proposals.requestRevision skills.proposals.apply skills.proposals.reject skills.proposals.quarantine
        skills.proposals.evaluate skills.curator.pin skills.curator.unpin skills.curator.restore`,
    },
  },
];

/** Methods of the gateway protocols that have no meaning for a home hub, with the reason that a caller is given. */
export const notHereMethods: readonly Method[] = GROUPS.flatMap(({ why, names }) =>
  Object.entries(names).flatMap(([access, list]) =>
    list.split(/\s+/).map((name) => notHere(name, access as Access, why)),
  ),
);
