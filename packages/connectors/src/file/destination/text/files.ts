import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "@weir/kit";
import type { RowMeta } from "@weir/protocol";
import { endingOf, type FileSettings } from "../config.ts";
import { dataFileName, HIDDEN_SUFFIX, partitionFolder } from "../names.ts";
import type { Target, WrittenFile } from "../target.ts";
import type { LineFormat, TextRow } from "./lines.ts";
import { OutFile } from "./out-file.ts";

/** Files open at once in one transaction: each gathers 128 KB, and a compressor takes some megabytes more. */
const MAX_OPEN = { none: 64, compressed: 12 } as const;

interface Open {
  readonly file: OutFile;
  readonly written: WrittenFile;
}

/** The files of one transaction, one for each stream and partition at a time. */
export class TextFiles {
  readonly #folder: string;
  readonly #settings: FileSettings;
  readonly #format: LineFormat;
  /** Those used last come last. */
  readonly #open = new Map<string, Open>();
  readonly #ended: WrittenFile[] = [];
  readonly #max: number;
  #count = 0;

  constructor(folder: string, settings: FileSettings, format: LineFormat) {
    this.#folder = folder;
    this.#settings = settings;
    this.#format = format;
    this.#max = settings.compression === "none" ? MAX_OPEN.none : MAX_OPEN.compressed;
  }

  async add(target: Target, meta: RowMeta, row: TextRow): Promise<void> {
    const { columns, partition } = target;
    const folder =
      partition.length === 0
        ? ""
        : partitionFolder(
            partition.map((index) => columns[index]?.name ?? ""),
            partition.map((index) => row.values[index] ?? null),
          );
    const key = `${target.plan.key}\n${folder}`;
    const open = this.#open.get(key) ?? (await this.#start(key, folder, target, meta));
    if (partition.length > 0) {
      this.#open.delete(key);
      this.#open.set(key, open);
    }
    await open.file.write(this.#format.line(row.meta, row.values, columns));
    if (open.file.bytes >= this.#settings.fileBytes) await this.#end(key, open);
  }

  async end(): Promise<readonly WrittenFile[]> {
    for (const [key, open] of this.#open) await this.#end(key, open);
    await syncFolder(this.#folder);
    for (const folder of new Set(this.#ended.map(({ path }) => dirname(path)))) await syncFolder(folder);
    return this.#ended;
  }

  async discard(): Promise<void> {
    for (const { file } of this.#open.values()) await file.discard();
    this.#open.clear();
  }

  async #start(key: string, partition: string, target: Target, meta: RowMeta): Promise<Open> {
    const [oldest] = this.#open;
    if (this.#open.size >= this.#max && oldest !== undefined) await this.#end(...oldest);
    this.#count += 1;
    const name = dataFileName(
      { generation: meta.generation, sync: meta.sync },
      meta.rawIdPrefix.toLowerCase(),
      `${crypto.randomUUID().slice(0, 8)}${endingOf(this.#settings)}`,
    );
    const path = join(this.#folder, `${this.#count}${HIDDEN_SUFFIX}`);
    await mkdir(dirname(path), { recursive: true });
    const file = await OutFile.open(path, this.#settings.compression);
    const open = { file, written: { target, path, partition, name } };
    this.#open.set(key, open);
    await file.write(this.#format.header(target.columns));
    return open;
  }

  async #end(key: string, { file, written }: Open): Promise<void> {
    // Out of the way first: a file that fails to end is closed all the same.
    this.#open.delete(key);
    await file.end();
    this.#ended.push(written);
  }
}
