import type { Command, ConnectorSpecification, Context, JsonObject, Message } from "@weir/protocol";
import { failureOf, secretsOf, Strike, WeirError } from "@weir/protocol";
import { logLevelOf } from "../reported.ts";
import { Conversation } from "./conversation.ts";
import type { Side } from "./failures.ts";
import { protocolBroken } from "./failures.ts";
import type { RunnerLimits } from "./limits.ts";
import { RUNNER_LIMITS } from "./limits.ts";

export interface ChildProcessOptions {
  /** What results and logs call it; never holds a secret. */
  readonly id: string;
  /** The executable and its first arguments; `spec`, `read --config …` and so on are added. */
  readonly argv: readonly string[];
  /** Its whole environment: see `environmentFor`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Beside those of its configuration: what is struck from everything it says. */
  readonly secrets?: readonly string[] | undefined;
  /** Where it runs; relative paths in `argv` begin here. */
  readonly folder: string;
  readonly limits?: Partial<RunnerLimits> | undefined;
}

export interface Answer<T> {
  readonly answer: T | undefined;
  /** Why the command did not end well. */
  readonly failure: WeirError | undefined;
}

/** Starts commands of one executable, and knows its spec once it was asked. */
export class Commands {
  readonly #options: ChildProcessOptions;
  readonly #limits: RunnerLimits;
  readonly #started = new Set<Conversation>();
  #spec: Promise<ConnectorSpecification> | undefined;

  constructor(options: ChildProcessOptions) {
    this.#options = options;
    this.#limits = { ...RUNNER_LIMITS, ...options.limits };
  }

  get id(): string {
    return this.#options.id;
  }

  /** Process groups of the commands that run now. */
  get groups(): readonly number[] {
    return [...this.#started].flatMap(({ group }) => group ?? []);
  }

  /** Asked once; a failure is forgotten, so that the next one asks again. */
  spec(side: Side, context: Context): Promise<ConnectorSpecification> {
    this.#spec ??= this.#askSpec(side, context).catch((error: unknown) => {
      this.#spec = undefined;
      throw error;
    });
    return this.#spec;
  }

  /**
   * Starts the command; secrets of its configuration, and of those it rotates, are struck from what it logs. `heard` is
   * told whenever it says anything at all.
   */
  async start(command: Command, context: Context, side: Side, heard?: () => void): Promise<Conversation> {
    const { id, argv, env, folder, secrets = [] } = this.#options;
    const limits = this.#limits;
    const strike = new Strike();
    for (const secret of secrets) strike.add(secret);
    const learn = (config: JsonObject): void => {
      for (const secret of secretsOf(schema, config)) strike.add(secret);
    };
    const schema = command.name === "spec" ? {} : (await this.spec(side, context)).connectionSpecification;
    if (command.name !== "spec") learn(command.config);
    for (const earlier of this.#started) if (earlier.group === undefined) this.#started.delete(earlier);
    const conversation = await Conversation.start({
      speaker: { id, side },
      argv,
      env,
      cwd: folder,
      command,
      limits,
      deadline: deadlineOf(command, limits),
      strike,
      context,
      heard,
      rotate: async (config) => {
        learn(config);
        await keep(config, id, context);
      },
    });
    this.#started.add(conversation);
    return conversation;
  }

  /** The first message of a command that the caller wants; what it logs goes to the log. Throws only when aborted. */
  async ask<T>(
    command: Command,
    context: Context,
    side: Side,
    wanted: (message: Message) => T | undefined,
  ): Promise<Answer<T>> {
    let answer: T | undefined;
    try {
      const conversation = await this.start(command, context, side);
      for await (const messages of conversation.messages()) {
        for (const message of messages) {
          answer ??= wanted(message);
          if (message.type === "LOG") context.log(logLevelOf(message.log.level), message.log.message);
        }
      }
    } catch (error) {
      context.signal.throwIfAborted();
      return { answer, failure: new WeirError(failureOf(error, side), { cause: error }) };
    }
    return { answer, failure: undefined };
  }

  async #askSpec(side: Side, context: Context): Promise<ConnectorSpecification> {
    const { answer, failure } = await this.ask({ name: "spec" }, context, side, (message) =>
      message.type === "SPEC" ? message.spec : undefined,
    );
    if (failure !== undefined) throw failure;
    if (answer === undefined)
      throw protocolBroken({ id: this.id, side }, "ended spec without a SPEC message");
    return answer;
  }
}

function deadlineOf({ name }: Command, limits: RunnerLimits): number | undefined {
  if (name === "spec") return limits.specMs;
  return name === "check" || name === "discover" ? limits.answerMs : undefined;
}

async function keep(config: JsonObject, id: string, { rotate, log }: Context): Promise<void> {
  if (rotate === undefined) log("warn", `${id} replaced values of its configuration, and nobody keeps them.`);
  else await rotate(config);
}
