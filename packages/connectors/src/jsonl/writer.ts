import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type DestinationRow, type HoldingWriter, makeFolder, syncFolder } from "@weir/kit";
import { isObject, type JsonObject, parseJson, type StreamPlan, stringifyJson } from "@weir/protocol";
import { fileName, moveFile, unusable, writeFailed } from "./folder.ts";
import { type Manifest, readManifest, writeManifest } from "./manifest.ts";

/**
 * Appends rows to files and commits by the manifest, which says how many bytes of each count. An overwrite goes to
 * `<file>.next` and takes the file's place at the end.
 */
export class JsonlWriter implements HoldingWriter {
  readonly #folder: string;
  readonly #connection: string;
  /** Bytes of each file, those written since the last commit included. */
  readonly #bytes = new Map<string, number>();
  readonly #files = new Map<string, FileHandle>();

  private constructor(folder: string, connection: string) {
    this.#folder = folder;
    this.#connection = connection;
  }

  /** Ends what a crash left between the two halves of `finish`. */
  static async open(folder: string, connection: string): Promise<JsonlWriter> {
    const manifest = await readManifest(folder, connection);
    const writer = new JsonlWriter(folder, connection);
    if (manifest !== undefined && manifest.replacing.length > 0) await writer.#replace(manifest);
    return writer;
  }

  async held(): Promise<JsonObject | null> {
    return (await readManifest(this.#folder, this.#connection))?.document ?? null;
  }

  async begin(streams: readonly StreamPlan[]): Promise<void> {
    await makeFolder(this.#folder);
    const committed = (await readManifest(this.#folder, this.#connection))?.bytes ?? {};
    for (const [file, bytes] of Object.entries(committed)) this.#bytes.set(file, bytes);
    for (const stream of streams) {
      const file = targetOf(stream);
      for (const name of new Set([file, fileName(stream.table)]))
        await this.#refuseChanged(name, committed[name]);
      const anew = stream.mode === "overwrite" && stream.fresh;
      // Known to the manifest before it is made: a crash may come before its first commit.
      if (anew || !this.#bytes.has(file)) this.#bytes.set(file, 0);
    }
  }

  async write(stream: StreamPlan, rows: readonly DestinationRow[]): Promise<void> {
    const file = targetOf(stream);
    const handle = await this.#open(file);
    const lines = rows.map(({ meta, data }) => `${stringifyJson({ ...meta, ...data })}\n`);
    const at = this.#bytes.get(file) ?? 0;
    const bytes = Buffer.from(lines.join(""));
    await writeAll(handle, bytes, at).catch((error: unknown) => {
      throw writeFailed(join(this.#folder, file), error);
    });
    this.#bytes.set(file, at + bytes.length);
  }

  async commit(document: JsonObject): Promise<void> {
    for (const handle of this.#files.values()) await handle.sync();
    await this.#store(document, []);
  }

  async finish(stream: StreamPlan, document: JsonObject): Promise<void> {
    const file = fileName(stream.table);
    // A stream without rows has a file all the same.
    await (await this.#open(targetOf(stream))).sync();
    const manifest = await this.#finished(stream, file, document);
    if (manifest.replacing.length > 0) await this.#replace(manifest);
  }

  async #finished(stream: StreamPlan, file: string, document: JsonObject): Promise<Manifest> {
    if (stream.mode !== "overwrite") {
      if (stream.minimumGeneration === 0) return this.#store(document, []);
      await this.#keepFrom(stream.minimumGeneration, file);
    }
    for (const name of [file, `${file}.next`]) await this.#close(name);
    this.#bytes.set(file, this.#bytes.get(`${file}.next`) ?? 0);
    this.#bytes.delete(`${file}.next`);
    return this.#store(document, [file]);
  }

  /** Writes the rows of a generation and of later ones to `<file>.next`. */
  async #keepFrom(generation: number, file: string): Promise<void> {
    const from = await this.#open(file);
    const next = `${file}.next`;
    this.#bytes.set(next, 0);
    const to = await this.#open(next);
    let at = 0;
    const lines = createInterface({ input: from.createReadStream({ start: 0, autoClose: false }) });
    for await (const line of lines) {
      const row = parseJson(line);
      if (!isObject(row) || Number(row["_airbyte_generation_id"]) < generation) continue;
      const bytes = Buffer.from(`${line}\n`);
      await writeAll(to, bytes, at);
      at += bytes.length;
    }
    await to.sync();
    this.#bytes.set(next, at);
  }

  async close(): Promise<void> {
    for (const name of this.#files.keys()) await this.#close(name);
  }

  /** Opened at the first row, and cut to what is committed: nothing behind it counts. */
  async #open(file: string): Promise<FileHandle> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const path = join(this.#folder, file);
    const isNew = !(await exists(path));
    const handle = await open(path, isNew ? "w+" : "r+");
    this.#files.set(file, handle);
    if (isNew) await syncFolder(this.#folder);
    const bytes = this.#bytes.get(file) ?? 0;
    await handle.truncate(bytes);
    this.#bytes.set(file, bytes);
    return handle;
  }

  async #close(file: string): Promise<void> {
    await this.#files.get(file)?.close();
    this.#files.delete(file);
  }

  async #store(document: JsonObject, replacing: readonly string[]): Promise<Manifest> {
    const bytes = Object.fromEntries(this.#bytes);
    const manifest = { connection: this.#connection, document, bytes, replacing };
    await writeManifest(this.#folder, manifest);
    return manifest;
  }

  async #replace(manifest: Manifest): Promise<void> {
    for (const file of manifest.replacing) {
      const next = join(this.#folder, `${file}.next`);
      if (await exists(next)) await moveFile(next, join(this.#folder, file));
    }
    await writeManifest(this.#folder, { ...manifest, replacing: [] });
  }

  /** A file we did not write must not be overwritten, one that lost committed rows not be gone on with. */
  async #refuseChanged(file: string, committed: number | undefined): Promise<void> {
    const path = join(this.#folder, file);
    const found = await stat(path).catch(() => undefined);
    if (committed === undefined && found !== undefined) {
      throw unusable(`${path} exists and was not written by this connection.`);
    }
    if (committed !== undefined && (found?.size ?? 0) < committed) {
      throw unusable(`${path} is shorter than it was: rows already delivered are gone from it.`);
    }
  }
}

function targetOf(stream: StreamPlan): string {
  const file = fileName(stream.table);
  return stream.mode === "overwrite" ? `${file}.next` : file;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
