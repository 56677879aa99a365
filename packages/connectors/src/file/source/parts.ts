import { createHash } from "node:crypto";
import type { ColumnBatch, Encoding, Part, PartRead } from "@weir/protocol";
import type { HeldFiles } from "./as-it-is/held.ts";
import { fileShape, type FileShape, readAsItIs } from "./as-it-is/read.ts";
import { compressionOf, plainBytes } from "./bytes.ts";
import { readCsv } from "./csv/read.ts";
import type { Format } from "./format.ts";
import { readJsonl } from "./jsonl.ts";
import { nextLine, readAt } from "./local.ts";
import { readParquet } from "./parquet/read.ts";
import { rowGroups } from "./parquet/schema.ts";
import type { Plan, Task } from "./plan.ts";
import type { RowRequest } from "./rows.ts";
import { formatIn, type StreamScene } from "./scene.ts";
import { type FileState, writeState } from "./state.ts";
import { markOf, textOf } from "./text.ts";

/** Some rows of a file that are read together: bytes of a text, or rows of Parquet; absent: all. */
export interface Piece {
  readonly task: Task;
  readonly format: Format;
  readonly range: { readonly from: number; readonly to: number } | undefined;
  /** Whether the file is read to its end with this piece. */
  readonly ends: boolean;
  /** Of a file that may be given as it is. */
  readonly shape?: FileShape | undefined;
}

export interface PartScene extends StreamScene {
  readonly plan: Plan;
  readonly known: ReadonlySet<string>;
  readonly lines: LineNumbers;
  readonly held: HeldFiles;
}

const MEGABYTE = 1024 * 1024;

/** The parts of a stream in order. Small files go together, files that can be cut go apart, unless `whole`. */
export async function* partsOf(
  scene: PartScene,
  whole: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const limit = scene.config.part_megabytes * MEGABYTE;
  let state = scene.plan.done;
  let pieces: Piece[] = [];
  let bytes = 0;
  for (const task of scene.plan.tasks) {
    for await (const found of piecesOf(scene, task, whole() ? Number.POSITIVE_INFINITY : limit, signal)) {
      const piece = whole() ? await shaped(scene, found) : found;
      const size = sizeOf(piece);
      if (pieces.length > 0 && (bytes + size > limit || whole())) {
        yield partOf(scene, pieces, state);
        pieces = [];
        bytes = 0;
      }
      pieces.push(piece);
      bytes += size;
      state = stateAfter(state, piece);
    }
  }
  // A stream without rows has one part, so that its state is committed.
  yield partOf(scene, pieces, state);
}

async function shaped(scene: PartScene, piece: Piece): Promise<Piece> {
  const { format, task, range } = piece;
  if (format === "parquet" || range !== undefined) return piece;
  return { ...piece, shape: await fileShape(scene, task.file, format) };
}

function sizeOf({ task, format, range }: Piece): number {
  if (range === undefined) return task.file.size ?? 0;
  if (format !== "parquet") return range.to - range.from;
  // Rows of Parquet: a group is never put together with another.
  return Number.MAX_SAFE_INTEGER;
}

function stateAfter({ files, begun }: FileState, { task, range, ends }: Piece): FileState {
  const { key } = task.file;
  if (ends) {
    return { files: new Map([...files, [key, task.version]]), begun: begun?.key === key ? undefined : begun };
  }
  return { files, begun: { key, ...task.version, next: range?.to ?? 0 } };
}

async function* piecesOf(
  scene: PartScene,
  task: Task,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const { file } = task;
  const format = await formatIn(scene, file, signal);
  const all: Piece = { task, format, range: undefined, ends: true };
  if (format === "parquet") {
    yield* parquetPieces(scene, task, limit, signal);
    return;
  }
  const size = file.size ?? 0;
  const isCuttable =
    task.from > 0 || (size > limit && format === "jsonl" && (await isPlainUtf8(scene, task)));
  if (!isCuttable) {
    yield all;
    return;
  }
  for (let from = task.from; from < size;) {
    const to = from + limit >= size ? size : await nextLine(file, from + limit, signal);
    yield { task, format, range: { from, to }, ends: to === size };
    from = to;
  }
}

async function* parquetPieces(
  scene: PartScene,
  task: Task,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const groups = await rowGroups(scene, task.file, signal);
  const format = "parquet";
  let from = task.from;
  let at = 0;
  let bytes = 0;
  for (const [index, group] of groups.entries()) {
    at += group.rows;
    const ends = index === groups.length - 1;
    // The last one says that the file is done, were it empty.
    if (at <= task.from && !ends) continue;
    bytes += group.bytes;
    const next = groups[index + 1]?.bytes ?? 0;
    if (!ends && bytes + next <= limit) continue;
    yield { task, format, range: { from, to: at }, ends };
    from = at;
    bytes = 0;
  }
  if (groups.length === 0) yield { task, format, range: { from: 0, to: 0 }, ends: true };
}

/** Local, not compressed, and with a line feed that is one byte. */
async function isPlainUtf8({ stream }: PartScene, { file }: Task): Promise<boolean> {
  if (file.place.kind !== "local") return false;
  const head = await readAt(file, 0, 4);
  if (compressionOf(head) !== "none") return false;
  const encoding = stream.encoding === "auto" ? (markOf(head)?.encoding ?? "utf-8") : stream.encoding;
  return encoding === "utf-8" || encoding === "iso-8859-1";
}

function partOf(scene: PartScene, pieces: readonly Piece[], state: FileState): Part {
  const [first] = pieces;
  const name =
    first === undefined
      ? "empty"
      : `${first.task.file.key} ${first.task.version.stamp} ${first.range?.from ?? 0} ${pieces.length}`;
  return {
    id: createHash("sha256").update(name).digest("hex").slice(0, 16),
    state: writeState(state),
    overlap: false,
    read: (encoding, signal) => {
      if (encoding.format === "batch") return readBatches(scene, pieces, encoding, signal);
      const shape = first?.shape ?? { trouble: "it is not read from its start", names: [] };
      if (first === undefined) return empty();
      const { known, held } = scene;
      return readAsItIs({ file: first.task.file, shape, encoding, known, held }, signal);
    },
  };
}

/** A stream without files to read, in whatever form. */
function empty(): PartRead {
  return { form: "batches", chunks: nothing(), rows: () => 0 };
}

async function* nothing(): AsyncGenerator<ColumnBatch> {}

function readBatches(
  scene: PartScene,
  pieces: readonly Piece[],
  encoding: Encoding,
  signal: AbortSignal,
): PartRead {
  let rows = 0;
  const request: RowRequest = { columns: encoding.columns, known: scene.known, place: scene.stream.place };
  async function* chunks(): AsyncGenerator<ColumnBatch> {
    for (const piece of pieces) {
      for await (const batch of batchesOf(scene, piece, request, signal)) {
        signal.throwIfAborted();
        rows += batch.rows + (batch.rejected?.length ?? 0);
        yield batch;
      }
    }
  }
  return { form: "batches", chunks: chunks(), rows: () => rows };
}

function batchesOf(
  scene: PartScene,
  piece: Piece,
  request: RowRequest,
  signal: AbortSignal,
): AsyncGenerator<ColumnBatch> {
  const { stream, config, lines } = scene;
  const { task, format, range } = piece;
  const { file } = task;
  if (format === "parquet") return readParquet(scene, file, range, request, signal);
  const bytes = plainBytes(file, { token: config.token, signal, range });
  const text = textOf(file.name, bytes, stream.encoding, range !== undefined && range.from > 0);
  return format === "csv"
    ? readCsv(file.name, text, stream.csv, request)
    : readJsonl(file.name, text, request, { firstLine: () => lines.at(task, range?.from ?? 0, signal) });
}

/** Numbers of lines in the middle of files, each counted once. */
export class LineNumbers {
  readonly #known = new Map<string, { readonly at: number; readonly line: number }>();

  /** Number of the line that begins at a byte. */
  async at(task: Task, byte: number, signal: AbortSignal): Promise<number> {
    if (byte === 0) return 1;
    const before = this.#known.get(task.file.key);
    const start = before !== undefined && before.at <= byte ? before : { at: 0, line: 1 };
    let { line } = start;
    if (start.at < byte) {
      const range = { from: start.at, to: byte };
      for await (const chunk of plainBytes(task.file, { token: undefined, signal, range }))
        line += newlines(chunk);
    }
    this.#known.set(task.file.key, { at: byte, line });
    return line;
  }
}

function newlines(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
}
