import type { AgentConfig, ModelConfig } from "../../config/agent.ts";

/** Something that a session can be answered by. */
export interface Model {
  /** `provider/id` */
  readonly ref: string;
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly contextTokens?: number;
  readonly reasoning: boolean;
  readonly images: boolean;
  readonly tools: boolean;
  /** Absent: not a language model but the household's sentences or a program. */
  readonly endpoint?: ModelConfig;
}

const HOME: Model = {
  ...{ ref: "barnacle/home", provider: "barnacle", id: "home", name: "Household sentences" },
  ...{ reasoning: false, images: false, tools: true },
};

/** The models of the configuration, the default first. The household's sentences are always among them. */
export class Models {
  readonly #list: readonly Model[];

  constructor(config: Pick<AgentConfig, "model" | "models" | "command">) {
    const endpoints = [...(config.model ? [config.model] : []), ...config.models].map(fromConfig);
    const program: Model[] = config.command
      ? [
          {
            ...{ ref: `program/${config.command.name}`, provider: "program", id: config.command.name },
            ...{ name: config.command.name, reasoning: false, images: false, tools: false },
          },
        ]
      : [];
    this.#list = [...endpoints, ...program, HOME];
  }

  list(): readonly Model[] {
    return this.#list;
  }

  get default(): Model {
    return this.#list[0] as Model;
  }

  /** By `provider/id`, or by the id alone where that is enough. */
  find(wanted: string): Model | undefined {
    const name = wanted.trim().toLowerCase();
    return (
      this.#list.find((model) => model.ref.toLowerCase() === name) ??
      this.#list.find((model) => model.id.toLowerCase() === name)
    );
  }

  /** The one that answers; a name that is not there any more counts as none. */
  choose(wanted: string | undefined): Model {
    return (wanted === undefined ? undefined : this.find(wanted)) ?? this.default;
  }
}

function fromConfig(endpoint: ModelConfig): Model {
  const { provider, model, name, contextTokens, reasoning, images, tools } = endpoint;
  return {
    ...{ ref: `${provider}/${model}`, provider, id: model, name: name ?? model },
    ...{ contextTokens, reasoning, images, tools, endpoint },
  };
}
