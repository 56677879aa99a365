import type { ColumnBatch, LoadRequest } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { CopyIn } from "./copy-in.ts";
import { Outbox } from "./outbox.ts";
import { columnAt, isConstraint, type Place, placeOf, reasonOf, refusesRows } from "./refusal.ts";
import { RowGroup, type RowScene } from "./row-group.ts";
import type { Target } from "./tables.ts";

/** A COPY takes so much, which bounds what is kept in memory to be written again. */
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ROWS = 100_000;

/** Rows that are always tried together first. */
const SMALLEST = 16;

const SAVEPOINT = "weir_rows";
const BACK = `ROLLBACK TO SAVEPOINT ${SAVEPOINT}; `;

export interface BatchLoadInput {
  readonly session: Session;
  readonly target: Target;
  readonly request: Pick<LoadRequest, "meta" | "reject">;
  /** COPY … FROM STDIN in text format. */
  readonly sql: string;
}

/** Rows of a group, by number; `to` is not among them. */
interface Range {
  readonly from: number;
  readonly to: number;
}

interface Refused {
  readonly error: unknown;
  /** Rows whose lines were sent, in order. */
  readonly sent: readonly number[];
}

/**
 * Loads column batches by COPY. Rows go in groups, each after a savepoint. When the server refuses a group, the rows
 * before the one it names are written first, that one is mended or rejected, and the rest follows; without a name the
 * group is halved until one row is left.
 */
export class BatchLoad {
  received = 0;
  written = 0;
  rejected = 0;
  changed = 0;
  readonly #input: BatchLoadInput;
  readonly #scene: RowScene;
  readonly #out = new Outbox();
  #group: RowGroup | undefined;
  /** Statements before the next COPY. */
  #prelude = `SAVEPOINT ${SAVEPOINT}; `;

  constructor(input: BatchLoadInput) {
    this.#input = input;
    const { session, target, request } = input;
    this.#scene = { target, meta: request.meta, version: session.version };
  }

  async add(batch: ColumnBatch): Promise<void> {
    if (batch.rows === 0) return;
    this.#group ??= new RowGroup(this.#scene, this.received);
    this.#group.add(batch);
    this.received += batch.rows;
    if (this.#group.bytes >= GROUP_BYTES || this.#group.rows >= GROUP_ROWS) await this.flush();
  }

  /** Writes what was added. */
  async flush(): Promise<void> {
    const group = this.#group;
    if (group === undefined) return;
    this.#group = undefined;
    const ranges: Range[] = [{ from: 0, to: group.rows }];
    // Where many rows are refused, small pieces go: what follows a refused row was sent for nothing.
    let size = group.rows;
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const piece = { from: range.from, to: Math.min(range.to, range.from + size) };
      if (piece.to < range.to) ranges.push({ from: piece.to, to: range.to });
      const refused = await this.#copy(group, piece);
      if (refused === undefined) {
        size = Math.min(2 * size, group.rows);
        continue;
      }
      const place = placeOf(refused.error, this.#input.target.load.name);
      size = Math.max(SMALLEST, place === undefined ? Math.floor(size / 4) : 2 * place.line);
      // The last range is the next one.
      const divided = await this.#divide(group, piece, refused, place);
      ranges.push(...divided.filter(({ from, to }) => from < to));
    }
    if (this.#prelude === BACK) {
      await this.#input.session.query(BACK);
      this.#prelude = "";
    }
    this.changed += group.changed.size;
  }

  /** One COPY of some rows of a group. Returns what the server refused; nothing of the range is written then. */
  async #copy(group: RowGroup, range: Range): Promise<Refused | undefined> {
    const { session, sql } = this.#input;
    const out = this.#out;
    const sent: number[] = [];
    let copy: CopyIn | undefined;
    try {
      for (let row = range.from; row < range.to; row++) {
        if (group.rejected.has(row)) continue;
        const line = group.line(row);
        if (typeof line === "object" && "refused" in line) {
          await this.#reject(group, row, line.refused, REASONS[line.refused]);
          continue;
        }
        copy ??= await CopyIn.start(session, this.#prelude + sql);
        sent.push(row);
        if (typeof line === "string") out.text(line);
        else for (const part of line) out.text(part);
        if (out.isReady) await send(copy, out, false);
      }
      if (copy === undefined) return undefined;
      await send(copy, out, true);
      this.written += await copy.finish();
      this.#prelude = `RELEASE SAVEPOINT ${SAVEPOINT}; SAVEPOINT ${SAVEPOINT}; `;
      return undefined;
    } catch (error) {
      if (copy === undefined || !refusesRows(error)) {
        await copy?.abandon();
        throw error;
      }
      this.#prelude = BACK;
      out.clear();
      return { error, sent };
    }
  }

  /** The ranges to be written instead, the next one last. */
  async #divide(
    group: RowGroup,
    { from, to }: Range,
    { error, sent }: Refused,
    place: Place | undefined,
  ): Promise<readonly Range[]> {
    const bad = place === undefined ? undefined : sent[place.line];
    if (place !== undefined && bad !== undefined) {
      const names = this.#input.target.columns.map(({ name }) => name);
      const column = columnAt(place, names);
      const before = { from, to: bad };
      if (column !== undefined && group.nullOut(bad, column)) return [{ from: bad, to }, before];
      // A row too large for a page is found when others are written with it, so that the line may be another's.
      if (sent.length > 1 && !isConstraint(error)) {
        return [{ from: bad + 1, to }, { from: bad, to: bad + 1 }, before];
      }
      await this.#reject(group, bad, "row_refused", reasonOf(error));
      return [{ from: bad + 1, to }, before];
    }
    const [only, second] = sent;
    if (only !== undefined && second === undefined) {
      await this.#reject(group, only, "row_refused", reasonOf(error));
      return [{ from: only + 1, to }];
    }
    const middle = sent[Math.ceil(sent.length / 2)] ?? to;
    return [
      { from: middle, to },
      { from, to: middle },
    ];
  }

  async #reject(group: RowGroup, row: number, what: string, reason: string): Promise<void> {
    group.changed.delete(row);
    group.rejected.add(row);
    this.rejected++;
    await this.#input.request.reject({ record: group.record(row), code: `destination.${what}`, reason });
  }
}

async function send(copy: CopyIn, out: Outbox, all: boolean): Promise<void> {
  const messages = out.take(all);
  if (messages.length === 0) return;
  await copy.send(messages);
  out.sent(messages);
}

const REASONS = {
  key_unfit:
    "A value of the primary key does not fit its column, so that the row cannot be told from others.",
  row_too_large: "The row is larger than the 1 GB that PostgreSQL takes at once.",
} as const;
