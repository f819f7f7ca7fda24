export { RotatedLogFile } from "./log-file.ts";
