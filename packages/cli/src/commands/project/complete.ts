import { dirname } from "node:path";
import type { Field, Stream } from "@weir/protocol";
import { fieldsOf, streamKey, WeirError } from "@weir/protocol";
import type { CommandContext } from "../../command.ts";
import { configureDestination, configureSource } from "../../project/configure.ts";
import { parseStreamKey } from "../../project/connection.ts";
import type { DeclaredStream } from "../../project/declared.ts";
import { readEnvironment } from "../../project/read.ts";
import { usageError } from "../../project/usage.ts";
import { blank, rehearse } from "../../sync/rehearse.ts";
import type { PreparedSync } from "../../sync/run.ts";
import type { Draft } from "./draft.ts";
import { surroundingsOf } from "../../project/surroundings.ts";

/** What a stream is asked for that its source does not define. */
export type Lacking = "cursor" | "primaryKey";

/** The answer for one stream: a cursor or key, or another mode. */
export type Choose = (stream: Stream, lacking: Lacking) => Promise<Pick<DeclaredStream, Lacking | "mode">>;

export interface Completed {
  readonly draft: Draft;
  /** Why the source could not be asked. */
  readonly unseen?: string;
}

const LACKING: Readonly<Record<string, Lacking>> = {
  "config.cursor_missing": "cursor",
  "config.key_missing": "primaryKey",
};
const WORDS = { cursor: "a cursor", primaryKey: "a primary key" } as const;
/** Streams named in one message. */
const MOST_NAMED = 8;

/**
 * Looks at the source where the mode wanted needs cursors or keys, and finds those that neither the source nor the draft
 * gives: asks for them, or fails with all of them. A source that cannot be asked yet is none of init's business.
 */
export async function complete(
  context: CommandContext,
  draft: Draft,
  path: string,
  choose?: Choose,
): Promise<Completed> {
  const { mode, cursor, primaryKey } = draft;
  const needs = mode !== undefined && (mode.startsWith("incremental") || mode.endsWith("deduped"));
  if (!needs && cursor === undefined && primaryKey === undefined) return { draft };
  let seen: Seen;
  try {
    seen = await look(context, draft, dirname(path));
  } catch (error) {
    context.io.signal.throwIfAborted();
    if (!(error instanceof WeirError)) throw error;
    return { draft, unseen: context.secrets.maskForeign(error.failure.message) };
  }
  return choose === undefined
    ? { draft: await proven(context, draft, seen) }
    : { draft: await asked(context, draft, seen, choose) };
}

interface Seen {
  readonly prepared: PreparedSync;
  readonly streams: readonly Stream[];
}

async function look(context: CommandContext, draft: Draft, folder: string): Promise<Seen> {
  const { io, log } = context;
  const around = surroundingsOf(context, { env: await readEnvironment(context, folder), folder });
  const source = await configureSource(draft.source, around);
  const catalog = await source.connector.discover(source.config, { clock: io.clock, log, signal: io.signal });
  const unset = new Proxy(around.env, { get: (env, name) => Reflect.get(env, name) ?? "" });
  const destination = await configureDestination(draft.destination, { ...around, env: unset });
  return {
    streams: catalog.streams,
    prepared: {
      connection: connectionOf(draft),
      source: { ...source, connector: { ...source.connector, discover: async () => catalog } },
      destination: { ...destination, connector: blank(destination.connector) },
      folder,
    },
  };
}

function connectionOf(draft: Draft): PreparedSync["connection"] {
  const { connection: name, source, destination, streams, mode, cursor, primaryKey } = draft;
  return {
    name,
    source,
    destination,
    settings: {
      ...(streams === undefined ? {} : { streams }),
      ...(mode === undefined ? {} : { mode }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(primaryKey === undefined ? {} : { primaryKey }),
    },
  };
}

/** The streams that lack something, each with the first thing it lacks. Throws what else is wrong. */
async function lacking(
  context: CommandContext,
  draft: Draft,
  { prepared, streams }: Seen,
): Promise<readonly Lack[]> {
  const { failures } = await rehearse(context, { ...prepared, connection: connectionOf(draft) });
  // A source in trouble is said by "weir check", which can be run again.
  return failures
    .filter(({ origin }) => origin === "config" || origin === "destination")
    .map((failure) => {
      const what = LACKING[failure.code];
      const stream = streams.find((each) => streamKey(each) === failure.stream);
      if (what === undefined || stream === undefined) throw new WeirError(failure);
      return { stream, what };
    });
}

interface Lack {
  readonly stream: Stream;
  readonly what: Lacking;
}

async function asked(context: CommandContext, draft: Draft, seen: Seen, choose: Choose): Promise<Draft> {
  let current = draft;
  for (;;) {
    const lacks = await lacking(context, current, seen);
    if (lacks.length === 0) return current;
    for (const { stream, what } of lacks) {
      current = withAnswer(current, stream, seen.streams, await choose(stream, what));
    }
  }
}

/** The draft, or a failure with every stream that lacks something. */
async function proven(context: CommandContext, draft: Draft, seen: Seen): Promise<Draft> {
  const lacks = await lacking(context, draft, seen);
  const [first] = lacks;
  if (first === undefined) return draft;
  const named = lacks
    .slice(0, MOST_NAMED)
    .map(({ stream, what }) => `${streamKey(stream)} (${WORDS[what]})`)
    .join(", ");
  const more = lacks.length > MOST_NAMED ? " and others" : "";
  const options = [...new Set(lacks.map(({ what }) => FLAGS[what]))].join(" and ");
  const names = candidates(first.stream, first.what).map(({ name }) => name);
  throw usageError(
    `${draft.mode ?? "The mode"} needs what the source does not define, for ${named}${more}.`,
    `Add ${options} (${streamKey(first.stream)} has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}), name fewer --streams, or choose another --mode. On a terminal, "weir init" asks for each stream.`,
    `config.${first.what === "cursor" ? "cursor" : "key"}_missing`,
  );
}

const FLAGS = { cursor: "--cursor <field>", primaryKey: "--primary-key <fields>" } as const;

/** All streams stay named, and this one gets settings of its own. */
function withAnswer(
  draft: Draft,
  stream: Stream,
  all: readonly Stream[],
  answer: Awaited<ReturnType<Choose>>,
): Draft {
  const { streams } = draft;
  const before: readonly (string | DeclaredStream)[] =
    streams === undefined || streams === "all" ? all.map(streamKey) : streams;
  return {
    ...draft,
    streams: before.map((each) => {
      const own: DeclaredStream = typeof each === "string" ? parseStreamKey(each) : each;
      const same =
        own.name === stream.name && (own.namespace === undefined || own.namespace === stream.namespace);
      return same ? { ...own, ...answer } : each;
    }),
  };
}

/** The fields to choose from, the likeliest first: times for a cursor, whole numbers and texts for a key. */
export function candidates(stream: Stream, what: Lacking): readonly Field[] {
  const first = (field: Field): number => {
    if (what === "cursor") return /timestamp|date/.test(field.kind) ? 0 : field.kind === "integer" ? 1 : 2;
    return field.kind === "integer" ? 0 : field.kind === "string" ? 1 : 2;
  };
  return fieldsOf(stream.json_schema).toSorted((a, b) => first(a) - first(b));
}
