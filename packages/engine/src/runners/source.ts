import type {
  Catalog,
  ConnectorSpecification,
  Context,
  JsonObject,
  Message,
  MessageSession,
  OpenSource,
  SourceConnector,
} from "@weir/protocol";
import { streamKey } from "@weir/protocol";
import { check } from "./check.ts";
import type { Commands } from "./commands.ts";
import type { Conversation } from "./conversation.ts";
import { protocolBroken } from "./failures.ts";

/** A source over the commands of an executable. */
export function childSource(commands: Commands, spec: ConnectorSpecification): SourceConnector {
  return {
    kind: "source",
    id: commands.id,
    title: commands.id,
    spec,
    check: (config, context) => check(commands, "source", config, context),
    discover: (config, context) => discover(commands, config, context),
    open: async (request) => new ChildSession(commands, request),
  };
}

async function discover(commands: Commands, config: JsonObject, context: Context): Promise<Catalog> {
  const { answer, failure } = await commands.ask({ name: "discover", config }, context, "source", (message) =>
    message.type === "CATALOG" ? message.catalog : undefined,
  );
  if (failure !== undefined) throw failure;
  const speaker = { id: commands.id, side: "source" } as const;
  if (answer === undefined) throw protocolBroken(speaker, "ended discover without a CATALOG message");
  const keys = answer.streams.map(streamKey);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw protocolBroken(speaker, `shows the stream ${twice} twice`);
  return answer;
}

/** One read: the executable starts when its messages are asked for. */
class ChildSession implements MessageSession {
  readonly kind = "messages";
  readonly #commands: Commands;
  readonly #request: OpenSource;
  #conversation: Conversation | undefined;

  constructor(commands: Commands, request: OpenSource) {
    this.#commands = commands;
    this.#request = request;
  }

  async *messages(signal: AbortSignal): AsyncGenerator<Message> {
    for await (const messages of this.batches(signal)) yield* messages;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly Message[]> {
    const { config, catalog, state, context } = this.#request;
    const around = { ...context, signal: AbortSignal.any([context.signal, signal]) };
    const command = { name: "read", config, catalog, state } as const;
    this.#conversation = await this.#commands.start(command, around, "source");
    yield* this.#conversation.messages();
  }

  async close(): Promise<void> {
    // What it says when it is ended tells nothing new; a rotation that could not be kept has failed the sync already.
    await this.#conversation?.close().catch(() => undefined);
  }
}
