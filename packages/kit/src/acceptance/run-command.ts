import type { Command, Context, Message, MessageType, Runner } from "@weir/protocol";
import { systemClock } from "@weir/protocol";
import { expect } from "./expect.ts";

export interface Ran {
  readonly messages: readonly Message[];
  /** What the run failed with; undefined where it ended well. */
  readonly error?: unknown;
}

/** A context of which nobody reads the log. */
export function silentContext(signal: AbortSignal = new AbortController().signal): Context {
  return { clock: systemClock, log: () => undefined, signal };
}

/** A command to its end, good or bad. */
export async function ran(runner: Runner, command: Command, context = silentContext()): Promise<Ran> {
  const messages: Message[] = [];
  try {
    for await (const message of runner.run(command, context)) messages.push(message);
    return { messages };
  } catch (error) {
    return { messages, error };
  }
}

export function wentWell({ error, messages }: Ran, what: string): readonly Message[] {
  expect(error === undefined, `${what} failed: ${error instanceof Error ? error.message : String(error)}`);
  return messages;
}

export function ofType<Type extends MessageType>(
  messages: readonly Message[],
  type: Type,
): readonly Extract<Message, { readonly type: Type }>[] {
  return messages.filter((message) => message.type === type) as unknown as readonly Extract<
    Message,
    { readonly type: Type }
  >[];
}

/** The one message of a type; others than it and logs may not be there. */
export function onlyOne<Type extends MessageType>(
  messages: readonly Message[],
  type: Type,
): Extract<Message, { readonly type: Type }> {
  const rest = messages.filter((message) => message.type !== "LOG");
  const [first] = ofType(messages, type);
  expect(
    first !== undefined && rest.length === 1,
    `one ${type} was expected, there came ${rest.map((message) => message.type).join(", ") || "nothing"}`,
  );
  return first;
}
