import type { DestinationSubject, SourceSubject } from "@weir/kit/acceptance";
import { DestinationScene, identifiersOf } from "@weir/kit/acceptance";
import { inProcess } from "@weir/kit/executable";
import {
  memoryDestination,
  type MemoryDestination,
  memorySource,
  type MemoryStream,
} from "@weir/kit/testing";
import type { Command, Context, JsonObject, Message, Runner } from "@weir/protocol";

export interface Good<Subject> {
  readonly subject: Subject;
}

export interface GoodDestination extends Good<DestinationSubject> {
  readonly memory: MemoryDestination;
}

/** A destination in memory that passes every row, for others to be broken versions of. */
export async function goodDestination(): Promise<GoodDestination> {
  const made = () => {
    const memory = memoryDestination();
    return { memory, subject: subjectOf(memory) };
  };
  const identifiers = await identifiersOf(new DestinationScene(made().subject, "D27"));
  const good = made();
  return { memory: good.memory, subject: { ...good.subject, identifiers } };
}

function subjectOf(memory: MemoryDestination): DestinationSubject {
  return {
    runner: inProcess(memory.connector),
    config: {},
    invalid: [],
    spec: { ...(memory.connector.spec as JsonObject), supportsRefreshes: true },
    behaviour: {
      modes: ["append", "overwrite", "append_dedup"],
      deletes: "none",
      showsEarly: ["append"],
      largeIntegers: "kept",
      longDecimals: "kept",
      nul: "kept",
    },
    dump: async (table) => {
      const rows = memory.rows(table);
      return memory.columns(table).length === 0 && rows.length === 0 ? undefined : rows;
    },
  };
}

const row = (id: number): { readonly id: number; readonly at: string; readonly note: string | null } => ({
  id,
  at: `2024-05-01T10:00:${String(id % 60).padStart(2, "0")}.000000Z`,
  note: id === 3 ? null : `row ${id}`,
});

const HARD = { 'q"uote': "foo\nbar", "dot.ted": "1" };

/** A source in memory that passes every row. */
export function goodSource(): Good<SourceSubject> {
  const items: MemoryStream = {
    name: "items",
    fields: [
      { name: "id", kind: "integer" },
      { name: "at", kind: "timestamp_with_timezone" },
      { name: "note", kind: "string" },
    ],
    primaryKey: ["id"],
    cursor: "id",
    rows: Array.from({ length: 12 }, (_, id) => row(id)),
  };
  const hard: MemoryStream = {
    name: 'ha"rd',
    fields: Object.keys(HARD).map((name) => ({ name, kind: "string" })),
    rows: [HARD],
  };
  const connector = memorySource({ streams: [items, hard], partRows: 4, batchRows: 2 });
  return {
    subject: {
      runner: inProcess(connector),
      config: { password: "s3cr3t" },
      secrets: ["s3cr3t"],
      invalid: [],
      spec: connector.spec as JsonObject,
      streams: ["items"],
      expected: { items: items.rows },
      change: async () => {
        items.rows = [...items.rows, row(100)];
        return { items: [row(100)] };
      },
      hard: async () => ({ config: {}, rows: { 'ha"rd': [HARD] } }),
    },
  };
}

/** A runner whose messages are changed on their way out, and whose command on its way in. */
export function tampered(
  runner: Runner,
  change: (messages: AsyncIterable<Message>, command: Command, context: Context) => AsyncIterable<Message>,
  ask: (command: Command) => Command = (command) => command,
): Runner {
  return {
    ...runner,
    run: (command, context) => {
      const asked = ask(command);
      return change(runner.run(asked, context), asked, context);
    },
  };
}

/** Each message through a function; none stays out. */
export async function* mapped(
  messages: AsyncIterable<Message>,
  change: (message: Message) => readonly Message[],
): AsyncGenerator<Message> {
  for await (const message of messages) yield* change(message);
}
