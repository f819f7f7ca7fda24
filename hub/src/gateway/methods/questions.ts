import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { QuestionAnswers, QuestionRecord } from "../../services.ts";
import { type Method, method } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Text = Type.String({ minLength: 1, maxLength: 4000 });
const Wait = Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 }));
const Where = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }));
const Question = Type.Object({
  questionId: Id,
  header: Type.String({ maxLength: 200 }),
  question: Text,
  options: Type.Array(
    Type.Object({ label: Type.String({ minLength: 1, maxLength: 400 }), description: Type.Optional(Type.String()) }),
    { maxItems: 50 },
  ),
  multiSelect: Type.Optional(Type.Boolean()),
  isOther: Type.Optional(Type.Boolean()),
  isSecret: Type.Optional(Type.Boolean()),
  secretStore: Type.Optional(Type.Unknown()),
});
const Answers = Type.Object({
  answers: Type.Record(Type.String(), Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 50 })),
});

/** Questions to people. Source: gateway protocol 4, "questions". */
export const questionMethods: readonly Method[] = [
  method({
    name: "question.request",
    access: "questions",
    support: { partial: "answers go to whoever asked; there is no secret store to put them in" },
    params: Type.Object({
      ...{ id: Type.Optional(Id), questions: Type.Array(Question, { minItems: 1, maxItems: 20 }) },
      ...{ agentId: Where, sessionKey: Where, runId: Where, timeoutMs: Wait },
    }),
    async run({ questions, ...ask }, { hub }) {
      if (questions.some((one) => one.secretStore !== undefined)) {
        throw new BarnacleError("INPUT_INVALID", "invalid question.request params: secretStore is not supported here");
      }
      const { id, expiresAtMs } = await hub.questions.request({ ...ask, questions });
      return { id, expiresAtMs };
    },
  }),
  method({
    name: "question.waitAnswer",
    access: "questions",
    params: Type.Object({ id: Id, timeoutMs: Wait }),
    run: async ({ id, timeoutMs }, { hub }) => outcomeOf(await hub.questions.wait(id, timeoutMs)),
  }),
  method({
    name: "question.resolve",
    access: "questions",
    params: Type.Object({ id: Id, answers: Type.Optional(Answers), cancel: Type.Optional(Type.Boolean()) }),
    async run({ id, answers, cancel }, { hub, caller }) {
      if ((answers === undefined) !== (cancel === true)) {
        throw new BarnacleError(
          "INPUT_INVALID",
          "invalid question.resolve params: expected either answers or cancel: true",
        );
      }
      return outcomeOf(await hub.questions.resolve(id, answers?.answers, caller.principal));
    },
  }),
  method({
    name: "question.get",
    access: "questions",
    params: Type.Object({ id: Id }),
    run({ id }, { hub }) {
      const record = hub.questions.get(id);
      if (record) return { question: wireQuestion(record) };
      throw new BarnacleError("NOT_FOUND", "question expired or not found");
    },
  }),
  method({
    name: "question.list",
    access: "questions",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ questions: hub.questions.pending().map(wireQuestion) }),
  }),
];

export function wireQuestion({ answers, ...record }: QuestionRecord) {
  return { ...record, ...(answers ? { answers: wrapped(answers) } : {}) };
}

/** How a question ended, or that it has not. */
export function outcomeOf({ status, answers }: QuestionRecord) {
  return status === "answered" ? { status, answers: wrapped(answers ?? {}) } : { status };
}

function wrapped(answers: QuestionAnswers) {
  return { answers };
}
