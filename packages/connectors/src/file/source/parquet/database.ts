import { mkdtemp, rm, symlink } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { WeirError } from "@weir/protocol";
import { rawBytes } from "../bytes.ts";
import { fileError } from "../failures.ts";
import type { FoundFile } from "../found.ts";
import { openFound } from "../local.ts";

/** What DuckDB may hold: a row group of common size several times over. */
const MEMORY = "512MB";

export interface ParquetAccess {
  readonly connection: DuckDBConnection;
  /** The file as a text of SQL. */
  readonly path: string;
}

/** Lets DuckDB, without any database of its own, look into one Parquet file that stays the same meanwhile. */
export async function* withParquet<T>(
  file: FoundFile,
  token: string | undefined,
  signal: AbortSignal,
  act: (access: ParquetAccess) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const local = await localPath(file, token, signal);
  const opened = file.place.kind === "local" ? await openFound(file) : undefined;
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: MEMORY,
    threads: "2",
    temp_directory: "",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const stop = (): void => connection.interrupt();
  signal.addEventListener("abort", stop, { once: true });
  try {
    yield* act({ connection, path: `'${local.path.replaceAll("'", "''")}'` });
    await opened?.verify();
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeirError) throw cause;
    // A file that was replaced meanwhile explains everything.
    await opened?.verify();
    const what =
      cause instanceof Error ? (cause.message.split("\n")[0] ?? "").replaceAll(local.path, file.name) : "";
    throw fileError("parquet_unreadable", file.name, { what, cause });
  } finally {
    signal.removeEventListener("abort", stop);
    connection.closeSync();
    instance.closeSync();
    await opened?.close();
    await local.remove();
  }
}

interface LocalPath {
  readonly path: string;
  remove(): Promise<void>;
}

/** Parquet is read from its end: a file on a server is brought here first. A path that DuckDB would take for a pattern gets another name. */
async function localPath(
  file: FoundFile,
  token: string | undefined,
  signal: AbortSignal,
): Promise<LocalPath> {
  const { place } = file;
  if (place.kind === "local" && !/[*?[\]{}]/.test(place.path)) {
    return { path: place.path, remove: async () => undefined };
  }
  const folder = await mkdtemp(join(tmpdir(), "weir-parquet-"));
  const path = join(folder, "file.parquet");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    if (place.kind === "local") await symlink(place.path, path);
    else
      await pipeline(Readable.from(rawBytes(file, { token, signal })), createWriteStream(path), { signal });
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    throw error;
  }
  return { path, remove };
}
