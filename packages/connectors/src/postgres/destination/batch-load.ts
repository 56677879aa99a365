import type { ColumnBatch, LoadRequest } from "@weir/protocol";
import type { Session } from "../connection.ts";
import { CopyIn } from "./copy-in.ts";
import { Outbox } from "./outbox.ts";
import { columnAt, placeOf, reasonOf, refusesRows } from "./refusal.ts";
import { RowGroup, type RowScene } from "./row-group.ts";
import type { Target } from "./tables.ts";

/** A COPY takes so much, which bounds what is kept in memory to be written again. */
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ROWS = 100_000;

const SAVEPOINT = "weir_rows";

export interface BatchLoadInput {
  readonly session: Session;
  readonly target: Target;
  readonly request: Pick<LoadRequest, "meta" | "reject">;
  /** COPY … FROM STDIN in text format. */
  readonly sql: string;
}

interface Refused {
  readonly error: unknown;
  /** Rows whose lines were sent, in order. */
  readonly sent: readonly number[];
  /** Rows that were not looked at. */
  readonly left: readonly number[];
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
    const lists: (readonly number[])[] = [Array.from({ length: group.rows }, (_, row) => row)];
    for (let rows = lists.pop(); rows !== undefined; rows = lists.pop()) {
      const refused = await this.#copy(group, rows);
      // The last list is the next one.
      if (refused !== undefined) lists.push(...(await this.#divide(group, refused)));
    }
    this.changed += group.changed.size;
  }

  /** One COPY of some rows of a group. Returns what the server refused, nothing of which is written. */
  async #copy(group: RowGroup, rows: readonly number[]): Promise<Refused | undefined> {
    const { session, sql } = this.#input;
    const out = new Outbox();
    const sent: number[] = [];
    let copy: CopyIn | undefined;
    let looked = 0;
    try {
      for (const row of rows) {
        looked++;
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
      await session.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
      this.#prelude = "";
      return { error, sent, left: rows.slice(looked) };
    }
  }

  /** The lists to be written instead, the next one last. */
  async #divide(group: RowGroup, { error, sent, left }: Refused): Promise<readonly (readonly number[])[]> {
    const { load, columns } = this.#input.target;
    const place = placeOf(error, load.name);
    const bad = place === undefined ? undefined : sent[place.line];
    const [only] = sent;
    if (place !== undefined && bad !== undefined) {
      const before = sent.slice(0, place.line);
      const after = [...sent.slice(place.line + 1), ...left];
      const column = columnAt(
        place,
        columns.map(({ name }) => name),
      );
      if (column !== undefined && group.nullOut(bad, column)) return [[bad, ...after], before];
      // Alone it is refused once more, or it was not the row's fault.
      if (sent.length > 1) return [after, [bad], before];
    }
    if (sent.length === 1 && only !== undefined) {
      await this.#reject(group, only, "row_refused", reasonOf(error));
      return [left];
    }
    const middle = Math.ceil(sent.length / 2);
    return [[...sent.slice(middle), ...left], sent.slice(0, middle)];
  }

  async #reject(group: RowGroup, row: number, what: string, reason: string): Promise<void> {
    group.changed.delete(row);
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
