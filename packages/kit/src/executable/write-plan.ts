import { createHash } from "node:crypto";
import type {
  ConfiguredCatalog,
  ConfiguredStream,
  FencingToken,
  JsonObject,
  StoredCheckpoint,
  StreamDescriptor,
  StreamPlan,
  WriteMode,
} from "@weir/protocol";
import { fieldsOf, isObject, streamKey, WeirError } from "@weir/protocol";
import { descriptorOf } from "./messages.ts";

const VERSION = 1;

/** What the destination keeps for a stream that `write` loads. */
interface LoadDocument {
  readonly generation: number;
  readonly minimumGeneration: number;
  readonly mode: WriteMode;
  /** `loading`: rows may be staged that the next run must go on from. */
  readonly phase: "loading" | "complete";
}

/** One stream of a `write`, as the configured catalog and what the destination holds make it. */
export interface WriteStream {
  readonly descriptor: StreamDescriptor;
  readonly plan: StreamPlan;
  /** The platform's number of this sync, for `_airbyte_meta`. */
  readonly sync: number | undefined;
  /**
   * Set where older generations go although rows are not staged: begun and finished when the stream is complete. Until
   * then nothing is to be replaced, so that a refresh which its user gives up leaves the rows whose states are echoed.
   */
  readonly ending?: StreamPlan | undefined;
  /** Set where rows are staged that the new plan does not reach: they are merged first. */
  readonly leftover?: StreamPlan | undefined;
  /** The platform knows no generations: it sends no COMPLETE either, and the end of the input completes the stream. */
  readonly completesAtEnd: boolean;
}

/**
 * The connection of a `write`: checkpoints and fence are kept under it. The protocol names none, so it is made of the
 * streams: the same streams into the same destination are the same connection, and a second writer for them takes over.
 */
export function connectionOf({ streams }: ConfiguredCatalog): string {
  const keys = streams.map(({ stream }) => streamKey(stream)).toSorted();
  return `executable-${createHash("sha256").update(keys.join("\n")).digest("hex").slice(0, 24)}`;
}

/**
 * A token above the one held. The protocol counts syncs but not attempts; where it gives no number the held one stays.
 * The attempt grows by a random step, so that of two writers who start at once only one goes on.
 */
export function nextToken(
  held: FencingToken | null,
  { streams }: ConfiguredCatalog,
  random: () => number,
): FencingToken {
  const sync = Math.max(held?.sync ?? 1, ...streams.map(({ sync_id }) => sync_id ?? 1));
  const before = held !== null && held.sync === sync ? held.attempt : 0;
  return { sync, attempt: before + 1 + Math.floor(random() * 1000) };
}

/**
 * The plan of one stream, by Airbyte's rules: a minimum equal to the generation removes older ones when the stream is
 * complete, 0 keeps all, and what lies between is refused. Rows staged by a run that did not complete are gone on from
 * within their generation, and merged where a replacement was given up.
 */
export function planStream(configured: ConfiguredStream, held: JsonObject | undefined): WriteStream {
  const { stream, generation_id, minimum_generation_id: minimum = 0 } = configured;
  const key = streamKey(stream);
  const before = held === undefined ? undefined : documentOf(held, key);
  const fields = fieldsOf(stream.json_schema);
  const isDedup = configured.destination_sync_mode === "append_dedup";
  const primaryKey = keyOf(configured, key);
  const generation = generation_id ?? nextGeneration(configured, before);
  const replaces =
    generation_id === undefined
      ? configured.destination_sync_mode === "overwrite"
      : minimum > 0 && !(before?.phase === "complete" && before.generation === generation);
  if (generation_id !== undefined && minimum !== 0 && minimum !== generation) throw hybrid(key);
  const mode = modeOf(configured, replaces);
  const whole: StreamPlan = {
    key,
    table: descriptorOf(stream),
    fields,
    primaryKey: isDedup ? requireKey(primaryKey, key) : primaryKey,
    cursor: cursorOf(configured, key),
    mode,
    generation,
    minimumGeneration: replaces ? generation : 0,
    fresh: isFresh(mode, { before, generation, isNumbered: generation_id !== undefined }),
    nativeTypes: false,
  };
  const isInPlace = mode === "append" && replaces;
  const plan = isInPlace ? { ...whole, minimumGeneration: 0 } : whole;
  if (before?.phase === "loading" && before.mode === "append_dedup" && mode === "append") {
    throw stagedOtherwise(key);
  }
  return {
    descriptor: descriptorOf(stream),
    plan,
    ending: isInPlace ? { ...whole, fresh: false } : undefined,
    leftover: leftoverOf(plan, before),
    sync: configured.sync_id,
    completesAtEnd: generation_id === undefined,
  };
}

/**
 * Rows of a replacement with dedup that was given up: their states were echoed, so they must not go. They are merged under
 * their own generation.
 */
function leftoverOf(plan: StreamPlan, before: LoadDocument | undefined): StreamPlan | undefined {
  if (before?.phase !== "loading" || plan.mode !== "append_dedup" || !plan.fresh) return undefined;
  if (!before.mode.endsWith("_dedup")) return undefined;
  return { ...plan, generation: before.generation, fresh: false };
}

export function checkpointOf(
  { plan }: Pick<WriteStream, "plan">,
  phase: LoadDocument["phase"],
): StoredCheckpoint {
  const { key, generation, minimumGeneration, mode } = plan;
  return { stream: key, document: { version: VERSION, generation, minimumGeneration, mode, phase } };
}

function documentOf(held: JsonObject, key: string): LoadDocument {
  const { version, generation, minimumGeneration, mode, phase } = held;
  if (version !== VERSION || typeof generation !== "number") throw unknownVersion(key);
  return {
    generation,
    minimumGeneration: typeof minimumGeneration === "number" ? minimumGeneration : 0,
    mode: mode as WriteMode,
    phase: phase === "complete" ? "complete" : "loading",
  };
}

/** Where the platform counts no generations, every overwrite is one. */
function nextGeneration(configured: ConfiguredStream, before: LoadDocument | undefined): number {
  const last = before?.generation ?? 0;
  return configured.destination_sync_mode === "overwrite" ? last + 1 : last;
}

function modeOf(configured: ConfiguredStream, replaces: boolean): WriteMode {
  switch (configured.destination_sync_mode) {
    case "append_dedup":
      return replaces ? "overwrite_dedup" : "append_dedup";
    case "overwrite":
      return replaces ? "overwrite" : "append";
    case "append":
      return "append";
    default:
      throw modeUnknown(configured);
  }
}

function isFresh(
  mode: WriteMode,
  load: {
    readonly before: LoadDocument | undefined;
    readonly generation: number;
    readonly isNumbered: boolean;
  },
): boolean {
  const { before, generation, isNumbered } = load;
  if (before?.phase !== "loading") return true;
  switch (mode) {
    case "append":
      return false;
    case "append_dedup":
      return before.mode !== mode || before.generation !== generation;
    default:
      return !isNumbered || before.generation !== generation || before.mode !== mode;
  }
}

/** Keys and cursors are paths in the protocol; those that lead into an object cannot be columns. */
function keyOf(configured: ConfiguredStream, key: string): readonly string[] {
  const given = configured.primary_key ?? [];
  const paths = given.length > 0 ? given : (configured.stream.source_defined_primary_key ?? []);
  return paths.map((path) => only(path, key, "primary key"));
}

function cursorOf(configured: ConfiguredStream, key: string): string | undefined {
  const given = configured.cursor_field ?? [];
  const path = given.length > 0 ? given : (configured.stream.default_cursor_field ?? []);
  if (path.length === 0) return undefined;
  const name = only(path, key, "cursor");
  const properties = configured.stream.json_schema["properties"];
  return isObject(properties) && Object.hasOwn(properties, name) ? name : undefined;
}

function only(path: readonly string[], stream: string, what: string): string {
  const [name] = path;
  if (name !== undefined && path.length === 1) return name;
  throw refused("config.path_nested", stream, {
    message: `The ${what} of stream ${stream} lies inside an object: ${path.join(".")}.`,
    next: `Choose a top-level field as ${what}.`,
  });
}

function requireKey(primaryKey: readonly string[], stream: string): readonly string[] {
  if (primaryKey.length > 0) return primaryKey;
  throw refused("config.key_missing", stream, {
    message: `Stream ${stream} is to keep one row for each key, but has no primary key.`,
    next: "Set a primary key, or choose a mode without dedup.",
  });
}

function hybrid(stream: string): WeirError {
  return refused("config.generations_hybrid", stream, {
    message: `Stream ${stream}: a minimum generation other than 0 and the current one is not supported.`,
    next: "Set minimum_generation_id to 0 or to generation_id.",
  });
}

function modeUnknown({ stream, destination_sync_mode }: ConfiguredStream): WeirError {
  return refused("config.mode_unsupported", streamKey(stream), {
    message: `The sync mode ${destination_sync_mode} is not supported.`,
    next: "Choose append, overwrite or append_dedup.",
  });
}

function stagedOtherwise(stream: string): WeirError {
  return refused("config.staged_rows", stream, {
    message: `Rows of stream ${stream} are staged by an interrupted load in mode append_dedup; mode append cannot show them.`,
    next: "Complete the load in mode append_dedup first, or refresh the stream.",
  });
}

function unknownVersion(stream: string): WeirError {
  return refused("config.checkpoint_unknown", stream, {
    message: `The destination's checkpoint of stream ${stream} was not written by this command.`,
    next: "Give the connection a name of its own.",
  });
}

function refused(
  code: string,
  stream: string,
  said: { readonly message: string; readonly next: string },
): WeirError {
  return new WeirError({ code, ...said, recovery: "ask", origin: "config", stream });
}
