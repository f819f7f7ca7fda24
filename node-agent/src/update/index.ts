export { fetchPackage } from "./fetch-package.ts";
export { CommandInstaller, FakeInstaller, type Installer } from "./installer.ts";
export { makeUpdater } from "./make.ts";
export { type PackageWanted, Updater, type UpdaterParts } from "./updater.ts";
