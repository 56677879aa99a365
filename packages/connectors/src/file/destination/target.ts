import type { Encoding, LoadRequest, LoadResult, Measure, MeasureRequest, StreamPlan } from "@weir/protocol";
import type { StreamColumn, TableSchema } from "./schema-file.ts";

/** Where a stream's rows go, as `begin` made it. */
export interface Target {
  readonly plan: StreamPlan;
  /** One for each field, in the plan's order. */
  readonly columns: readonly StreamColumn[];
  readonly schema: TableSchema;
  /** Folder of the table, relative to the root. */
  readonly folder: string;
  /** Where rows wait until the stream is finished, relative to the root; null: they become visible by their commit. */
  readonly staged: string | null;
  /** Places in `columns` of those that files are divided by. */
  readonly partition: readonly number[];
}

/** A file of a transaction, whole and durable, not yet where it belongs. */
export interface WrittenFile {
  readonly target: Target;
  /** Full path. */
  readonly path: string;
  /** `country=DE`, or empty. */
  readonly partition: string;
  /** What it will be called. */
  readonly name: string;
}

/** Writes the files of one transaction below a folder of its own. */
export interface FilesWriter {
  load(target: Target, request: LoadRequest): Promise<LoadResult>;
  /** Ends all files; they are durable then. */
  end(): Promise<readonly WrittenFile[]>;
  /** Never throws. What lies in the folder is removed by the caller. */
  discard(): Promise<void>;
}

/** A file to be written again without some of its rows, under the same name. */
export interface Rewritten {
  /** As it was given. */
  readonly path: string;
  /** Full path of the new file, whole and durable. */
  readonly written: string;
}

export interface OverlapRequest {
  readonly target: Target;
  /** Full paths of the files of this load. */
  readonly files: readonly string[];
  /** Where new files go; it is empty. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What differs between formats. */
export interface FormatWriter {
  readonly parallel: number;
  /** Called before `takes`. */
  prepare(): Promise<void>;
  takes(target: Target): readonly Encoding[];
  writer(folder: string, signal: AbortSignal): Promise<FilesWriter>;
  /** Of rows with one key only the newest stays. Returns the files that lose rows. */
  keepNewest(request: OverlapRequest): Promise<readonly Rewritten[]>;
  measure(
    plan: StreamPlan,
    schema: TableSchema,
    files: readonly string[],
    request: MeasureRequest,
  ): Promise<Measure>;
  /** Never throws. */
  close(): Promise<void>;
}
