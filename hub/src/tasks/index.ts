export { type Task, type TaskList, Tasks, type TasksOptions } from "./tasks.ts";
