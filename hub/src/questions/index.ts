export { StoredQuestions } from "./questions.ts";
