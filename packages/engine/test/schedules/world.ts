import type { JsonObject, JsonValue, SourceConnector } from "@weir/protocol";
import type { Faults, MemoryDestination, MemoryStream } from "@weir/kit/testing";
import { memoryDestination, memorySource } from "@weir/kit/testing";
import type { StreamSelection, SyncMode } from "../../src/index.ts";
import { sourceAround } from "../around.ts";
import { failing } from "../scene.ts";
import type { Change } from "./log-source.ts";
import { changeSource } from "./log-source.ts";

/** How the source speaks; `log` is change data capture under a GLOBAL state. */
export const FORMS = ["parts", "STREAM", "GLOBAL", "LEGACY", "log"] as const;

export interface Kind {
  readonly form: (typeof FORMS)[number];
  /**
   * What makes rows come more than once: parts whose reader refuses its state now and then, a log whose last rows have
   * no state, a destination without transactions.
   */
  readonly again?: "restarts" | "tails" | "not transactional" | undefined;
}

const MODES: readonly SyncMode[] = [
  "full_refresh_append",
  "full_refresh_overwrite",
  "full_refresh_overwrite_deduped",
  "incremental_append",
  "incremental_append_deduped",
];

export type Random = () => number;

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to pick from.");
  return item;
}

/** What a user has chosen for a stream. */
export interface Choice {
  mode: SyncMode;
  fields: readonly string[] | undefined;
  selected: boolean;
}

/** A source whose rows change, a destination that outlives processes, and the choices of a user. */
export class World {
  readonly kind: Kind;
  readonly streams: readonly MemoryStream[];
  readonly choices = new Map<string, Choice>();
  readonly destination: MemoryDestination;
  prefix = "";
  readonly #random: Random;
  readonly #log: Change[] = [];
  #faults: Faults = () => undefined;
  #version = 0;

  constructor(kind: Kind, random: Random) {
    this.kind = kind;
    this.#random = random;
    this.streams = ["users", "orders", "items"].map((name) => this.#stream(name));
    for (const { name } of this.streams)
      this.choices.set(name, { mode: pick(random, MODES), fields: undefined, selected: random() < 0.7 });
    this.#selectOne();
    const parallel = 1 + Math.floor(random() * 4);
    const transactional = kind.again !== "not transactional";
    const faults: Faults = (point) => this.#faults(point);
    this.destination = memoryDestination({ transactional, parallel, csv: true, faults });
  }

  /** The source as one process sees it. */
  source(faults: Faults): SourceConnector {
    this.#faults = faults;
    const { streams } = this;
    const { form, again } = this.kind;
    if (form === "log") {
      return sourceAround(changeSource(streams, this.#log, again === "tails"), {
        messages: async function* (messages, signal) {
          for await (const message of messages(signal)) {
            const fault = faults("source.chunk");
            if (fault === "hang") await new Promise(() => {});
            if (fault !== undefined) throw fault instanceof Error ? fault : failing("retry", "source.gone");
            yield message;
          }
        },
      });
    }
    const memory = memorySource({
      streams,
      session: form,
      parallel: 3,
      csv: form === "parts",
      refuseState: (_stream, state) =>
        again === "restarts" && state !== null && this.#random() < 0.2 ? "It was rewritten." : undefined,
      faults,
    });
    return form === "LEGACY" ? incrementalStatesOnly(memory) : memory;
  }

  get selections(): readonly (StreamSelection & { readonly mode: SyncMode })[] {
    return [...this.choices].flatMap(([name, { mode, fields, selected }]) =>
      selected ? [{ name, mode, ...(fields === undefined ? {} : { fields }) }] : [],
    );
  }

  rowsOf(name: string): readonly JsonObject[] {
    return this.streams.find((stream) => stream.name === name)?.rows ?? [];
  }

  /** Fields a table of the stream should now have values in. */
  fieldsOf(name: string): readonly string[] {
    const offered =
      this.streams.find((stream) => stream.name === name)?.fields.map((field) => field.name) ?? [];
    const chosen = this.choices.get(name)?.fields;
    return offered.filter((field) => chosen === undefined || chosen.includes(field));
  }

  /** Rows come and change; none goes, as incremental syncs do not see that. */
  changeRows(except: ReadonlySet<string>): void {
    for (const stream of this.streams.filter(({ name }) => !except.has(name))) {
      const grown = Math.floor(this.#random() * 12);
      const rows = stream.rows.map((row) =>
        this.#random() < 0.1 ? this.#row(stream.name, Number(row["id"])) : row,
      );
      for (let at = 0; at < grown; at += 1) rows.push(this.#row(stream.name, rows.length));
      stream.rows = rows;
    }
  }

  /** Changes one choice of the user, or none. Returns what it was, for the story of a failed schedule. */
  changeChoice(): string {
    const name = pick(this.#random, [...this.choices.keys()]);
    const choice = this.choices.get(name);
    const stream = this.streams.find((each) => each.name === name);
    if (choice === undefined || stream === undefined) return "";
    const dice = this.#random();
    if (dice < 0.3) {
      choice.mode = pick(this.#random, MODES);
      return `${name} is ${choice.mode}`;
    }
    if (dice < 0.5) {
      choice.selected = !choice.selected;
      this.#selectOne();
      return `${name} is ${choice.selected ? "there" : "left out"}`;
    }
    if (dice < 0.65) {
      choice.fields = choice.fields === undefined ? ["id", "v"] : undefined;
      return `${name} has fields ${choice.fields?.join() ?? "all"}`;
    }
    if (dice < 0.75) {
      const noted = stream.fields.length > 2;
      stream.fields = noted
        ? stream.fields.slice(0, 2)
        : [...stream.fields, { name: "note", kind: "string" }];
      return `${name} ${noted ? "loses" : "gains"} a column`;
    }
    if (dice < 0.8) {
      this.prefix = this.prefix === "" ? "new_" : "";
      return `prefix is "${this.prefix}"`;
    }
    return "";
  }

  #selectOne(): void {
    const choices = [...this.choices.values()];
    if (!choices.some(({ selected }) => selected)) pick(this.#random, choices).selected = true;
  }

  #stream(name: string): MemoryStream {
    const rows = Array.from({ length: Math.floor(this.#random() * 30) }, (_, id) => this.#row(name, id));
    return {
      name,
      fields: [
        { name: "id", kind: "integer" },
        { name: "v", kind: "integer" },
        { name: "note", kind: "string" },
      ],
      rows,
      primaryKey: ["id"],
      cursor: "v",
    };
  }

  /** A new version of a row; versions ascend over all streams. */
  #row(stream: string, id: number): JsonObject {
    const v = ++this.#version;
    const row = { id, v, note: `${stream} ${id} ${v}` };
    this.#log.push({ lsn: v, stream, row });
    return row;
  }
}

/** A source that keeps one state for everything goes by it only where it reads incrementally. */
function incrementalStatesOnly(source: SourceConnector): SourceConnector {
  return sourceAround(source, {
    open: (open, request) => {
      const full = request.catalog.streams.filter(({ sync_mode }) => sync_mode === "full_refresh");
      const names = new Set(full.map(({ stream }) => stream.name));
      const only = (data: JsonValue): JsonValue =>
        Object.fromEntries(Object.entries(data as JsonObject).filter(([name]) => !names.has(name)));
      const state = request.state.map((item) =>
        item.type === "LEGACY" ? { ...item, data: only(item.data) } : item,
      );
      return open({ ...request, state });
    },
  });
}
