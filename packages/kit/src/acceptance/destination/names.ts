import type { ConfiguredStream, FieldKind, JsonObject } from "@weir/protocol";
import { expectEqual } from "../expect.ts";
import { skip } from "../row.ts";
import { wentWell } from "../run-command.ts";
import type { DestinationScene } from "./scene.ts";

/** Names that have to be quoted, folded, shortened or escaped somewhere. */
const HARD_STREAMS = [
  "camelCase",
  "ALLCAPS",
  "café",
  "plus+1",
  "1leading_digit",
  "with space",
  'double"quote',
  "single'quote",
  "dot.dash-slash/",
  "groups",
  "percent%20",
  "semi;colon",
  "back\\slash",
] as const;

const HARD_FIELDS = [
  "id",
  "order",
  "Foo.Bar",
  "with space",
  'double"quote',
  "single'quote",
  "1leading",
  "émigré",
  "dollar$sign",
  "UPPER",
  "a-b",
] as const;

/** For destinations that keep every name as it is: what they may never stop doing. */
export const plainIdentifiers: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  HARD_STREAMS.map((name) => [name, HARD_FIELDS]),
);

const HARD_NAMESPACE = "ns-ø space";

const VALUE = "foo\nbar";

export async function namespacesApart(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const name = scene.name("same");
  const streams = [undefined, scene.name("first"), scene.name("second")].map((namespace) =>
    scene.stream(name, { id: "integer" }, { namespace }),
  );
  const messages = streams.flatMap((stream, id) => [scene.record(stream, { id }), scene.complete(stream)]);
  wentWell(await scene.write(streams, messages), "write");
  for (const [id, stream] of streams.entries()) await scene.expectRows(stream, [{ id }]);
  return { namespaces: streams.length };
}

function hardStreams(scene: DestinationScene, mode: "append" | "append_dedup"): readonly ConfiguredStream[] {
  const kinds = HARD_FIELDS.map((name): readonly [string, FieldKind] => [
    name,
    name === "id" ? "integer" : "string",
  ]);
  return HARD_STREAMS.map((name) =>
    scene.stream(name, Object.fromEntries(kinds), {
      namespace: `${HARD_NAMESPACE} ${scene.name(mode)}`,
      mode,
      key: mode === "append_dedup" ? ['double"quote'] : [],
      ...(mode === "append_dedup" ? { cursor: "Foo.Bar" } : {}),
    }),
  );
}

function hardRecord(cursor: string): JsonObject {
  const texts = HARD_FIELDS.slice(1).map((name) => [name, name === "Foo.Bar" ? cursor : VALUE]);
  return { id: 1, ...(Object.fromEntries(texts) as JsonObject) };
}

export async function hardNames(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const modes = scene.subject.behaviour.modes.filter((mode) => mode !== "overwrite");
  for (const mode of modes) {
    const streams = hardStreams(scene, mode);
    const messages = streams.flatMap((stream) => [
      scene.record(stream, hardRecord("b")),
      ...(mode === "append_dedup" ? [scene.record(stream, hardRecord("a"))] : []),
      scene.complete(stream),
    ]);
    wentWell(await scene.write(streams, messages), `write by ${mode}`);
    for (const stream of streams) await scene.expectRows(stream, [hardRecord("b")], `${mode}: rows`);
  }
  return { modes, streams: HARD_STREAMS.length, fields: HARD_FIELDS.length };
}

/** Columns of every hard name as they are now, for recording them. */
export async function identifiersOf(
  scene: DestinationScene,
): Promise<Readonly<Record<string, readonly string[]>>> {
  scene.needsRows();
  const streams = hardStreams(scene, "append");
  const messages = streams.flatMap((stream) => [
    scene.record(stream, hardRecord("b")),
    scene.complete(stream),
  ]);
  wentWell(await scene.write(streams, messages), "write");
  const found: Record<string, readonly string[]> = {};
  for (const stream of streams) {
    const [row] = (await scene.dump(stream)) ?? [];
    found[stream.stream.name] = Object.keys(row?.data ?? {}).toSorted();
  }
  return found;
}

export async function identifiersStay(scene: DestinationScene): Promise<JsonObject> {
  scene.needsRows();
  const { identifiers } = scene.subject;
  if (identifiers === undefined) skip("no identifiers were recorded for it");
  const now = await identifiersOf(scene);
  for (const name of HARD_STREAMS) {
    expectEqual(now[name], identifiers[name]?.toSorted(), `columns of the table of ${name}`);
  }
  return { streams: HARD_STREAMS.length };
}
