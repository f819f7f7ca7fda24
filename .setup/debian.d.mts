export interface DebianPackage {
  readonly name: string;
  readonly when: string;
  readonly feature: string;
}
export function readList(file: string): DebianPackage[];
export function missing(packages: readonly DebianPackage[]): DebianPackage[];
export function privilege(): string[] | undefined;
export function install(
  prefix: readonly string[],
  packages: readonly DebianPackage[],
  log: (line: string) => void,
): Promise<boolean>;
export function run(
  command: string,
  rest: readonly string[],
  environment: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<number>;
