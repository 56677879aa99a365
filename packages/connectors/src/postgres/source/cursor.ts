import { WeirError } from "@weir/protocol";
import { identifier, literal } from "../quote.ts";
import type { SourceColumn } from "./catalog.ts";
import { nameOf } from "./catalog.ts";
import { mayDiffer } from "./blocks.ts";
import { writtenSince } from "./conditions.ts";
import { queryOnce } from "./copy.ts";
import { tooOld } from "./resume.ts";
import type { Selection } from "./select.ts";
import type { CursorState } from "./state.ts";
import type { StreamScene } from "./scene.ts";
import { canBeCursor, endless } from "./types.ts";
import { outputText } from "./wire.ts";

/** The cursor column of a stream, or what is wrong with it. */
export function cursorColumn({ configured, relation, stream }: StreamScene): SourceColumn {
  const path = configured.cursor_field ?? configured.stream.default_cursor_field ?? [];
  const column = relation.columns.find(({ name }) => name === path[0]);
  if (path.length === 1 && column !== undefined && canBeCursor(column.type)) return column;
  const usable = relation.columns.filter(({ type }) => canBeCursor(type)).map(({ name }) => name);
  const problem =
    path.length === 0
      ? "An incremental sync by cursor needs a cursor column."
      : column === undefined
        ? `There is no column ${path.join(".")} to be the cursor.`
        : `The column ${column.name} (${column.type.full}) has no order a cursor could follow.`;
  throw new WeirError({
    code: "source.cursor_unusable",
    message: problem,
    next: `Set cursor_field to one of: ${usable.join(", ") || "(no column can be one)"}; or use replication_method xmin.`,
    recovery: "ask",
    origin: "source",
    stream,
  });
}

/** Why a cursor state cannot be continued with this column. */
export function cursorRestart(state: CursorState, column: SourceColumn): string | undefined {
  if (state.column !== column.name) return `the cursor was ${state.column} and is ${column.name} now`;
  return sameOrder(state.type, column.type.base)
    ? undefined
    : `the cursor's type was ${state.type} and is ${column.type.base} now`;
}

const NUMBERS = new Set(["int2", "int4", "int8", "oid", "numeric"]);
const TEXTS = new Set(["text", "varchar"]);

/** Columns are often widened; the order of the values stays. */
function sameOrder(before: string, after: string): boolean {
  return before === after || [NUMBERS, TEXTS].some((types) => types.has(before) && types.has(after));
}

export interface CursorPart {
  readonly selection: Selection;
  /** The state once the part is committed. */
  readonly state: CursorState;
}

/** The state of a load that has delivered all that the snapshot sees. */
export async function cursorAfterLoad(
  scene: StreamScene,
  column: SourceColumn,
  signal: AbortSignal,
): Promise<CursorState> {
  const { snapshot } = scene;
  const sql = `SELECT (${greatest(scene, column, [])}) AS value`;
  const [row] = await queryOnce<{ value: string | null }>(snapshot, sql, guarded(scene, signal));
  return withTies(
    scene,
    column,
    { kind: "cursor", ...about(column), value: row?.value ?? null, snapshot: snapshot.at, more: false },
    signal,
  );
}

/** Parts in the order of the cursor; none when nothing is new. */
export async function* cursorParts(
  scene: StreamScene,
  column: SourceColumn,
  state: CursorState,
  signal: AbortSignal,
): AsyncGenerator<CursorPart> {
  const { snapshot, leaves } = scene;
  // No transaction has begun since, and nobody was writing then. What a view shows may depend on anything.
  if (scene.heap && !state.more && state.ties === undefined && !mayDiffer(state.snapshot, snapshot.at))
    return;
  const past = state.value === null ? undefined : constant(state.value, column);
  const late = lateRows(scene, column, state, past);
  const fresh =
    past === undefined ? `${identifier(column.name)} IS NOT NULL` : `${identifier(column.name)} > ${past}`;
  const finite = endlessCondition(scene, column, "<");
  const sql = `SELECT (${greatest(scene, column, [fresh])}) AS value, ${late.exists} AS late`;
  const [row] = await queryOnce<{ value: string | null; late: string | null }>(
    snapshot,
    sql,
    guarded(scene, signal),
  );
  const top = row?.value ?? null;
  const aged = scene.heap && tooOld(state.snapshot, snapshot.at) !== undefined;
  if (top === null && row?.late !== "t" && !aged) return;

  const selection = (conditions: readonly string[]): Selection => ({
    pieces: [{ from: nameOf(scene.relation), conditions }],
    leaves: leaves.list,
  });
  const reached = (value: string | null, more: boolean): CursorState => ({
    kind: "cursor",
    ...about(column),
    value,
    snapshot: snapshot.at,
    more,
  });
  let from = past;
  let lower = [fresh, ...finite];
  // Late rows go with the first part; they are few, and their state must not move without them. Without any row a state
  // that cannot be compared is made anew: once this server's transactions have caught up, it would hide some of them.
  let extra = row?.late === "t" ? ` OR (${late.rows})` : "";
  for (;;) {
    const boundary = top === null ? undefined : await nextBoundary(scene, column, { from, top, signal });
    const value = boundary ?? top;
    const range =
      value === null
        ? "false"
        : [...lower, `${identifier(column.name)} <= ${constant(value, column)}`].join(" AND ");
    const final = boundary === undefined;
    const after = reached(value ?? state.value, !final);
    yield {
      selection: selection([`((${range})${extra})`]),
      state: final ? await withTies(scene, column, after, signal) : after,
    };
    if (final || value === null) return;
    from = constant(value, column);
    lower = [`${identifier(column.name)} > ${from}`, ...finite];
    extra = "";
  }
}

interface LateRows {
  /** Condition that finds them. */
  readonly rows: string;
  /** SQL that says whether there are any. */
  readonly exists: string;
}

/**
 * Rows at or above values the cursor has reached already: those equal to the last value, written after it was read, and
 * those holding infinity or NaN, which no cursor can pass. Tables tell by transaction which of them are new; elsewhere
 * all rows equal to the last value are read again when their number has changed.
 */
function lateRows(
  scene: StreamScene,
  column: SourceColumn,
  state: CursorState,
  past: string | undefined,
): LateRows {
  const name = identifier(column.name);
  const from = nameOf(scene.relation);
  if (!scene.heap || state.ties !== undefined) {
    if (past === undefined) return { rows: "false", exists: "false" };
    const count = `(SELECT pg_catalog.count(*) FROM ${from} WHERE ${name} = ${past})`;
    return { rows: `${name} = ${past}`, exists: `${count} <> ${state.ties ?? -1}` };
  }
  const above = endlessCondition(scene, column, ">=");
  const reached = [...(past === undefined ? [] : [`${name} = ${past}`]), ...above];
  if (reached.length === 0) return { rows: "false", exists: "false" };
  const aged = tooOld(state.snapshot, scene.snapshot.at) !== undefined;
  const rows = `(${reached.join(" OR ")})${aged ? "" : ` AND ${writtenSince(state.snapshot)}`}`;
  return { rows, exists: `EXISTS (SELECT FROM ${from} WHERE ${rows})` };
}

/** Subquery for the text of the greatest value that has a successor. */
function greatest(scene: StreamScene, column: SourceColumn, conditions: readonly string[]): string {
  const name = identifier(column.name);
  const where = [`${name} IS NOT NULL`, ...endlessCondition(scene, column, "<"), ...conditions];
  // ORDER BY LIMIT 1 instead of max(): it knows every type with an order, and keeps the column's own collation.
  return textOf(scene, column, `WHERE ${where.join(" AND ")} ORDER BY ${name} DESC LIMIT 1`);
}

/** Its text is made outside: ORDER BY would take a text named like the column for the column. */
function textOf({ relation }: StreamScene, column: SourceColumn, rest: string): string {
  const name = identifier(column.name);
  return `SELECT ${outputText(name, column.type)} FROM (SELECT ${name} FROM ${nameOf(relation)} ${rest}) AS one`;
}

/**
 * The value at which the next part ends, inclusive, so that equal values never lie in two parts; undefined when the rest
 * fits in one. Without an index each boundary would cost a sort of the table, so there is one part.
 */
async function nextBoundary(
  scene: StreamScene,
  column: SourceColumn,
  {
    from,
    top,
    signal,
  }: { readonly from: string | undefined; readonly top: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (!scene.indexed || !scene.heap) return undefined;
  const name = identifier(column.name);
  const upper = constant(top, column);
  const where = [`${name} < ${upper}`, ...(from === undefined ? [] : [`${name} > ${from}`])].join(" AND ");
  const rest = `WHERE ${where} ORDER BY ${name} OFFSET ${rowsPerPart(scene) - 1} LIMIT 1`;
  const sql = `SELECT (${textOf(scene, column, rest)}) AS value`;
  const [row] = await queryOnce<{ value: string | null }>(scene.snapshot, sql, guarded(scene, signal));
  return row?.value ?? undefined;
}

/** By the server's estimate of how wide a row is. */
function rowsPerPart({ leaves, partBytes }: StreamScene): number {
  const bytes = leaves.list.reduce((sum, leaf) => sum + leaf.bytes, 0);
  const rows = leaves.list.reduce((sum, leaf) => sum + leaf.rows, 0);
  const width = rows === 0 ? 256 : Math.max(16, bytes / rows);
  return Math.min(10_000_000, Math.max(1_000, Math.floor(partBytes / width)));
}

async function withTies(
  scene: StreamScene,
  column: SourceColumn,
  state: CursorState,
  signal: AbortSignal,
): Promise<CursorState> {
  if (scene.heap || state.value === null) return state;
  const sql = `SELECT pg_catalog.count(*) AS ties FROM ${nameOf(scene.relation)}
 WHERE ${identifier(column.name)} = ${constant(state.value, column)}`;
  const [row] = await queryOnce<{ ties: string }>(scene.snapshot, sql, guarded(scene, signal));
  return { ...state, ties: Number(row?.ties ?? 0) };
}

function endlessCondition(
  { snapshot }: StreamScene,
  column: SourceColumn,
  operator: "<" | ">=",
): readonly string[] {
  const value = endless(column.type, snapshot.version);
  return value === undefined ? [] : [`${identifier(column.name)} ${operator} ${value}`];
}

function about(column: SourceColumn): { readonly column: string; readonly type: string } {
  return { column: column.name, type: column.type.base };
}

/** Cursor types are the server's own, so their names need no schema but pg_catalog. */
function constant(value: string, column: SourceColumn): string {
  return `${literal(value)}::pg_catalog.${column.type.base}`;
}

function guarded(
  { stream, leaves }: StreamScene,
  signal: AbortSignal,
): { readonly stream: string; readonly leaves: StreamScene["leaves"]["list"]; readonly signal: AbortSignal } {
  return { stream, leaves: leaves.list, signal };
}
