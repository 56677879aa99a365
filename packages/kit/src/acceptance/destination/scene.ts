import type {
  Change,
  ConfiguredStream,
  DestinationSyncMode,
  Field,
  FieldKind,
  JsonObject,
  Message,
  StateMessage,
} from "@weir/protocol";
import { fieldsOf, schemaOf, streamKey } from "@weir/protocol";
import { expect, expectSame } from "../expect.ts";
import { notApplicable } from "../row.ts";
import { ofType, type Ran, ran, silentContext, wentWell } from "../run-command.ts";
import { noSecrets } from "../spec-and-check.ts";
import { meaningOf } from "./meaning.ts";
import type { DestinationSubject, DumpedRow } from "./subject.ts";
import { Writing } from "./writing.ts";

export type Mode = DestinationSubject["behaviour"]["modes"][number];

export interface StreamOptions {
  readonly namespace?: string | undefined;
  readonly mode?: DestinationSyncMode | undefined;
  readonly key?: readonly string[] | undefined;
  readonly cursor?: string | undefined;
  readonly generation?: number | undefined;
  readonly minimum?: number | undefined;
  readonly sync?: number | undefined;
}

/** 2023-11-14T22:13:20Z; each record of a scene is a second later than the one before. */
const FIRST_EMITTED = 1_700_000_000_000;

/** What a row about a destination works with. Names of streams are its own, so that rows need no cleaning between. */
export class DestinationScene {
  readonly subject: DestinationSubject;
  readonly #row: string;
  #emitted = FIRST_EMITTED;

  constructor(subject: DestinationSubject, row: string) {
    this.subject = subject;
    this.#row = row.toLowerCase();
  }

  /** A name that no other row has. */
  name(of: string): string {
    return `${this.#row}_${of}`;
  }

  stream(
    name: string,
    fields: Readonly<Record<string, FieldKind>>,
    options: StreamOptions = {},
  ): ConfiguredStream {
    const { namespace, mode = "append", key = [], cursor, generation = 1, minimum = 0, sync = 1 } = options;
    const list = Object.entries(fields).map(([field, kind]): Field => ({ name: field, kind }));
    return {
      stream: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        json_schema: schemaOf(list),
        supported_sync_modes: ["full_refresh", "incremental"],
      },
      sync_mode: "full_refresh",
      destination_sync_mode: mode,
      ...(cursor === undefined ? {} : { cursor_field: [cursor] }),
      primary_key: key.map((field) => [field]),
      generation_id: generation,
      minimum_generation_id: minimum,
      sync_id: sync,
    };
  }

  record(stream: ConfiguredStream, data: JsonObject, changes: readonly Change[] = []): Message {
    const { name, namespace } = stream.stream;
    this.#emitted += 1000;
    return {
      type: "RECORD",
      record: {
        stream: name,
        namespace,
        data,
        emitted_at: this.#emitted,
        ...(changes.length === 0 ? {} : { meta: { changes } }),
      },
    };
  }

  state({ stream: { name, namespace } }: ConfiguredStream, at: number, recordCount: number): StateMessage {
    const stream_descriptor = namespace === undefined ? { name } : { name, namespace };
    const stream = { stream_descriptor, stream_state: { at } };
    return { type: "STATE", state: { type: "STREAM", stream, sourceStats: { recordCount } } };
  }

  complete({ stream: { name, namespace } }: ConfiguredStream): Message {
    const stream_descriptor = namespace === undefined ? { name } : { name, namespace };
    const stream_status = { stream_descriptor, status: "COMPLETE" } as const;
    return { type: "TRACE", trace: { type: "STREAM_STATUS", emitted_at: this.#emitted, stream_status } };
  }

  /** Every message, then the end of the input. */
  async write(streams: readonly ConfiguredStream[], messages: readonly Message[]): Promise<Ran> {
    const input = (async function* () {
      yield* messages;
    })();
    const { runner, config } = this.subject;
    const result = await ran(runner, { name: "write", config, catalog: { streams }, messages: input });
    noSecrets(result.messages, this.subject);
    return result;
  }

  /**
   * One sync of one stream: its records, a state, COMPLETE unless it is to be interrupted. The state must come back, as
   * only then the rows are durable. An interrupted one may end well or with an error.
   */
  async sync(
    stream: ConfiguredStream,
    records: readonly JsonObject[],
    options: { readonly interrupted?: boolean } = {},
  ): Promise<readonly StateMessage[]> {
    const result = await this.write(
      [stream],
      [
        ...records.map((data) => this.record(stream, data)),
        this.state(stream, records.length, records.length),
        ...(options.interrupted === true ? [] : [this.complete(stream)]),
      ],
    );
    if (options.interrupted !== true) wentWell(result, "write");
    const states = ofType(result.messages, "STATE");
    expect(states.length === 1, `${states.length} states came back, not the one that was sent`);
    return states;
  }

  /** A `write` whose input is given step by step. */
  start(streams: readonly ConfiguredStream[]): Writing {
    const { runner, config } = this.subject;
    return new Writing(
      (messages, signal) =>
        runner.run({ name: "write", config, catalog: { streams }, messages }, silentContext(signal)),
      runner.groups,
    );
  }

  needsRows(): void {
    if (this.subject.dump === undefined) notApplicable("nothing that was written can be read back");
  }

  needs(mode: Mode): void {
    if (!this.subject.behaviour.modes.includes(mode)) notApplicable(`it has no mode ${mode}`);
  }

  async dump(stream: ConfiguredStream): Promise<readonly DumpedRow[] | undefined> {
    this.needsRows();
    const { name, namespace } = stream.stream;
    return this.subject.dump?.(namespace === undefined ? { name } : { name, namespace });
  }

  /** A row's values by field, as texts that can be compared. */
  meanings(stream: ConfiguredStream, data: JsonObject, isDumped: boolean): JsonObject {
    const columnOf = this.subject.columnOf ?? ((field: string): string => field);
    return Object.fromEntries(
      fieldsOf(stream.stream.json_schema).map(({ name, kind }) => [
        name,
        meaningOf(data[isDumped ? columnOf(name) : name], kind),
      ]),
    );
  }

  /** The table holds these rows and no others. */
  async expectRows(
    stream: ConfiguredStream,
    records: readonly JsonObject[],
    what = "rows",
  ): Promise<readonly DumpedRow[]> {
    const rows = (await this.dump(stream)) ?? [];
    expectSame(
      rows.map(({ data }) => this.meanings(stream, data, true)),
      records.map((data) => this.meanings(stream, data, false)),
      `${what} of ${streamKey(stream.stream)}`,
    );
    const ids = new Set(rows.map(({ rawId }) => rawId));
    expect(ids.size === rows.length, `${streamKey(stream.stream)}: a raw id stands twice`);
    return rows;
  }
}
