import type { Command, Context, Message, Runner } from "@weir/protocol";
import { serializeMessage } from "@weir/protocol";
import type { ChildProcessOptions } from "./commands.ts";
import { Commands } from "./commands.ts";
import type { Conversation } from "./conversation.ts";
import { childDestination, isDestination } from "./destination.ts";
import { wrongKind } from "./failures.ts";
import type { RowsOf } from "./record-lines.ts";
import { childSource } from "./source.ts";

/** Runs an executable that speaks the Airbyte protocol on stdin and stdout. */
export function childProcess(options: ChildProcessOptions & { readonly rowsOf: RowsOf }): Runner {
  const { id } = options;
  const commands = new Commands(options);
  return {
    kind: "child process",
    id,
    groups: () => commands.groups,
    run: (command, context) => run(commands, command, context),
    source: async (context) => {
      const spec = await commands.spec("source", context);
      if (isDestination(spec)) throw wrongKind({ id, side: "source" });
      return childSource(commands, spec);
    },
    destination: async (context) => {
      const spec = await commands.spec("destination", context);
      if (!isDestination(spec)) throw wrongKind({ id, side: "destination" });
      return childDestination(commands, spec, options.rowsOf);
    },
  };
}

async function* run(commands: Commands, command: Command, context: Context): AsyncGenerator<Message> {
  const side = command.name === "write" ? "destination" : "source";
  const conversation = await commands.start(command, context, side);
  const fed = command.name === "write" ? feed(conversation, command.messages) : undefined;
  fed?.catch(() => undefined);
  try {
    for await (const messages of conversation.messages()) yield* messages;
    await fed;
  } finally {
    await conversation.close();
  }
}

/** Reading goes on meanwhile: an executable that prints before it reads on holds nobody up. */
async function feed(conversation: Conversation, messages: AsyncIterable<Message>): Promise<void> {
  try {
    for await (const message of messages) await conversation.write(`${serializeMessage(message)}\n`);
    conversation.endInput();
  } catch (error) {
    await conversation.close();
    throw error;
  }
}
