import { createHash } from "node:crypto";
import { join } from "node:path";
import type { StreamPlan } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

/** Bytes of one part of a path; common file systems take 255. */
const MAX_NAME = 200;

/** What Hive and its readers call a partition whose column is NULL. */
const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

/** What is not a letter, digit, `_` or `-` is written as `%` and hex; long texts end in a hash. */
export function encodeName(text: string): string {
  const clean = text.toWellFormed();
  const plain = encodeURIComponent(clean).replaceAll(/[.!~*'()]/g, hex);
  if (clean === text && plain.length <= MAX_NAME) return plain;
  const digest = createHash("sha256").update(text, "utf16le").digest("hex").slice(0, 16);
  return `${plain.slice(0, MAX_NAME - 17)}-${digest}`;
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Readers pass over names that begin with `_` or `.`. */
function shown(name: string): string {
  return name.replace(/^_/, hex);
}

/** Folder of a table: `orders`, `shop.orders`. */
export function tableFolder({ namespace, name }: StreamPlan["table"]): string {
  const parts = [namespace, name].filter((part) => part !== undefined && part !== "");
  const plain = parts.map((part) => encodeName(part ?? "")).join(".");
  if (plain.length <= MAX_NAME) return shown(plain === "" ? "%" : plain);
  const digest = createHash("sha256").update(plain).digest("hex").slice(0, 16);
  return shown(`${plain.slice(0, MAX_NAME - 17)}-${digest}`);
}

/** `country=DE/day=2024-01-01`; empty where nothing is partitioned. A null value is NULL. */
export function partitionFolder(columns: readonly string[], values: readonly (string | null)[]): string {
  return join(
    ...columns.map((column, index) => {
      const value = values[index] ?? null;
      if (value === null) return `${shown(encodeName(column))}=${NULL_PARTITION}`;
      // A text that looks like the name for NULL is told from it by its first letter.
      const text = encodeName(value);
      return `${shown(encodeName(column))}=${text === NULL_PARTITION ? shown(text) : text}`;
    }),
  ).replace(/^\.$/, "");
}

/** `g<generation>-s<sync>-<load>-<number>`: what became visible by which sync is told by the name alone. */
export interface FileLabel {
  readonly generation: number;
  readonly sync: number;
}

const FILE = /^g(\d+)-s(\d+)-[0-9a-f-]+\.(?:jsonl|csv|parquet)(?:\.gz|\.zst)?$/;

export function dataFileName({ generation, sync }: FileLabel, load: string, rest: string): string {
  return `g${generation}-s${sync}-${load}-${rest}`;
}

/** Undefined for a file that Weir did not write. */
export function labelOf(name: string): FileLabel | undefined {
  const match = FILE.exec(name);
  return match === null ? undefined : { generation: Number(match[1]), sync: Number(match[2]) };
}

export const HIDDEN_SUFFIX = ".part";

/** Name of a file that must not be found yet: patterns of some readers, `**\/*.csv*`, look into hidden folders too. */
export function hiddenName(name: string): string {
  return `${name.replaceAll(".", "~")}${HIDDEN_SUFFIX}`;
}

/** The name again; one that is not hidden stays. */
export function shownName(name: string): string {
  return name.endsWith(HIDDEN_SUFFIX) ? name.slice(0, -HIDDEN_SUFFIX.length).replaceAll("~", ".") : name;
}

export function refuseCollisions(streams: readonly StreamPlan[]): void {
  const owners = new Map<string, string>();
  for (const { table, key } of streams) {
    const folder = tableFolder(table).toLowerCase();
    const other = owners.get(folder);
    owners.set(folder, key);
    if (other === undefined || other === key) continue;
    throw namesCollide(`Streams ${other} and ${key} would both be written to the folder ${folder}`);
  }
}

export function namesCollide(message: string): WeirError {
  return new WeirError({
    code: "destination.names_collide",
    message: `${message}; many file systems ignore case in names.`,
    next: "Give one of them another namespace or prefix.",
    recovery: "ask",
    origin: "destination",
  });
}
