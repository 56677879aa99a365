import type { MemoryRow } from "@weir/kit/testing";
import type { SyncMode } from "../../src/index.ts";
import type { World } from "./world.ts";

/** What was asked for a stream and not yet seen to happen in a sync that succeeded. */
interface Asked {
  /** Rows may be replaced: by a refresh, or by a mode that does so. */
  replace: boolean;
  retain: boolean;
  clear: boolean;
  /** Something changed since its last success that makes it be read again. */
  disturbed: boolean;
  /** Syncs that ended, or were given a successor, without success since then. */
  ended: number;
}

export interface Order {
  readonly refresh: readonly { readonly stream: string; readonly retain: boolean }[];
  readonly clear: readonly string[];
}

/** Follows a world and says after each sync that succeeded what its tables must hold. */
export class Oracle {
  readonly #world: World;
  readonly #asked = new Map<string, Asked>();
  /** Rows each table had after the last success of its stream. */
  readonly #before = new Map<string, readonly MemoryRow[]>();
  readonly #modes = new Map<string, SyncMode>();
  /** Streams of a sync that may still go on under its number. */
  #open: readonly string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Before a sync. */
  asks(order: Order): void {
    if (order.refresh.length + order.clear.length > 0) this.failed();
    this.#open = [...new Set([...this.#open, ...this.#world.selections.map(({ name }) => name)])];
    for (const { name, mode } of this.#world.selections) {
      const asked = this.#askedOf(name);
      if (this.#modes.has(name) && this.#modes.get(name) !== mode) asked.disturbed = true;
      this.#modes.set(name, mode);
      if (mode !== "full_refresh_append" && mode !== "incremental_append") asked.replace = true;
      for (const { stream, retain } of order.refresh) {
        if (stream !== name && stream !== "*") continue;
        asked.disturbed = true;
        if (retain) asked.retain = true;
        else asked.replace = true;
      }
      if (order.clear.some((stream) => stream === name || stream === "*"))
        asked.clear = asked.disturbed = true;
    }
    for (const [name, { selected }] of this.#world.choices)
      if (!selected && this.#shared) this.#askedOf(name).disturbed = true;
  }

  /** The user sent the rows of every stream elsewhere. A sync that failed may have replaced those left behind. */
  moved(from: string): void {
    for (const name of this.#world.choices.keys()) {
      const asked = this.#askedOf(name);
      asked.disturbed = true;
      const table = from + name;
      if (asked.replace || asked.clear) this.#before.set(table, this.#world.destination.rows(table));
    }
  }

  /** After a sync that failed for good: the next one has another number. */
  failed(): void {
    for (const name of this.#open) this.#askedOf(name).ended += 1;
    this.#open = [];
  }

  /** After a sync that succeeded: everything that is wrong. */
  complaints(order: Order): readonly string[] {
    const { selections } = this.#world;
    const away = this.#open.filter((name) => !selections.some((each) => each.name === name));
    for (const name of away) this.#askedOf(name).ended += 1;
    this.#open = [];
    return selections.flatMap(({ name }) => {
      const rows = this.#world.destination.rows(this.#world.prefix + name);
      const wrong = this.#wrong(name, rows, order);
      this.#before.set(this.#world.prefix + name, rows);
      this.#asked.delete(name);
      return wrong === undefined ? [] : [`${name}: ${wrong}`];
    });
  }

  /** Streams that are away while a full read of them is half done: what they hold then is the source's own promise. */
  get halfRead(): ReadonlySet<string> {
    return new Set(
      [...this.#asked.keys()].filter(
        (name) =>
          this.#world.choices.get(name)?.selected === false &&
          this.#modes.get(name)?.startsWith("full") === true,
      ),
    );
  }

  get #shared(): boolean {
    const { form } = this.#world.kind;
    return form !== "parts" && form !== "STREAM";
  }

  #askedOf(name: string): Asked {
    const asked = this.#asked.get(name) ?? {
      replace: false,
      retain: false,
      clear: false,
      disturbed: false,
      ended: 0,
    };
    this.#asked.set(name, asked);
    return asked;
  }

  #wrong(name: string, rows: readonly MemoryRow[], order: Order): string | undefined {
    const asked = this.#askedOf(name);
    const clearedNow = order.clear.some((stream) => stream === name || stream === "*");
    const refreshedNow = order.refresh.find(({ stream }) => stream === name || stream === "*");
    if (clearedNow) return rows.length === 0 ? undefined : `${rows.length} rows after a clear`;
    if (asked.clear && refreshedNow === undefined && rows.length === 0) return undefined;
    const mode = this.#modes.get(name);
    const deduped = mode?.endsWith("_deduped") === true;
    if (deduped || (mode === "full_refresh_overwrite" && !asked.retain)) {
      return this.#notEqual(name, rows, mode !== "incremental_append_deduped" && !asked.retain);
    }
    return this.#appendedWrong(name, rows, refreshedNow !== undefined && !refreshedNow.retain);
  }

  /** The table holds each row of the source once, in its last version. */
  #notEqual(name: string, rows: readonly MemoryRow[], fieldsToo: boolean): string | undefined {
    const fields = fieldsToo ? this.#world.fieldsOf(name) : ["id", "v"];
    const text = (data: MemoryRow["data"]): string =>
      fields.map((field) => JSON.stringify(data[field] ?? null)).join(":");
    const there = rows.map(({ data }) => text(data));
    return difference(this.#world.rowsOf(name).map(text), this.#once(name, there));
  }

  /** Without transactions only a key keeps rows from standing twice. */
  #once(name: string, rows: readonly string[]): readonly string[] {
    const doubles =
      this.#world.kind.again === "not transactional" && !this.#modes.get(name)?.endsWith("_deduped");
    return doubles ? [...new Set(rows)] : rows;
  }

  /** One copy for this sync, and at most one for each that ended before without success. */
  #notCopied(source: readonly string[], fresh: readonly string[], ended: number): string | undefined {
    const copies = source.length === 0 ? 1 : Math.round(fresh.length / source.length);
    if (copies > 1 + ended) return `${copies} copies of all rows`;
    return difference(repeated(source, copies), fresh);
  }

  #appendedWrong(name: string, rows: readonly MemoryRow[], replaced: boolean): string | undefined {
    const asked = this.#askedOf(name);
    const text = ({ data }: Pick<MemoryRow, "data">): string => `${Number(data["id"])}:${Number(data["v"])}`;
    const source = this.#world.rowsOf(name).map((data) => text({ data }));
    const there = new Set(rows.map(text));
    const lost = source.filter((row) => !there.has(row));
    if (lost.length > 0) return `lost ${lost.join(" ")}`;
    if (replaced) return difference(source, this.#once(name, rows.map(text)));
    const before = this.#before.get(this.#world.prefix + name) ?? [];
    const kept = new Set(rows.map(({ rawId }) => rawId));
    const gone = before.filter(({ rawId }) => !kept.has(rawId));
    if (gone.length > 0 && !asked.replace && !asked.clear) return `dropped ${gone.map(text).join(" ")}`;
    if (asked.disturbed || this.#world.kind.again !== undefined) return undefined;
    const old = new Set(before.map(({ rawId }) => rawId));
    const fresh = rows.filter(({ rawId }) => !old.has(rawId)).map(text);
    if (this.#modes.get(name) === "full_refresh_append") return this.#notCopied(source, fresh, asked.ended);
    const twice = fresh.filter(
      (row, at) => fresh.indexOf(row) !== at || before.some((each) => text(each) === row),
    );
    return twice.length === 0 ? undefined : `doubled ${twice.join(" ")}`;
  }
}

function repeated(items: readonly string[], times: number): readonly string[] {
  return Array.from({ length: times }, () => items).flat();
}

function difference(expected: readonly string[], actual: readonly string[]): string | undefined {
  const missing = without(expected, actual);
  const extra = without(actual, expected);
  if (missing.length + extra.length === 0) return undefined;
  return `missing [${missing.join(" ")}], too many [${extra.join(" ")}]`;
}

/** Items of the first that are not in the second, each as often as it is there too often. */
function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return items.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}
