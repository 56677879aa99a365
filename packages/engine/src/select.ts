import type { Catalog, Failure, Field, Stream, WriteMode } from "@weir/protocol";
import { fieldsOf, streamKey, WeirError } from "@weir/protocol";
import type { StreamShape } from "./document.ts";
import type { Connection, StreamSelection, SyncMode } from "./request.ts";

/** A stream of the catalog with the choices that hold for it. */
export interface SelectedStream {
  readonly key: string;
  readonly stream: Stream;
  readonly mode: SyncMode;
  /** All fields of the source, before selection. */
  readonly discovered: StreamShape;
  readonly primaryKey: readonly string[];
  readonly cursor?: string | undefined;
  /** Names to move; undefined: all. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Why it cannot be moved as it was chosen. */
  readonly refusal?: Failure | undefined;
}

const ALL_MODES: readonly WriteMode[] = ["append", "overwrite", "append_dedup", "overwrite_dedup"];

/**
 * Resolves the connection's selections against what the source offers. Streams that are not there are named at once; one
 * that cannot be moved as it was chosen says so itself.
 */
export function selectStreams(
  connection: Connection,
  catalog: Catalog,
  modes: readonly WriteMode[] = ALL_MODES,
): readonly SelectedStream[] {
  if (connection.streams === "all")
    return catalog.streams.map((stream) => select(stream, { name: stream.name }, modes));
  const problems: string[] = [];
  const selected: SelectedStream[] = [];
  for (const selection of connection.streams) {
    const stream = findStream(catalog, selection, problems);
    if (stream !== undefined) selected.push(select(stream, selection, modes));
  }
  if (problems.length > 0) {
    throw new WeirError({
      code: "config.stream_unknown",
      message: problems.join(" "),
      next:
        catalog.streams.length === 0
          ? "The source shows no streams at all: look at its configuration and at what its user may read."
          : `Choose from the source's streams (${nameSome(catalog.streams.map(streamKey))}); "weir discover" lists them all.`,
      recovery: "ask",
      origin: "config",
      path: "streams",
    });
  }
  return selected;
}

function findStream(catalog: Catalog, selection: StreamSelection, problems: string[]): Stream | undefined {
  const named = catalog.streams.filter((stream) => stream.name === selection.name);
  const matching =
    selection.namespace === undefined
      ? named
      : named.filter((stream) => stream.namespace === selection.namespace);
  if (matching.length === 1) return matching[0];
  if (matching.length > 1) problems.push(`Stream ${selection.name} exists in several namespaces: name one.`);
  else problems.push(`The source has no stream ${streamKey(selection)}.`);
  return undefined;
}

function nameSome(names: readonly string[]): string {
  return names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")}, … ${names.length} in all`;
}

function select(stream: Stream, selection: StreamSelection, modes: readonly WriteMode[]): SelectedStream {
  const key = streamKey(stream);
  const fields = fieldsOf(stream.json_schema);
  const primaryKey = topLevel(stream.source_defined_primary_key);
  const keyFields =
    primaryKey.length > 0 && selection.primaryKey === undefined ? primaryKey : (selection.primaryKey ?? []);
  const cursor = cursorOf(stream, selection);
  const mode = selection.mode ?? defaultMode(stream, keyFields, cursor, modes);
  const selected: SelectedStream = {
    key,
    stream,
    mode,
    discovered: { fields, primaryKey, cursor },
    primaryKey: keyFields,
    cursor,
    only: selection.fields === undefined ? undefined : new Set(selection.fields),
  };
  return { ...selected, refusal: refusalOf(selected, selection) };
}

function cursorOf(stream: Stream, selection: StreamSelection): string | undefined {
  const own = stream.default_cursor_field?.length === 1 ? stream.default_cursor_field[0] : undefined;
  if (stream.source_defined_cursor === true) return own;
  return selection.cursor ?? own;
}

/** The best the source can give and the destination can keep. */
function defaultMode(
  stream: Stream,
  key: readonly string[],
  cursor: string | undefined,
  modes: readonly WriteMode[],
): SyncMode {
  const incremental = stream.supported_sync_modes.includes("incremental");
  const hasCursor = cursor !== undefined || stream.source_defined_cursor === true;
  if (incremental && hasCursor && key.length > 0 && modes.includes("append_dedup"))
    return "incremental_append_deduped";
  return modes.includes("overwrite") ? "full_refresh_overwrite" : "full_refresh_append";
}

function refusalOf(selected: SelectedStream, selection: StreamSelection): Failure | undefined {
  const { stream, mode, key, primaryKey, cursor } = selected;
  const names = new Set(selected.discovered.fields.map((field) => field.name));
  const missing = [
    ...primaryKey,
    ...(cursor === undefined ? [] : [cursor]),
    ...(selection.fields ?? []),
  ].filter((name) => !names.has(name));
  if (missing.length > 0) {
    return ask(
      key,
      "config.field_unknown",
      `Stream ${key} has no field ${missing.join(", ")}.`,
      `Its fields are ${nameSome([...names])}.`,
    );
  }
  if (isDedup(mode) && primaryKey.length === 0) {
    return ask(
      key,
      "config.key_missing",
      `Stream ${key} has no primary key, which ${mode} needs.`,
      "Set primaryKey for the stream, or choose a mode without dedup.",
    );
  }
  if (!isIncremental(mode)) return undefined;
  if (!stream.supported_sync_modes.includes("incremental")) {
    return ask(
      key,
      "config.mode_unsupported",
      `The source cannot read stream ${key} incrementally.`,
      "Choose a full refresh mode.",
    );
  }
  if (cursor === undefined && stream.source_defined_cursor !== true) {
    return ask(
      key,
      "config.cursor_missing",
      `Stream ${key} needs a cursor field for ${mode}.`,
      "Set cursor to a field that grows with every change.",
    );
  }
  return undefined;
}

function ask(stream: string, code: string, message: string, next: string): Failure {
  return { code, message, next, recovery: "ask", origin: "config", path: `streams.${stream}`, stream };
}

/** A key with a nested part is not known to the destination: half of it would merge rows that differ. */
function topLevel(paths: readonly (readonly string[])[] | undefined): readonly string[] {
  if (paths === undefined || paths.some((path) => path.length !== 1)) return [];
  return paths.flat();
}

export function isDedup(mode: SyncMode): boolean {
  return mode === "incremental_append_deduped" || mode === "full_refresh_overwrite_deduped";
}

export function isIncremental(mode: SyncMode): boolean {
  return mode === "incremental_append" || mode === "incremental_append_deduped";
}

/** The fields to move: selected ones, and always cursor and key. */
export function selectedFields(selected: SelectedStream, fields: readonly Field[]): readonly Field[] {
  const { only, primaryKey, cursor } = selected;
  if (only === undefined) return fields;
  return fields.filter(
    (field) => only.has(field.name) || primaryKey.includes(field.name) || field.name === cursor,
  );
}
