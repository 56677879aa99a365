import { recordSource, type RecordStep, type Static, Type } from "@weir/kit";
import { type JsonValue, stringifyJson } from "@weir/protocol";
import { fetchRows } from "./fetch.ts";
import { inferFields } from "./fields.ts";
import { compareCursors, newerRows } from "./cursor.ts";

const config = Type.Object({
  url: Type.String({
    title: "URL",
    description: "Answers a GET request with a JSON array of objects.",
    examples: ["https://api.example.com/orders"],
    format: "uri",
    pattern: "^https?://",
    order: 0,
  }),
  token: Type.Optional(
    Type.String({
      title: "Token",
      description: "Sent as Authorization: Bearer <token>.",
      airbyte_secret: true,
      minLength: 1,
      order: 1,
    }),
  ),
  stream: Type.String({
    title: "Stream",
    description: "Name of the stream, and so of the table.",
    default: "items",
    examples: ["orders"],
    minLength: 1,
    order: 2,
  }),
  primary_key: Type.Array(Type.String({ minLength: 1 }), {
    title: "Primary key",
    description: "Fields that tell rows apart.",
    default: [],
    examples: [["id"]],
    order: 3,
  }),
  cursor: Type.Optional(
    Type.String({
      title: "Cursor",
      description:
        "A field that is greater in every new or changed row than in all before. Enables incremental syncs.",
      examples: ["updated_at"],
      minLength: 1,
      order: 4,
    }),
  ),
  cursor_parameter: Type.Optional(
    Type.String({
      title: "Cursor parameter",
      description:
        "Query parameter that carries the greatest cursor seen, where the server can filter by it.",
      examples: ["updated_after"],
      minLength: 1,
      order: 5,
    }),
  ),
});

type Config = Static<typeof config>;

/** Rows between two checkpoints. */
const ROWS_PER_STATE = 5000;

export const source = recordSource({
  id: "source-http-json",
  title: "JSON over HTTP",
  config,
  streams: async ({ stream, primary_key, cursor }) => [
    {
      name: stream,
      primaryKey: primary_key,
      cursor,
      fields: async (settings, { signal }) => {
        const needed = cursor === undefined ? primary_key : [...primary_key, cursor];
        return inferFields(await fetchRows(request(settings, null), signal), needed);
      },
      read: ({ config: settings, state, signal }) => readRows(settings, state, signal),
    },
  ],
});

async function* readRows(
  settings: Config,
  state: JsonValue,
  signal: AbortSignal,
): AsyncGenerator<RecordStep> {
  const { cursor } = settings;
  const rows = await fetchRows(request(settings, state), signal);
  if (cursor === undefined) {
    for (const record of rows) yield { record };
    return;
  }
  let reached = state;
  let sinceState = 0;
  for (const record of newerRows(rows, cursor, state)) {
    const value = record[cursor] ?? null;
    // Not between two rows of one cursor value: the second would be left out of the next read.
    if (sinceState >= ROWS_PER_STATE && compareCursors(value, reached) > 0) {
      yield { state: reached };
      sinceState = 0;
    }
    yield { record };
    reached = value;
    sinceState += 1;
  }
  yield { state: reached };
}

function request({ url, token, cursor_parameter }: Config, state: JsonValue): Request {
  const target = new URL(url);
  if (cursor_parameter !== undefined && state !== null) {
    target.searchParams.set(cursor_parameter, typeof state === "string" ? state : stringifyJson(state));
  }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Request(target, { headers: { accept: "application/json", ...authorization } });
}
